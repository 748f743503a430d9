internal import JSON
internal import NetworkIO
internal import Signaling
internal import Wire

/// A room of our own for a receiver: prints the way to it, waits, and takes what the first who comes has to send, over
/// as many connections as it needs.
struct WaitingRoom: Sendable {
    let side: ReceivingSide
    let options: ServerOptions
    /// Speaks to a server that is not ours.
    let client: WebSocketClient
    let console: Console

    func run() async throws(CommandFailure) {
        try await MeetingServer.during(options) { meeting throws(CommandFailure) in
            try await serve(at: meeting)
        }
    }

    private func serve(at meeting: MeetingServer) async throws(CommandFailure) {
        let place = meeting.freshPlace()
        let teller = RoomTeller(meeting.rendezvous, on: console)
        let room: HostedRoom
        do throws(PeerConnectorError) {
            room = try await PeerConnector.host(place, size: 4, over: client, onEvent: teller.tell)
        } catch { throw CommandFailure(error, by: .server(meeting.rendezvous)) }
        teller.begin(room.code) { code in
            meeting.invitation(place, code: code).showOtherCode(isSending: false, on: console)
        }
        meeting.invitation(place, code: room.code).show(isSending: false, options, on: console)
        let time = DurationText.text(options.expire.duration)
        console.say("Waiting for somebody to come and send files. (\(time); Ctrl-C ends it)")
        console.event("waiting", [("seconds", .integer(options.expire.duration.components.seconds))])
        var failure: CommandFailure?
        do throws(CommandFailure) { try await serveGuests(of: room) } catch { failure = error }
        await room.close()
        if let failure { throw failure }
    }

    /// One after the other, until one transfer is through, or was accepted and failed for good.
    private func serveGuests(of room: HostedRoom) async throws(CommandFailure) {
        let reception = Reception(side, on: console)
        var deadline = NetworkLoop.shared.now().advanced(by: options.expire.duration)
        /// Somebody came and found no way: that tells more than that nobody came. Strangers with a wrong link do not
        /// count.
        var failure = CommandFailure(
            .nobodyCame, "Nobody came within \(DurationText.text(options.expire.duration)); the link is stale now.",
            remedy: "the same command again, with a longer --expire")
        while true {
            let remaining = NetworkLoop.shared.now().duration(to: deadline)
            guard let guest = try await Self.nextGuest(of: room, within: remaining) else { throw failure }
            let peer: TransferPeer
            do throws(PeerConnectorError) { peer = try await guest.connect(prepare: TransferChannels.make) } catch {
                let reason = CommandFailure(error)
                if reason.status == .interrupted { throw reason }
                console.say("\(reason.sentence) Still waiting.")
                if reason.status == .noPath, !reception.isAccepted { failure = reason }
                continue
            }
            switch await reception.receive(from: peer) {
            case .done: return
            case .failed(let reason): throw reason
            case .unused(let reason) where reason.status == .protocolMismatch:
                console.say("\(reason.sentence) Still waiting.")
            case .unused: console.say("The other side left before anything was accepted; the link still works.")
            case .lost(let reason):
                failure = reason
                deadline = NetworkLoop.shared.now().advanced(by: side.wait)
            }
        }
    }

    /// - Returns: nil when the time is over.
    private static func nextGuest(
        of room: HostedRoom, within limit: Duration
    ) async throws(CommandFailure) -> HostedGuest? {
        let outcome = await withTaskGroup(of: Result<HostedGuest?, PeerConnectorError>.self) { group in
            group.addTask {
                do throws(PeerConnectorError) { return .success(try await room.nextGuest()) } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .success(nil)
            }
            let first = await group.next() ?? .success(nil)
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw CommandFailure(PeerConnectorError.cancelled) }
        do throws(PeerConnectorError) { return try outcome.get() } catch { throw CommandFailure(error) }
    }
}
