internal import JSON
internal import Synchronization

/// What is left out of folders, or called otherwise, told to whoever sends them: the first ones, since nobody reads a
/// thousand. Events have them all.
final class Notices: Sendable {
    static let mostTold = 20

    private let console: Console
    private let count = Mutex(0)

    init(on console: Console) {
        self.console = console
    }

    /// - Parameter sentence: fit to be shown.
    func tell(_ sentence: String) {
        console.event("notice", ["message": .string(sentence)])
        let number = count.withLock { count in
            count += 1
            return count
        }
        if number <= Self.mostTold || !console.facts.errorIsTerminal {
            console.say(sentence)
        } else if number == Self.mostTold + 1 {
            console.say("There is more of this kind, which is not listed here.")
        }
    }
}
