internal import DequeModule
internal import Wire

/// What one other person said and has not been shown: numbers, the window, and a queue.
///
/// Bounded: the window bounds messages; of typing, names and deliveries only the last counts; beyond
/// ``ChatLimits/waitingEvents`` or ``ChatLimits/waitingBytes`` of the rest it ``isFull``, and nothing more is read.
struct ChatInbox: Sendable {
    private struct Waiting: Sendable {
        var event: ChatPairEvent
        var byteCount: Int
        /// Of a message: its number, when it came, and which person's it is.
        var seq: Int64 = 0
        var cameAt = NetworkTime.zero
        var generation = 0
    }

    private var queue = Deque<Waiting>()
    private var queuedBytes = 0
    private var delivered: Int?
    private var rename: String?
    private var nameShownAt: NetworkTime?
    private var isTyping = false
    private var isTypingShown = false
    private var typingEnds = NetworkTime.zero
    private var hasLeft = false

    /// The last number that came.
    private(set) var heard: Int64 = 0
    /// Everything up to this number was shown.
    private(set) var acknowledged: Int64 = 0
    /// Bytes of what came and was not shown, in order.
    private var unshown = Deque<Int>()
    private var unshownBytes = 0
    /// Counts the people who were there, so that nothing of one is acknowledged to the next.
    private var generation = 0
    private var taken: (generation: Int, seq: Int64)?

    /// So much waits that nothing more may be read.
    var isFull: Bool { queue.count >= ChatLimits.waitingEvents || queuedBytes >= ChatLimits.waitingBytes }

    // MARK: What comes

    mutating func receive(seq: Int64, text: String, age: Int64, at now: NetworkTime) throws(ChatError) {
        guard heard < ChatLimits.largestInteger, seq == heard + 1 else {
            throw .protocolViolation("message \(seq) behind \(heard)")
        }
        let byteCount = text.utf8.count
        guard unshown.count < ChatLimits.windowMessages, unshownBytes + byteCount <= ChatLimits.windowBytes else {
            throw .protocolViolation("more than may be without ack")
        }
        heard = seq
        unshown.append(byteCount)
        unshownBytes += byteCount
        let age = min(Duration.milliseconds(age), ChatLimits.oldestAge)
        put(
            Waiting(
                event: .message(text: text, age: age), byteCount: byteCount, seq: seq, cameAt: now,
                generation: generation))
        isTyping = false
        isTypingShown = false
    }

    mutating func receive(_ event: ChatPairEvent, byteCount: Int) {
        put(Waiting(event: event, byteCount: byteCount))
    }

    mutating func noteDelivered(through number: Int) { delivered = number }

    mutating func noteName(_ name: String) { rename = name }

    mutating func noteTyping(_ isTyping: Bool, at now: NetworkTime) {
        self.isTyping = isTyping
        typingEnds = now.advanced(by: ChatLimits.typingHolds)
    }

    mutating func noteParting() { hasLeft = true }

    /// The connection is lost: nobody types there any more.
    mutating func noteLoss() { isTyping = false }

    /// Somebody else is there; what came of the one before is still shown.
    mutating func startAnew() {
        (heard, acknowledged) = (0, 0)
        unshown = []
        unshownBytes = 0
        generation += 1
    }

    private mutating func put(_ waiting: Waiting) {
        queue.append(waiting)
        queuedBytes += waiting.byteCount
    }

    // MARK: What is shown

    /// The next event. What was taken before counts as shown now.
    mutating func take(at now: NetworkTime) -> ChatPairEvent? {
        acknowledgeTaken()
        if case .begun = queue.first?.event { return queue.popFirst()?.event }
        if let number = delivered {
            delivered = nil
            return .delivered(through: number)
        }
        if let name = rename, renameDue <= now {
            rename = nil
            nameShownAt = now
            return .renamed(name)
        }
        if let waiting = queue.popFirst() {
            queuedBytes -= waiting.byteCount
            guard case .message(let text, let age) = waiting.event else { return waiting.event }
            taken = (waiting.generation, waiting.seq)
            let total = age + max(.zero, waiting.cameAt.duration(to: now))
            return .message(text: text, age: min(total, ChatLimits.oldestAge))
        }
        if hasLeft {
            hasLeft = false
            return .left
        }
        if typingEnds <= now { isTyping = false }
        guard isTyping != isTypingShown else { return nil }
        isTypingShown = isTyping
        return .typing(isTyping)
    }

    /// What was taken last was shown.
    mutating func acknowledgeTaken() {
        guard let taken else { return }
        self.taken = nil
        guard taken.generation == generation else { return }
        while acknowledged < taken.seq, let byteCount = unshown.popFirst() {
            acknowledged += 1
            unshownBytes -= byteCount
        }
    }

    /// When there may be an event without anything that comes.
    var deadline: NetworkTime? {
        let ends = isTyping || isTypingShown ? typingEnds : nil
        guard rename != nil else { return ends }
        return ends.map { min($0, renameDue) } ?? renameDue
    }

    private var renameDue: NetworkTime { nameShownAt?.advanced(by: ChatLimits.nameInterval) ?? .zero }
}
