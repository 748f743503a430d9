internal import DequeModule
internal import NetworkIO
internal import Synchronization
internal import Wire

/// A bidirectional channel of messages between two peers; W3C `RTCDataChannel`.
///
/// Back-pressure works in both directions. `send` suspends while more than 1 MiB waits to be sent. A channel whose
/// messages nobody takes keeps at most about 1 MiB of them, and then holds back the peer, on all channels of the
/// connection, because they share one SCTP receive window (RFC 8831 section 6.6).
///
/// May be used from any task. Messages of one channel keep their order when they are sent by one task.
public final class DataChannel: Sendable {
    public let label: String
    public let ordered: Bool
    public let maxPacketLifeTime: UInt16?
    public let maxRetransmits: UInt16?
    public let `protocol`: String
    public let negotiated: Bool
    public let priority: DataChannelOptions.Priority

    /// What happens to the channel. One consumer; if nobody listens, the newest 64 events are kept.
    public let events: AsyncStream<DataChannelEvent>

    /// `send` suspends above the first number of bytes and goes on at the second.
    static let sendWatermarks = (high: 1024 * 1024, low: 512 * 1024)
    /// Received bytes above which the peer is held back.
    static let receiveHighWatermark = 1024 * 1024
    /// What a message counts in the buffers beside its payload, so that empty messages are bounded too.
    static let messageOverheadBytes = 64

    /// Everything that changes, behind one lock.
    struct State {
        var id: UInt16?
        var readyState = DataChannelState.connecting
        var failure: MartletError?
        var maxMessageBytes = Int.max

