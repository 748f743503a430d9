internal import Martlet
internal import Signaling
internal import Transfer

/// What a receiver gets from one sender, over as many connections as it needs.
struct Reception: Sendable {
    /// How one connection ended.
    enum Ending: Sendable {
        case done
        /// For good.
        case failed(CommandFailure)
        /// The other side went away before there was a yes, perhaps only to load its page again; or it came to talk,
        /// not with files.
        case unused(CommandFailure)
        /// The transfer may go on over another connection.
        case lost(CommandFailure)
    }

    let side: ReceivingSide
    let view: TransferView
    let board: ProgressBoard

    init(_ side: ReceivingSide, on console: Console) {
        self.side = side
        view = TransferView(.receiving, on: console, folder: side.destination.directory?.path ?? "")
        board = ProgressBoard(on: console)
        board.add(view)
    }

    var isAccepted: Bool { view.isAccepted }

    /// Receives over this connection, shows it, and closes the connection.
    func receive(from peer: TransferPeer) async -> Ending {
        let drawing = Task { [board] in await board.keepDrawing() }
        let watch = ConnectionWatch(peer, heedsCancellation: true)
        let path = await peer.path()
        let refusal = Refusal()
        let receiver = await side.receiver(peer, view: view, path: path, watch: watch, refusal: refusal)
        let outcome = await watch.run { () async throws(TransferError) in try await receiver.run() }
        drawing.cancel()
        await drawing.value
        let ending = ending(outcome, refusal, isCalledOff: watch.isCalledOff)
        switch ending {
        case .done: side.session.forget()
        // Whoever stops here may start the same command again, and has the same place.
        case .failed(let failure): if !failure.isResumable, !Task.isCancelled { side.session.forget() }
        case .unused: if !isAccepted { side.session.forget() }
        case .lost: break
        }
        await peer.close()
        return ending
    }

    private func ending(
        _ outcome: Result<TransferReport, TransferError>, _ refusal: Refusal, isCalledOff: Bool
    ) -> Ending {
        switch outcome {
        case .success(let report):
            do throws(CommandFailure) {
                try view.finish(report)
                return .done
            } catch {
                return .failed(error)
            }
        case .failure(let error):
            if let failure = refusal.failure, error.code == .declined { return .failed(failure) }
            let hasLeft = error.code == .peerVanished || error.code == .canceled && error.isReportedByPeer
            // After a yes the place is kept, whatever is on the disk by now.
            let failure = CommandFailure(hasLeft && isAccepted ? error.resumable : error)
            guard !Task.isCancelled else { return .failed(failure) }
            // Whoever was to bring the files, or the rest of them, may come yet.
            let isStranger =
                error.isReportedByPeer
                ? error.code == .protocolViolation && !isAccepted : [.talk, .lab].contains(error.code)
            if isStranger { return .unused(failure) }
            guard hasLeft else { return .failed(failure) }
            guard isAccepted else { return .unused(failure) }
            if isCalledOff { return .failed(.calledOff) }
            guard side.wait > .zero else { return .failed(failure) }
            view.lost(error, wait: side.wait)
            return .lost(failure)
        }
    }
}

extension CommandFailure {
    /// Nothing is left that could be gone on with.
    static let calledOff = CommandFailure(
        .declined,
        "The other side was closed or stopped, and what it had to send went with it: the transfer has ended.",
        remedy: "a new link or code, from the sender")
}
