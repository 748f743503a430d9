internal import JSON
internal import Martlet
internal import Signaling
internal import Transfer

/// `martlet send --offline`: one receiver, one connection, no room.
struct OfflineSending: Sendable {
    let plan: SendingPlan
    let ticket: TransferTicket
    let hashes: HashStore?
    let exchange: OfflineExchange
    let console: Console

    func run() async throws(CommandFailure) {
        console.say(plan.summary)
        exchange.begin()
        var failure: CommandFailure?
        let keeper = ticket.keeper(port: nil)
        do throws(CommandFailure) { try await send(keeper) } catch { failure = error.offline }
        plan.list.release()
        keeper.close(after: failure)
        if let failure { throw failure }
    }

    private func send(_ keeper: RecordKeeper) async throws(CommandFailure) {
        if ticket.isResumed { console.say("Resuming the transfer of \(plan.names).") }
        let delivery = plan.delivery
        let peer = try await exchange.offer { try await TransferChannels.make(on: $0, delivery) }
        let watch = ConnectionWatch(peer)
        let view = TransferView(.sending, on: console)
        let board = ProgressBoard(on: console)
        board.add(view)
        let path = await peer.path()
        var options = plan.options(transfer: keeper.record.transfer, hashes: hashes)
        options.certificates = await peer.connection.certificateFingerprints
        let words = WordsQuestion(on: console, isDemanded: true)
        options.verify = { await words.verify($0, view) }
        let sender = FileSender(
            sources: plan.list, control: peer.channels.control, data: peer.channels.data, options: options,
            admit: { _, agent in
                view.greet(Printable.line(agent, columns: 80), path: path)
                // On the disk before there can be a yes.
                keeper.begin()
                return true
            },
            onEvent: { event in
                if event == .offered {
                    console.event("offer", plan.members)
                    console.say("Offered; waiting for the other side to accept.")
                }
                if event == .accepted, keeper.canResume { console.isResumable.set() }
                watch.note(event)
                view.handle(event)
            })
        let drawing = Task { await board.keepDrawing() }
        let outcome = await watch.run { () async throws(TransferError) in try await sender.run() }
        await peer.close()
        drawing.cancel()
        await drawing.value
        switch outcome {
        case .success(let report): try view.finish(report)
        case .failure(let error):
            let hasLeft = error.code == .peerVanished || error.code == .canceled && error.isReportedByPeer
            throw CommandFailure(hasLeft && view.isAccepted ? error.resumable : error)
        }
    }
}
