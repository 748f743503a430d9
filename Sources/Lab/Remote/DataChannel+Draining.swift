internal import Martlet
internal import NetworkIO

extension DataChannel {
    /// Waits until SCTP has taken everything that was sent: not for ever, because a peer that is alive may take
    /// nothing.
    ///
    /// - Throws: why it was not taken; `CancellationError` after `limit`.
    func drained(within limit: Duration) async throws {
        let waiting = Task { try await drained() }
        let alarm = Task {
            try await NetworkClock().sleep(for: limit)
            waiting.cancel()
        }
        defer { alarm.cancel() }
        try await withTaskCancellationHandler {
            try await waiting.value
        } onCancel: {
            waiting.cancel()
        }
    }
}
