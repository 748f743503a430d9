import Chat
import Martlet
import Signaling
import Wire

/// A guest played by hand: says what the test wants, when it wants.
struct RawGuest {
    let peer: ChatPeer
    var pair: ChatPair

    /// Comes in, and says nothing.
    static func enter(_ world: TalkWorld) async throws -> ChatPeer {
        try await PeerConnector.join(.link(world.link), prepare: RoomChannels.make)
    }

    /// Comes in and begins the talk.
    ///
    /// - Parameter earlier: whose session it uses.
    init(_ world: TalkWorld, named name: String, as earlier: RawGuest? = nil) async throws {
        peer = try await Self.enter(world)
        pair = earlier?.pair ?? ChatPair(.answerer, introduces: true)
        var greeting = ChatGreeting(
            .answerer, name: name, agent: "", people: 2, session: pair.session, certificates: nil)
        while !greeting.isSettled {
            for message in try greeting.receive(try await next()) { try await say(message) }
        }
        pair.begin(greeting)
        while !pair.isOpen {
            try pair.receive(try await next(), at: .zero)
            while let message = pair.takeMessage(at: .zero) { try await say(message) }
        }
    }

    func next() async throws -> ChatMessage {
        var iterator = peer.channels.control.messages.makeAsyncIterator()
        guard case .text(let text) = try await iterator.next() else { throw ChatError.vanished }
        return try ChatMessage(text)
    }

    func say(_ message: ChatMessage) async throws {
        try await peer.channels.control.send(message.encoded)
    }

    /// The error with which the other side ends the connection.
    func refusal() async -> String? {
        while let message = try? await next() {
            if case .error(let code, _) = message { return code }
        }
        return nil
    }
}
