internal import JSON
internal import Signaling
internal import Synchronization
internal import Transfer

/// Tells the person who waits what happens at the room besides guests, each thing once.
final class RoomTeller: Sendable {
    private struct State {
        var code: RoomCode?
        var isServerLost = false
        var wrongLinks = 0
        var onToken: (@Sendable (RoomCode?, RoomToken?) -> Void)?
        var onCode: (@Sendable (RoomCode?) -> Void)?
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
    /// - Parameters:
    ///   - onToken: called whenever the room comes back, with what it needs to come back once more.
    ///   - onCode: called when it comes back under another code.
    func begin(
        _ code: RoomCode?, onToken: @escaping @Sendable (RoomCode?, RoomToken?) -> Void = { _, _ in },
        onCode: @escaping @Sendable (RoomCode?) -> Void
    ) {
        state.withLock { state in
            state.code = code
            state.onToken = onToken
            state.onCode = onCode
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
        case .wrongLink: tellWrongLink()
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
        case .serverBack(let code, let token): tellBack(code, token)
        }
    }

    /// Anybody who knows the room's name can come so, as often as it pleases: three lines say as much as a thousand.
    private func tellWrongLink() {
        let count = state.withLock { state in
            state.wrongLinks = min(state.wrongLinks + 1, Self.mostWrongLinks + 1)
            return state.wrongLinks
        }
        guard count <= Self.mostWrongLinks else { return }
        let last = count == Self.mostWrongLinks ? " No more is said of such visits." : ""
        console.say("Somebody came with a wrong link and was turned away.\(last) Still waiting.")
    }

    private static let mostWrongLinks = 3

    private func tellBack(_ code: RoomCode?, _ token: RoomToken?) {
        let (wasLost, onToken, onCode) = state.withLock { state in
            defer {
                state.isServerLost = false
                // Without a number for once, the code of before is still the one that people know.
                state.code = code ?? state.code
            }
            return (state.isServerLost, state.onToken, code == nil || state.code == code ? nil : state.onCode)
        }
        // On the disk before anybody is told.
        onToken?(code, token)
        if wasLost {
            console.event("server-back", [("number", code.map { .integer(Int64($0.number.value)) } ?? .null)])
            console.say("The server is back.")
        }
        onCode?(code)
    }

    /// A person hears of guesses even where nothing else is said.
    private func warn(_ text: String) {
        if !console.isJSON { console.warn(text) }
    }
}
