internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Synchronization
internal import Transfer

/// Runs a transfer over one connection, and closes the connection when the other side is lost: the transfer then ends
/// by itself, and may go on over the next.
final class ConnectionWatch: Sendable {
    private let peer: TransferPeer
    private let heedsCancellation: Bool
    private let vitality = Mutex(Vitality())
    private let calledOff = Mutex(false)
    private static let interval = Duration.milliseconds(250)
    /// How long after the end of a transfer the room may take to say why.
    private static let reasonPatience = Duration.seconds(1)

    /// - Parameter heedsCancellation: the other side has what is to come: what it says in the room when it goes away
    ///   for good ends the transfer.
    init(_ peer: TransferPeer, heedsCancellation: Bool = false) {
        self.peer = peer
        self.heedsCancellation = heedsCancellation
    }

    /// The other side is gone for good with what it had to send.
    var isCalledOff: Bool { calledOff.withLock { $0 } }

    /// What the transfer tells passes through here: most of it is a sign of life.
    func note(_ event: TransferEvent) {
        switch event {
        case .accepted, .progress, .item, .resumed:
            let now = NetworkLoop.shared.now()
            vitality.withLock { $0.noteProgress(at: now) }
        default: break
        }
    }

    func run(
        _ transfer: @escaping @Sendable () async throws(TransferError) -> TransferReport
    ) async -> Result<TransferReport, TransferError> {
        let cancellation = Task { await watchCancellation() }
        let watching = [Task { await watchState() }, Task { await watchRoom() }, Task { await tick() }, cancellation]
        defer { for task in watching { task.cancel() } }
        let outcome = await outcome(of: transfer)
        if heedsCancellation, !Task.isCancelled, case .failure(let error) = outcome,
            error.code == .peerVanished || error.code == .canceled
        {
            // The same may have been said on the channel, a moment earlier.
            let alarm = Task {
                try? await Task.sleep(for: Self.reasonPatience)
                cancellation.cancel()
            }
            await cancellation.value
            alarm.cancel()
        }
        return outcome
    }

    private func outcome(
        of transfer: @Sendable () async throws(TransferError) -> TransferReport
    ) async -> Result<TransferReport, TransferError> {
        do { try await peer.channels.opened() } catch {
            if Task.isCancelled { return .failure(TransferError(.canceled, "It was canceled.")) }
            return .failure(TransferError(.peerVanished, "The connection ended before the transfer began."))
        }
        do throws(TransferError) { return .success(try await transfer()) } catch { return .failure(error) }
    }

    private func watchState() async {
        for await event in peer.events {
            guard case .connectionStateChange(let state) = event else { continue }
            let now = NetworkLoop.shared.now()
            vitality.withLock { $0.note(isDisconnected: state == .disconnected, at: now) }
        }
    }

    private func watchRoom() async {
        for await _ in peer.parting {}
        guard !Task.isCancelled else { return }
        let now = NetworkLoop.shared.now()
        vitality.withLock { $0.notePartedFromRoom(at: now) }
    }

    private func watchCancellation() async {
        guard heedsCancellation else { return }
        for await _ in peer.cancellations {
            calledOff.withLock { $0 = true }
            return await peer.connection.close()
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            let now = NetworkLoop.shared.now()
            if vitality.withLock({ $0.isLost(at: now) }) { return await peer.connection.close() }
            try? await Task.sleep(for: Self.interval)
        }
    }
}
