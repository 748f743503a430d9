/// Writes down a run while it goes on. Bounded: whatever the partner says, it holds at most ``messageLimit`` messages
/// and twice as many receptions.
package struct LabRecorder: Sendable {
    /// Messages that a run accepts at most.
    package static let messageLimit = 1_000_000
    /// Messages that can have been due in a run: those of a day at 10 million a second.
    private static let offerLimit = 1_000_000_000_000

    /// No time is larger, in microseconds: whatever a partner says, times can be subtracted.
    private static let timeLimit: Int64 = 1 << 53

    private var run: LabRun
    /// When a message was sent, as far as that is known.
    private var sentAt: [Int64?] = []
    private var hasCome: [Bool] = []
    /// Messages that have come, each once.
    package private(set) var deliveredCount = 0
    /// When the last message came, in microseconds since the start.
    package private(set) var lastReceptionAt: Int64?

    package init(seed: UInt64, isRoundTrip: Bool = false) {
        run = LabRun(seed: seed, isRoundTrip: isRoundTrip)
    }

    package var offeredCount: Int { run.offeredCount }
    package var acceptedCount: Int { sentAt.count }
    package var damagedCount: Int { run.damagedCount }
    /// Whether as many messages were accepted as a run may have.
    package var isFull: Bool { sentAt.count >= Self.messageLimit }
    /// Whether everything that was accepted so far has come.
    package var isComplete: Bool { deliveredCount == sentAt.count }

    /// Messages were due, and the channel did not take them.
    package mutating func refuse(_ count: Int = 1) { run.offeredCount = min(Self.offerLimit, run.offeredCount + count) }

    /// A message was due, and the channel took it.
    ///
    /// - Returns: its sequence number; nil when the run is full.
    @discardableResult
    package mutating func accept(at time: Int64) -> UInt32? {
        guard !isFull else { return nil }
        run.offeredCount += 1
        sentAt.append(time)
        hasCome.append(false)
        return UInt32(sentAt.count - 1)
    }

    /// The other side says how many messages it has offered and accepted; less than before changes nothing.
    ///
    /// - Returns: false, changing nothing, when that cannot be.
    @discardableResult
    package mutating func learn(offered: Int, accepted: Int) -> Bool {
        guard accepted >= 0, accepted <= offered, accepted <= Self.messageLimit, offered <= Self.offerLimit else {
            return false
        }
        run.offeredCount = max(run.offeredCount, offered)
        extend(to: accepted)
        return true
    }

    /// A message came.
    ///
    /// - Parameter sentAt: when it was sent, where the message itself says it: for messages of the other side. Such a
    ///   message may come before the other side has said that it accepted it.
    /// - Returns: false, changing nothing, when there was no such message, or more came than can have.
    @discardableResult
    package mutating func receive(
        sequence: UInt32, at time: Int64, sentAt sendTime: Int64? = nil, waited: Int64? = nil
    ) -> Bool {
        let index = Int(sequence)
        guard index < (sendTime == nil ? sentAt.count : Self.messageLimit),
            run.receptions.count < 2 * Self.messageLimit
        else { return false }
        if let sendTime {
            extend(to: index + 1)
            run.offeredCount = max(run.offeredCount, sentAt.count)
            sentAt[index] = min(max(sendTime, -Self.timeLimit), Self.timeLimit)
        }
        if !hasCome[index] {
            hasCome[index] = true
            deliveredCount += 1
        }
        run.receptions.append(LabReception(sequence: sequence, at: time, waited: waited))
        lastReceptionAt = max(lastReceptionAt ?? time, time)
        return true
    }

    /// Messages came whose bytes are wrong.
    package mutating func receiveDamaged(_ count: Int = 1) {
        run.damagedCount = min(2 * Self.messageLimit, run.damagedCount + max(0, min(count, Self.messageLimit)))
    }

    /// How far the run is.
    ///
    /// - Parameter elapsed: microseconds since its start.
    package func progress(at elapsed: Int64) -> LabProgress {
        LabProgress(elapsed: elapsed, offered: offeredCount, accepted: acceptedCount, delivered: deliveredCount)
    }

    /// The run. What is not known of when a message was sent, because it never came, lies on a line between its
    /// neighbours.
    package func finished(
        wire: LabWire? = nil, packets: LabPackets? = nil, clockError: Int64? = nil
    ) -> LabRun {
        var run = run
        run.sentAt = interpolated()
        run.wire = wire
        run.packets = packets
        run.clockError = clockError
        return run
    }

    private mutating func extend(to count: Int) {
        guard count > sentAt.count else { return }
        sentAt += repeatElement(nil, count: count - sentAt.count)
        hasCome += repeatElement(false, count: count - hasCome.count)
    }

    private func interpolated() -> [Int64] {
        var times = sentAt.map { $0 ?? 0 }
        var known: Int?
        for index in sentAt.indices where sentAt[index] != nil {
            if let known {
                let span = Double(index - known)
                let difference = Double(times[index]) - Double(times[known])
                for between in known + 1..<index {
                    times[between] = times[known] + Int64(difference * Double(between - known) / span)
                }
            } else {
                for before in 0..<index { times[before] = times[index] }
            }
            known = index
        }
        if let known { for behind in known + 1..<times.count { times[behind] = times[known] } }
        return times
    }
}
