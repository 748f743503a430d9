package import Martlet
package import NetworkIO
package import Wire

/// Reads the messages of a run from a channel and says when each came, on the network loop: in the same turn as the
/// packet that completed it, or let it pass.
package final class LabReceiver: Sendable {
    /// What came. Told on the network loop.
    package enum Note: Sendable {
        case received(LabMessage, at: NetworkTime)
        /// A message with wrong bytes, of another size, or of another run.
        case damaged(at: NetworkTime)
        /// The channel has ended; once, unless the receiver was stopped.
        case ended
    }

    private let task: Task<Void, Never>

    /// Begins at once.
    ///
    /// - Parameters:
    ///   - channel: its messages are used up here.
    ///   - run: the number of the run that they must bear.
    ///   - messageBytes: that each of them has.
    package init(
        _ channel: DataChannel, run: UInt32, messageBytes: Int, on loop: NetworkLoop = .shared,
        note: @escaping @Sendable (Note) -> Void
    ) {
        task = Task(executorPreference: loop.taskExecutor) {
            do {
                for try await message in channel.messages {
                    let now = loop.now()
                    if case .binary(let bytes) = message, bytes.count == messageBytes, let read = LabMessage(bytes),
                        read.run == run, read.sequence < LabRecorder.messageLimit
                    {
                        note(.received(read, at: now))
                    } else {
                        note(.damaged(at: now))
                    }
                }
            } catch {
                // What ended the channel, the connection tells.
            }
            if !Task.isCancelled { note(.ended) }
        }
    }

    deinit {
        task.cancel()
    }

    /// Ends the reading. Idempotent.
    package func stop() { task.cancel() }
}
