internal import Wire

/// What one side has to tell of its own part in a run: what it has sent, or what has come to it
/// (Docs/Protocols/Lab.md, "A run", 3). Bounded: it holds no more arrivals than a run has messages.
struct LabNews {
    /// How often is told what has come, and what was sent.
    static let receivedInterval = Duration.milliseconds(100)
    static let sentInterval = Duration.milliseconds(250)
    /// While so many bytes wait on the control channel, no more is told: what waits here is smaller.
    static let busyBytes = LabControlMessage.byteLimit * 4

    /// Arrivals that were told are kept until there are so many of them.
    private static let keptCount = 65_536

    private let run: UInt32
    private var arrivals: [LabArrival] = []
    /// How many of them were told.
    private var toldCount = 0
    private var damagedCount = 0
    private var toldDamagedCount = 0
    private var hasToldArrivals = false
    private var lastSentAt: NetworkTime?
    private var hasToldEnd = false

    init(run: UInt32) {
        self.run = run
    }

    /// A message came.
    mutating func take(_ arrival: LabArrival) {
        if arrivals.count - toldCount < LabRecorder.messageLimit { arrivals.append(arrival) }
    }

    /// A message came that is wrong.
    mutating func takeDamaged() { damagedCount += 1 }

    /// Whether something that came was not told.
    var hasArrivals: Bool { toldCount < arrivals.count || damagedCount > toldDamagedCount }

    /// The next message about what has come; nil when all is told.
    ///
    /// - Parameter isLast: then one is said of nothing, too, so that the other side knows that nothing came.
    mutating func received(isLast: Bool = false) -> LabControlMessage? {
        guard hasArrivals || isLast && !hasToldArrivals else { return nil }
        var part = arrivals[toldCount...].prefix(LabControlMessage.receivedLimit)
        if part.contains(where: { $0.waited != nil }) { part = part.prefix(LabControlMessage.waitedLimit) }
        toldCount += part.count
        if toldCount == arrivals.count || toldCount >= Self.keptCount {
            arrivals.removeFirst(toldCount)
            toldCount = 0
        }
        toldDamagedCount = damagedCount
        hasToldArrivals = true
        return .received(run: run, messages: Array(part), damaged: damagedCount)
    }

    /// The message about what was sent, if it is time; nil too when its end was told.
    mutating func sent(offered: Int, accepted: Int, isOver: Bool, at now: NetworkTime) -> LabControlMessage? {
        let isDue = lastSentAt.map { $0.duration(to: now) >= Self.sentInterval } ?? true
        guard !hasToldEnd, isDue || isOver else { return nil }
        lastSentAt = now
        hasToldEnd = isOver
        return .sent(run: run, offered: offered, accepted: accepted, over: isOver)
    }
}