        /// With the time when each was given, where messages have a lifetime.
        var outbox = Deque<(message: DataChannelMessage, givenAt: NetworkTime?)>()
        var bufferedAmount = 0
        var lowThreshold = 0
        /// What the outbox counts against its watermarks; 0 when it is empty.
        var heldBytes: Int { bufferedAmount + outbox.count * DataChannel.messageOverheadBytes }
        /// Tasks that wait for `heldBytes` to fall to a limit, by ticket.
        var waiters: [UInt64: (limit: Int, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var lastTicket: UInt64 = 0

        var inbox = Deque<DataChannelMessage>()
        var inboxBytes = 0
        var holdsPeer = false
        var reader: (ticket: UInt64, continuation: CheckedContinuation<DataChannelMessage?, any Error>)?

        var openers: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var closers: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    let state: Mutex<State>
    let eventContinuation: AsyncStream<DataChannelEvent>.Continuation
    /// Asks the network loop to look at this channel again. Cheap, and may be called from any thread.
    let wakeLoop: @Sendable () -> Void
    /// Asks the network loop to close the channel once its outbox is empty.
    private let closeOnLoop: @Sendable () -> Void

    init(
        label: String, options: DataChannelOptions, id: UInt16?,
        wakeLoop: @escaping @Sendable () -> Void, closeOnLoop: @escaping @Sendable () -> Void
    ) {
        self.label = label
        ordered = options.ordered
        maxPacketLifeTime = options.maxPacketLifeTime
        maxRetransmits = options.maxRetransmits
        self.protocol = options.protocol
        negotiated = options.negotiated
        priority = options.priority
        self.wakeLoop = wakeLoop
        self.closeOnLoop = closeOnLoop
        var initial = State()
        initial.id = id
        state = Mutex(initial)
        (events, eventContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// The stream identifier; nil until the DTLS roles are known.
    public var id: UInt16? { state.withLock(\.id) }

    public var readyState: DataChannelState { state.withLock(\.readyState) }

    /// Bytes of payload that were given to `send` and not yet handed to SCTP. What SCTP itself holds (at most 1 MiB for
    /// all channels) does not count. Keeps its value when the channel closes.
    public var bufferedAmount: Int { state.withLock(\.bufferedAmount) }

    /// Bytes that one message may have: the peer's limit (RFC 8841 section 6), at most 262,144. Known when the channel
    /// is open; W3C has it as `RTCSctpTransport.maxMessageSize`.
    public var maxMessageSize: Int { state.withLock(\.maxMessageBytes) }

    /// When `bufferedAmount` falls to this, `.bufferedAmountLow` is reported.
    public var bufferedAmountLowThreshold: Int {
        get { state.withLock(\.lowThreshold) }
        set { state.withLock { $0.lowThreshold = max(0, newValue) } }
    }

    /// Returns when the channel is open.
    ///
    /// - Throws: the reason, when the channel closes instead.
    public func opened() async throws {
        let ticket = nextTicket()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    switch state.readyState {
                    case .connecting:
                        if Task.isCancelled { return .failure(CancellationError()) }
                        state.openers[ticket] = continuation
                        return nil
                    case .open: return .success(())
                    case .closing, .closed: return .failure(Self.endError(state))
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.openers.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }

    func nextTicket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    // MARK: - Sending

    /// Sends a text message; suspends while more than 1 MiB waits.
    ///
    /// - Throws: `invalidState` when the channel is not open, `typeError` when the message is larger than the peer
    ///   accepts, `CancellationError` when the task was cancelled before the message was taken.
    public func send(_ text: String) async throws {
        try await send(contentsOf: CollectionOfOne(.text(text)))
    }

    /// Sends a binary message; suspends while more than 1 MiB waits. Throws as ``send(_:)-(String)``.
    public func send(_ bytes: [UInt8]) async throws {
        try await send(contentsOf: CollectionOfOne(.binary(bytes)))
    }

    /// Sends messages in order, handing them over together: for streams of many messages this is the cheap way.
    public func send(contentsOf messages: some Sequence<DataChannelMessage> & Sendable) async throws {
        defer { wakeLoop() }
        for message in messages {
            while try !enqueue(message) { try await waitUntilHolding(atMost: Self.sendWatermarks.low) }
        }
    }

    /// Sends without ever suspending, as the W3C's `send` does.
    ///
    /// - Throws: as ``send(_:)-(String)``, and `operationError` when there is no room; the channel stays open.
    public func trySend(_ message: DataChannelMessage) throws {
        guard try enqueue(message) else {
            throw MartletError(code: .operationError, message: "the channel's send buffer is full")
        }
        wakeLoop()
    }

    /// Returns when everything given to `send` was handed to SCTP. Throws when the channel closes before that.
    public func drained() async throws {
        try await waitUntilHolding(atMost: 0)
    }

    /// False when there is no room.
    private func enqueue(_ message: DataChannelMessage) throws -> Bool {
        try state.withLock { state in
            switch state.readyState {
            case .open: break
            case .connecting:
                throw MartletError(code: .invalidState, message: "the channel is not open yet")
            case .closing, .closed: throw Self.endError(state)
            }
            let count = message.byteCount
            guard count <= state.maxMessageBytes else {
                throw MartletError(
                    code: .typeError,
                    message: "a message of \(count) bytes exceeds the peer's limit of \(state.maxMessageBytes)")
            }
            guard state.heldBytes <= Self.sendWatermarks.high else { return false }
            state.outbox.append((message, maxPacketLifeTime == nil ? nil : NetworkLoop.shared.now()))
            state.bufferedAmount += count
            return true
        }
    }

    /// Suspends until the outbox holds at most `limit` bytes, the end of the channel, or cancellation.
    private func waitUntilHolding(atMost limit: Int) async throws {
        wakeLoop()
        let ticket = nextTicket()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if state.heldBytes <= limit { return .success(()) }
                    if state.readyState == .closed { return .failure(Self.endError(state)) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[ticket] = (limit, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation
                .resume(throwing: CancellationError())
        }
    }

    // MARK: - Closing

    /// Sends what is queued, then closes the channel. Returns at once; idempotent.
    public func close() {
        let starts = state.withLock { state -> Bool in
            guard state.readyState == .connecting || state.readyState == .open else { return false }
            state.readyState = .closing
            return true
        }
        if starts { closeOnLoop() }
    }

    /// Returns when the channel is closed on both sides, has ended otherwise, or the task is cancelled.
    public func closed() async {
        let ticket = nextTicket()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state -> Bool in
                    if state.readyState == .closed || Task.isCancelled { return true }
                    state.closers[ticket] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.closers.removeValue(forKey: ticket) }?.resume()
        }
    }

    static func endError(_ state: State) -> MartletError {
        state.failure ?? MartletError(code: .invalidState, message: "the channel is closed")
    }
}
