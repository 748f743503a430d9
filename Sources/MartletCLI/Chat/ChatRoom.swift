internal import Chat
internal import JSON
internal import NetworkIO
internal import Signaling
internal import Wire

/// A talk in a room of our own: prints the way to it, and serves whoever comes.
struct ChatRoom: Sendable {
    let options: ServerOptions
    let people: Int
    /// Speaks to a server that is not ours.
    let client: WebSocketClient
    let console: Console

    /// Guests that come while all places are taken are to hear that; they leave the room when they are connected.
    private static let visitors = 2

    func run(_ conversation: Conversation) async throws(CommandFailure) {
        try await MeetingServer.during(options) { meeting throws(CommandFailure) in
            try await serve(conversation, at: meeting)
        }
    }

    private func serve(_ conversation: Conversation, at meeting: MeetingServer) async throws(CommandFailure) {
        let place = meeting.freshPlace()
        let teller = RoomTeller(meeting.rendezvous, on: console)
        let room: HostedRoom
        do throws(PeerConnectorError) {
            room = try await PeerConnector.host(
                place, size: people + Self.visitors, over: client, onEvent: teller.tell)
        } catch { throw CommandFailure(error, by: .server(meeting.rendezvous)) }
        teller.begin(room.code) { code in
            invitation(place, code, at: meeting).showOtherCode(isSending: true, on: console)
        }
        invitation(place, room.code, at: meeting).show(isSending: true, options, on: console)
        let time = options.expire.duration
        console.event("waiting", [("seconds", .integer(time.components.seconds))])
        console.say("Waiting for somebody to come. (\(DurationText.text(time)); Ctrl-C ends it)")
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try await conversation.run(expiring: time) { (talk: ChatTalk) async throws(ChatError) in
                try await talk.host(room)
            }
        } catch { failure = error }
        await room.close()
        if let failure { throw failure }
    }

    private func invitation(_ place: RoomPlace, _ code: RoomCode?, at meeting: MeetingServer) -> Invitation {
        var invitation = meeting.invitation(place, code: code)
        invitation.verb = "chat"
        return invitation
    }
}
