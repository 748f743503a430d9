internal import DequeModule
internal import Synchronization
internal import Wire

/// The network loop's side: called by `PeerDriver`, on the loop.
extension DataChannel {
    func didOpen(id: UInt16?, maxMessageBytes: Int) {
        let openers = state.withLock { state -> [UInt64: CheckedContinuation<Void, any Error>]? in
            state.id = id ?? state.id
            state.maxMessageBytes = maxMessageBytes
            guard state.readyState == .connecting else { return nil }
            state.readyState = .open
            defer { state.openers = [:] }
            return state.openers
        }
        guard let openers else { return }
        eventContinuation.yield(.open)
        for opener in openers.values { opener.resume() }
    }

    /// The next message to be handed to SCTP, or nil.
    func takeOutgoing() -> (message: DataChannelMessage, givenAt: NetworkTime?)? {
        let (next, isLow, waiters) = state.withLock {
            state -> (
                (message: DataChannelMessage, givenAt: NetworkTime?)?, Bool, [CheckedContinuation<Void, any Error>]
            ) in
            guard let next = state.outbox.popFirst() else { return (nil, false, []) }
            let before = state.bufferedAmount
            state.bufferedAmount -= next.message.byteCount
            let now = state.bufferedAmount
            let isLow = before > state.lowThreshold && now <= state.lowThreshold
            guard !state.waiters.isEmpty else { return (next, isLow, []) }
            let held = state.heldBytes
            let ready = state.waiters.filter { held <= $0.value.limit }
            for ticket in ready.keys { state.waiters[ticket] = nil }
            return (next, isLow, ready.values.map(\.continuation))
        }
        if isLow { eventContinuation.yield(.bufferedAmountLow) }
        for waiter in waiters { waiter.resume() }
        return next
    }

    var isOutboxEmpty: Bool { state.withLock(\.outbox.isEmpty) }

    /// Queues what arrived. Returns false when the peer must be held back from now on.
    func deliver(_ message: DataChannelMessage) -> Bool {
        state.withLock { state in
            // Closed here: nobody wants it (W3C: data is dropped unless the channel is open).
            guard state.readyState == .open else { return true }
            state.inbox.append(message)
            state.inboxBytes += message.byteCount + Self.messageOverheadBytes
            if state.inboxBytes > Self.receiveHighWatermark { state.holdsPeer = true }
            return !state.holdsPeer
        }
    }

    /// Hands what `deliver` queued to a waiting reader.
    func signalReader() {
        let (reader, message) = state.withLock {
            state -> (CheckedContinuation<DataChannelMessage?, any Error>?, DataChannelMessage?) in
            guard let reader = state.reader, let message = Self.take(&state) else { return (nil, nil) }
            state.reader = nil
            _ = Self.releasePeer(&state)
            return (reader.continuation, message)
        }
        reader?.resume(returning: message)
    }

    /// Whether the unread messages hold the peer back.
    var holdsPeer: Bool { state.withLock { $0.holdsPeer && $0.readyState == .open } }

    func willClose() {
        let tells = state.withLock { state -> Bool in
            guard state.readyState == .connecting || state.readyState == .open else { return false }
            state.readyState = .closing
            return true
        }
        if tells { eventContinuation.yield(.closing) }
    }

    func didClose(_ failure: MartletError?) {
        signalReader()
        let ended = state.withLock { state -> State? in
            guard state.readyState != .closed else { return nil }
            state.readyState = .closed
            state.failure = failure
            let copy = state
            state.reader = nil
            (state.waiters, state.openers, state.closers) = ([:], [:], [:])
            state.outbox = []
            return copy
        }
        guard let ended else { return }
        let error = Self.endError(ended)
        if let failure { eventContinuation.yield(.error(failure)) }
        eventContinuation.yield(.close)
        eventContinuation.finish()
        for waiter in ended.waiters.values { waiter.continuation.resume(throwing: error) }
        for waiter in ended.openers.values { waiter.resume(throwing: error) }
        for waiter in ended.closers.values { waiter.resume() }
        if let reader = ended.reader {
            if let failure {
                reader.continuation.resume(throwing: failure)
            } else {
                reader.continuation.resume(returning: nil)
            }
        }
    }
}
