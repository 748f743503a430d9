internal import Signaling
internal import Transfer

/// What a command does with the other side: it sends or it receives.
protocol TransferSide: Sendable {
    /// Runs the whole transfer and shows it. Returns only after success.
    ///
    /// - Parameter onAccept: called when the receiver has said yes.
    func run(
        with peer: TransferPeer, onAccept: @escaping @Sendable () -> Void
    ) async throws(TransferAttemptFailure)
}

/// A transfer that did not succeed.
struct TransferAttemptFailure: Error, Sendable {
    var failure: CommandFailure
    /// The other side went away before the receiver had said yes, perhaps only to load its page again: the link is not
    /// used up. To decline is something else.
    var leavesLinkUnused: Bool
}

extension TransferSide {
    /// Runs `transfer` while `view` draws.
    func show(
        _ peer: TransferPeer, on view: TransferView,
        _ transfer: @escaping @Sendable () async throws(TransferError) -> TransferReport
    ) async throws(TransferAttemptFailure) {
        let drawing = Task { await view.keepDrawing() }
        let outcome = await outcome(peer, transfer)
        drawing.cancel()
        await drawing.value
        switch outcome {
        case .success(let report):
            do throws(CommandFailure) { try view.finish(report) } catch {
                throw TransferAttemptFailure(failure: error, leavesLinkUnused: false)
            }
        case .failure(let error):
            let hasLeft = error.code == .peerVanished || error.code == .canceled && error.isReportedByPeer
            throw TransferAttemptFailure(
                failure: CommandFailure(error), leavesLinkUnused: hasLeft && !view.isAccepted)
        }
    }

    private func outcome(
        _ peer: TransferPeer, _ transfer: @escaping @Sendable () async throws(TransferError) -> TransferReport
    ) async -> Result<TransferReport, TransferError> {
        do { try await peer.channels.opened() } catch {
            if Task.isCancelled { return .failure(TransferError(.canceled, "It was canceled.")) }
            return .failure(TransferError(.peerVanished, "The connection ended before the transfer began."))
        }
        do throws(TransferError) { return .success(try await transfer()) } catch { return .failure(error) }
    }
}
