internal import JSON
internal import Signaling
internal import Synchronization
internal import Transfer

/// Tells the person who waits what happens at the room besides guests, each thing once.
final class RoomTeller: Sendable {
    private struct State {
        var number: RoomNumber?
        var isServerLost = false
        /// The server gave our room this number; the code is another one.
        var onNumber: (@Sendable (RoomNumber?) -> Void)?
    }

    private let console: Console
    private let server: String
    private let state = Mutex(State())

    init(_ server: Rendezvous, on console: Console) {
        self.server = Printable.line(server.address, columns: 100)
        self.console = console
    }

    /// The room is there.
    ///
    /// - Parameter onNumber: called when the room comes back under another number.
    func begin(_ number: RoomNumber?, onNumber: @escaping @Sendable (RoomNumber?) -> Void) {
        state.withLock { state in
            state.number = number
            state.onNumber = onNumber
        }
    }

    func tell(_ event: HostedRoomEvent) {
        switch event {
        case .wrongWords(let left):
            console.event("wrong-code", [("left", .integer(Int64(left)))])
            // With none left the end of the code is told.
            guard left > 0 else { return }
            let after = left == 1 ? "one more wrong try" : "\(left) more wrong tries"
            warn("Somebody tried the code with wrong words; after \(after) it is dead.")
        case .codeDead:
            console.event("code-dead")
            warn(
                "The code is dead: it was tried three times with wrong words, and nobody can use it any more. "
                    + "The link still works; the same command, started again, has a new code.")
        case .wrongLink: console.say("Somebody came with a wrong link and was turned away. Still waiting.")
        case .serverLost:
            guard
                state.withLock({ state in
                    defer { state.isServerLost = true }
                    return !state.isServerLost
                })
            else { return }
            console.event("server-lost", [("server", .string(server))])
            console.say(
                "The server \(server) is gone; waiting for it to come back. Whoever is connected already stays so.")
        case .serverBack(let number): tellBack(number)
        }
    }

    private func tellBack(_ number: RoomNumber?) {
        let (wasLost, onNumber) = state.withLock { state in
            defer {
                state.isServerLost = false
                state.number = number
            }
            return (state.isServerLost, state.number == number ? nil : state.onNumber)
        }
        if wasLost {
            console.event("server-back", [("number", number.map { .integer(Int64($0.value)) } ?? .null)])
            console.say("The server is back.")
        }
        onNumber?(number)
    }

    /// A person hears of guesses even where nothing else is said.
    private func warn(_ text: String) {
        if !console.isJSON { console.warn(text) }
    }
}
