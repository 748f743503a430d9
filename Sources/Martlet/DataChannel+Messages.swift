internal import DequeModule
internal import Synchronization

/// Receiving.
extension DataChannel {
    /// The messages of the peer, in order of arrival; ends when the channel was closed in order, throws when it was
    /// not. One consumer.
    public var messages: Messages { Messages(channel: self) }

    public struct Messages: AsyncSequence, Sendable {
        let channel: DataChannel

        public func makeAsyncIterator() -> Iterator { Iterator(channel: channel) }

        public struct Iterator: AsyncIteratorProtocol {
            let channel: DataChannel

            public mutating func next() async throws -> DataChannelMessage? {
                try await channel.nextMessage()
            }
        }
    }

    /// The oldest message; nil when the channel is over. Messages stay in the channel until somebody takes them, so a
    /// loop that ends early leaves the rest to the next one.
    private func nextMessage() async throws -> DataChannelMessage? {
        let (message, resumesPeer, ticket) = state.withLock { state -> (DataChannelMessage?, Bool, UInt64) in
            if let message = Self.take(&state) { return (message, Self.releasePeer(&state), 0) }
            state.lastTicket += 1
            return (nil, false, state.lastTicket)
        }
        if resumesPeer { wakeLoop() }
        if let message { return message }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<DataChannelMessage?, any Error>) in
                let (result, resumesPeer) = state.withLock { state -> (Result<DataChannelMessage?, any Error>?, Bool) in
                    if let message = Self.take(&state) { return (.success(message), Self.releasePeer(&state)) }
                    if state.readyState == .closed {
                        return (state.failure.map { .failure($0) } ?? .success(nil), false)
                    }
                    if Task.isCancelled { return (.failure(CancellationError()), false) }
                    guard state.reader == nil else {
                        return (
                            .failure(
                                MartletError(code: .invalidState, message: "another task reads this channel")), false
                        )
                    }
                    state.reader = (ticket, continuation)
                    return (nil, false)
                }
                if resumesPeer { wakeLoop() }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { state -> CheckedContinuation<DataChannelMessage?, any Error>? in
                guard let reader = state.reader, reader.ticket == ticket else { return nil }
                state.reader = nil
                return reader.continuation
            }?.resume(throwing: CancellationError())
        }
    }

    static func take(_ state: inout State) -> DataChannelMessage? {
        guard let message = state.inbox.popFirst() else { return nil }
        state.inboxBytes -= message.byteCount + messageOverheadBytes
        return message
    }

    static func releasePeer(_ state: inout State) -> Bool {
        guard state.holdsPeer, state.inboxBytes <= receiveHighWatermark / 2 else { return false }
        state.holdsPeer = false
        return true
    }
}
