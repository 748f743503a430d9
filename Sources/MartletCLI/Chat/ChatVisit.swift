internal import Chat
internal import Signaling
internal import Synchronization
internal import Transfer

/// A talk in somebody's room.
struct ChatVisit: Sendable {
    var entering: Entering<RoomChannels>

    func run(_ conversation: Conversation) async throws(CommandFailure) {
        let console = entering.console
        console.say("Connecting to \(Printable.line(entering.entrance.rendezvous.pageAddress, columns: 100)) …")
        var first = entering
        let (peer, looks) = try await first.enter()
        let entering = first
        let next = Mutex<ChatPeer?>(peer)
        try await conversation.run { (talk: ChatTalk) async throws(ChatError) in
            try await talk.visit { _ async throws(PeerConnectorError) in
                let ready = next.withLock { peer in
                    defer { peer = nil }
                    return peer
                }
                if let ready { return ready }
                return try await entering.connect(looks)
            }
        }
    }
}
