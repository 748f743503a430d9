package import Martlet
package import NetworkIO
package import Wire

/// Sends the messages of a run into a channel when they are due (Docs/Protocols/Lab.md, "A run"). Lives on the network
/// loop.
package actor LabSender {
    /// What became of a message that was due, or of the sender. Told on the network loop.
    package enum Note: Sendable {
        /// The channel took it; `at` is the time that the message bears.
        case accepted(sequence: UInt32, at: NetworkTime)
        /// The channel held too much, or the messages were overdue.
        case refused(count: Int, at: NetworkTime)
        /// Nothing more will be sent; once. The error, if the channel ended instead of the time.
        case over(MartletError?)
    }

    /// A message that is due at a time when the channel holds more than this, or ``heldMessages`` if that is more, is
    /// not sent.
    package static let heldBytes = 256 * 1024
    package static let heldMessages = 8
    /// Nobody catches up on what is overdue for longer.
    package static let tolerance = Duration.milliseconds(100)
    /// Messages after which the loop has its turn.
    private static let burst = 64

    /// Messages that were due.
    package private(set) var offeredCount = 0
    /// Messages that the channel took.
    package private(set) var acceptedCount = 0
    package private(set) var isOver = false

    private let channel: DataChannel
    private let run: UInt32
    private let messageBytes: Int
    private let rate: Double?
    private let duration: Duration?
    private let note: @Sendable (Note) -> Void
    private nonisolated let loop: NetworkLoop
    private var startedAt: NetworkTime?
    private var dueCount = 0
    private var timer: ScheduledWork?
    private var events: Task<Void, Never>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - channel: open; its events are used up here.
    ///   - run: the number that the messages bear.
    ///   - duration: nil for until ``stop()``.
    package init(
        _ channel: DataChannel, run: UInt32, messageBytes: Int, rate: Double?, duration: Duration?,
        on loop: NetworkLoop = .shared, note: @escaping @Sendable (Note) -> Void
    ) {
        self.channel = channel
        self.run = run
        self.messageBytes = min(max(messageBytes, LabMessage.headerBytes), LabMessage.byteLimit)
        self.rate = rate
        self.duration = duration
        self.loop = loop
        self.note = note
    }

    /// Begins: message 0 is due now. Once.
    package func start() {
        guard startedAt == nil, !isOver else { return }
        startedAt = loop.now()
        if rate == nil {
            channel.bufferedAmountLowThreshold = refill
            let source = channel.events
            events = Task(executorPreference: loop.taskExecutor) { [weak self] in
                for await event in source where event == .bufferedAmountLow { await self?.turn() }
            }
        }
        turn()
    }

    /// Ends. Idempotent.
    package func stop() { end(nil) }

    /// What the channel may hold when a message is sent.
    private var limit: Int { max(Self.heldBytes, Self.heldMessages * messageBytes) }

    /// As fast as possible, a channel that holds no more than this is filled up again. Below the 1 MiB that it takes at
    /// all.
    private var refill: Int { min(limit / 2, 512 * 1024) }

    private func turn() {
        guard let startedAt, !isOver else { return }
        timer?.cancel()
        timer = nil
        let end = duration.map { startedAt.advanced(by: $0) } ?? .distantFuture
        if let rate {
            pace(from: startedAt, to: end, rate: rate)
        } else {
            fill(to: end)
        }
    }

    private func pace(from startedAt: NetworkTime, to end: NetworkTime, rate: Double) {
        for _ in 0..<Self.burst {
            let due = startedAt.advanced(by: .nanoseconds(Int64(Double(dueCount) * 1e9 / rate)))
            guard due < end else { return wake(at: end) { $0.end(nil) } }
            let now = loop.now()
            guard due <= now else { return wake(at: due) { $0.turn() } }
            if due.duration(to: now) > Self.tolerance {
                // All that is overdue at once: there may be more of it than can be counted one by one.
                let late = startedAt.duration(to: min(now, end)) - Self.tolerance
                let count = max(1, Int(Double(late.wholeNanoseconds) / 1e9 * rate) - dueCount)
                dueCount += count
                refuse(count, at: now)
                continue
            }
            dueCount += 1
            if channel.bufferedAmount > limit {
                refuse(1, at: now)
            } else {
                guard send(at: now) != nil else { return }
            }
        }
        wake(at: loop.now()) { $0.turn() }
    }

    private func fill(to end: NetworkTime) {
        for _ in 0..<Self.burst {
            let now = loop.now()
            guard now < end else { return self.end(nil) }
            guard channel.bufferedAmount < limit, let isAccepted = send(at: now) else { break }
            // The channel itself is full before the limit is reached.
            guard isAccepted else { break }
        }
        guard !isOver else { return }
        // The channel says when it holds less; with room left, the loop has had its turn by then.
        let hasRoom = channel.bufferedAmount <= refill
        wake(at: hasRoom ? loop.now() : end) { $0.turn() }
    }

    /// Hands one message to the channel.
    ///
    /// - Returns: whether it was taken; nil when the sender is over.
    private func send(at now: NetworkTime) -> Bool? {
        guard acceptedCount < LabRecorder.messageLimit else {
            end(nil)
            return nil
        }
        let sequence = UInt32(acceptedCount)
        let message = LabMessage(run: run, sequence: sequence, sentAt: UInt64(now.nanoseconds / 1000))
        do {
            try channel.trySend(.binary(message.encoded(byteCount: messageBytes)))
        } catch {
            guard let error = error as? MartletError, error.code != .operationError else {
                if rate != nil { refuse(1, at: now) }
                return false
            }
            end(error)
            return nil
        }
        offeredCount += 1
        acceptedCount += 1
        note(.accepted(sequence: sequence, at: now))
        return true
    }

    private func refuse(_ count: Int, at now: NetworkTime) {
        offeredCount += count
        note(.refused(count: count, at: now))
    }

    private func wake(at deadline: NetworkTime, _ body: @escaping @Sendable (isolated LabSender) -> Void) {
        timer = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { body($0) } }
    }

    private func end(_ error: MartletError?) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        timer = nil
        events?.cancel()
        note(.over(error))
    }
}
