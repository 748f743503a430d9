internal import JSON
internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Transfer

/// `martlet send`: a room, in which each receiver is served by itself, and again after it was lost.
struct SendingRoom: Sendable {
    let plan: SendingPlan
    let receiverCount: Int
    let wait: Duration
    let server: ServerOptions
    /// Speaks to a server that is not ours.
    let client: WebSocketClient
    let ticket: TransferTicket
    let hashes: HashStore?
    /// Asks about the words of each connection; nil does not.
    let words: WordsQuestion?
    let console: Console

    /// Folders that are looked through in this time need not be mentioned twice.
    private static let countPatience = Duration.milliseconds(40)

    func run() async throws(CommandFailure) {
        if !plan.list.counted.isComplete { try? await Task.sleep(for: Self.countPatience) }
        let isCounted = plan.list.counted.isComplete
        console.say(plan.summary)
        let meeting = try await MeetingServer.open(server, port: ticket.record?.port)
        var failure: CommandFailure?
        do throws(CommandFailure) { try await serve(at: meeting, isCounted: isCounted) } catch { failure = error }
        plan.list.release()
        await meeting.stop()
        if let failure { throw failure }
    }

    private func serve(at meeting: MeetingServer, isCounted: Bool) async throws(CommandFailure) {
        let keeper = ticket.keeper(port: meeting.port)
        let record = keeper.record
        let place = RoomPlace(
            rendezvous: meeting.rendezvous, room: record.room, secret: record.secret, words: record.words,
            number: record.number, token: record.token)
        let looks = LookCount(failed: record.failedLooks) { keeper.looked($0) }
        let teller = RoomTeller(meeting.rendezvous, on: console)
        let room: HostedRoom
        // Some more places than receivers: whoever comes back may meet what the old connection has left.
        do throws(PeerConnectorError) {
            room = try await PeerConnector.host(
                place, size: receiverCount + 1 + Self.spareCount, looks: looks, over: client, onEvent: teller.tell)
        } catch { throw CommandFailure(error, by: .server(meeting.rendezvous)) }
        let code = room.code
        keeper.given(code, room.token)
        teller.begin(
            code, onToken: { keeper.given($0, $1) },
            onCode: { meeting.invitation(place, code: $0).showOtherCode(isSending: true, on: console) })
        if ticket.isResumed {
            let isOther = !ticket.hasNewCode && record.number != nil && code?.number != record.number
            let news =
                ticket.hasNewCode
                ? "; the code is new, because the old one is dead."
                : isOther ? "; the code is new, because the server has given another number." : "."
            console.say("Resuming the transfer of \(plan.names): the link is the same\(news)")
        }
        meeting.invitation(place, code: code).show(isSending: true, server, on: console)
        let many = receiverCount > 1 ? "\(receiverCount) receivers" : "somebody"
        console.say("Waiting for \(many) to come. (\(DurationText.text(server.expire.duration)); Ctrl-C ends it)")
        console.event("waiting", [("seconds", .integer(server.expire.duration.components.seconds))])
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try await serveGuests(of: room, at: meeting.rendezvous, keeper, isCounted: isCounted)
        } catch {
            failure = error
        }
        await room.close()
        keeper.close(after: failure)
        if let failure { throw failure }
    }

    private static let spareCount = 6

    private func serveGuests(
        of room: HostedRoom, at rendezvous: Rendezvous, _ keeper: RecordKeeper, isCounted: Bool
    ) async throws(CommandFailure) {
        let board = ProgressBoard(on: console, receiverCount: receiverCount)
        let places = Places(count: receiverCount, finished: keeper.record.finished)
        let hall = ReceiverHall(places: places, wait: wait, board: board, keeper: keeper)
        let expire = server.expire.duration
        let outcome = await withTaskGroup(of: Result<Void, CommandFailure>?.self) { group in
            group.addTask {
                await self.letIn(to: hall, from: room, at: rendezvous, keeper)
                return nil
            }
            group.addTask {
                await board.keepDrawing()
                return nil
            }
            group.addTask {
                if !isCounted { await self.tellCount() }
                return nil
            }
            group.addTask {
                do throws(CommandFailure) { return .success(try await hall.wait(expire: expire)) } catch {
                    return .failure(error)
                }
            }
            var outcome = Result<Void, CommandFailure>.success(())
            for await ending in group {
                guard let ending else { continue }
                outcome = ending
                group.cancelAll()
            }
            return outcome
        }
        try outcome.get()
    }

    /// Serves whoever comes, each in a task of its own: a slow one holds up nobody.
    private func letIn(
        to hall: ReceiverHall, from room: HostedRoom, at rendezvous: Rendezvous, _ keeper: RecordKeeper
    ) async {
        await withDiscardingTaskGroup { guests in
            do throws(PeerConnectorError) {
                while let guest = try await room.nextGuest() {
                    guests.addTask { await self.serve(guest, in: hall, keeper) }
                }
            } catch {
                if !Task.isCancelled { await hall.closeRoom(CommandFailure(error, by: .server(rendezvous))) }
            }
        }
    }

    private func serve(_ guest: HostedGuest, in hall: ReceiverHall, _ keeper: RecordKeeper) async {
        let peer: TransferPeer
        do throws(PeerConnectorError) {
            peer = try await guest.connect { connection in
                try await TransferChannels.make(on: connection, plan.delivery)
            }
        } catch {
            if !Task.isCancelled { await hall.notConnected(CommandFailure(error)) }
            return
        }
        let visit = ReceiverVisit(peer)
        var options = plan.options(transfer: keeper.record.transfer, hashes: hashes)
        options.certificates = await peer.connection.certificateFingerprints
        if let words { options.verify = { await words.verify($0, visit.view) } }
        let sender = FileSender(
            sources: plan.list, control: peer.channels.control, data: peer.channels.data,
            options: options,
            admit: { session, agent in
                guard await hall.admit(visit, session: session, agent: agent) else { return false }
                // On the disk before there can be a yes: after a kill the link is the same.
                keeper.begin()
                return true
            },
            onEvent: { event in
                if event == .offered { tellOffer(to: visit) }
                if event == .accepted {
                    if keeper.canResume { console.isResumable.set() }
                    Task { await hall.accepted(visit) }
                }
                visit.show(event)
            })
        let outcome = await visit.watch.run { () async throws(TransferError) in try await sender.run() }
        await peer.close()
        await hall.ended(visit, outcome)
    }

    private func tellOffer(to visit: ReceiverVisit) {
        console.event("offer", plan.members)
        if !visit.isGoingOn { console.say(visit.offerWords) }
    }

    /// Says how much there is once folders have been looked through.
    private func tellCount() async {
        while !plan.list.counted.isComplete {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
        console.say("\(plan.summary)")
    }
}
