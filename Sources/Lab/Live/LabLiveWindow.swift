internal import DequeModule

/// What has happened on one channel during the last minutes. Bounded, however fast messages come.
package struct LabLiveWindow: Sendable {
    private struct Message {
        let sentAt: Int64
        var hasCome = false
    }

    private struct Arrival {
        let at: Int64
        let latency: Int64
        let waited: Int64?
    }

    /// The longest that a message is remembered, in microseconds: one that comes later is not seen any more.
    private static let memory: Int64 = 180_000_000
    private static let limit = 100_000
    private static let second: Int64 = 1_000_000
    private static let minute: Int64 = 60 * second

    private var messages: Deque<Message> = []
    /// The sequence number of the first of `messages`.
    private var first: UInt32 = 0
    private var arrivals: Deque<Arrival> = []
    private var refusals: Deque<(count: Int, at: Int64)> = []

    package init() {}

    package mutating func handle(_ event: MeasuredConnection.Event) {
        switch event {
        case .accepted(let sequence, let at):
            // They come one after the other; whatever else comes is none of ours.
            guard sequence == first &+ UInt32(messages.count) else { return }
            messages.append(Message(sentAt: at))
            while let oldest = messages.first, messages.count > Self.limit || oldest.sentAt < at - Self.memory {
                messages.removeFirst()
                first += 1
            }
        case .refused(let count, let at):
            refusals.append((count, at))
            Self.prune(&refusals, before: at - Self.memory) { $0.at }
        case .received(let sequence, _, let at, let waited):
            guard sequence >= first, sequence - first < UInt32(messages.count) else { return }
            let index = Int(sequence - first)
            guard !messages[index].hasCome else { return }
            messages[index].hasCome = true
            arrivals.append(Arrival(at: at, latency: max(0, at - messages[index].sentAt), waited: waited))
            Self.prune(&arrivals, before: at - Self.memory) { $0.at }
        case .damaged: break
        }
    }

    /// What it looks like at a time.
    ///
    /// - Parameters:
    ///   - now: microseconds since the run's start.
    ///   - patience: how long a message may take before it is missed, in microseconds.
    package func strip(of channel: LabChannel, at now: Int64, patience: Int64) -> LabLiveStrip {
        LabLiveStrip(
            channel: channel, recent: figures(over: 10 * Self.second, at: now, patience: patience),
            minute: figures(over: Self.minute, at: now, patience: patience),
            history: history(at: now, patience: patience))
    }

    private func figures(over span: Int64, at now: Int64, patience: Int64) -> LabLiveFigures {
        var figures = LabLiveFigures()
        // Whatever was sent just now is still on its way, and does not count yet.
        for message in messages.reversed() where message.sentAt <= now - patience {
            guard message.sentAt > now - patience - span else { break }
            figures.accepted += 1
            if message.hasCome { figures.delivered += 1 }
        }
        for refusal in refusals.reversed() {
            guard refusal.at > now - span else { break }
            figures.refused += refusal.count
        }
        let recent = arrivals.reversed().prefix { $0.at > now - span }
        if let latency = LabDistribution(recent.map(\.latency)) {
            figures.p50 = latency.p50
            figures.p99 = latency.p99
        }
        let waits = recent.compactMap(\.waited)
        if let waiting = LabDistribution(waits) {
            figures.waitingP99 = waiting.p99
            figures.longestWait = waiting.max
            figures.waitingCount = waiting.count
            figures.waitingShare = Double(waits.count { $0 > LabResult.waitingThreshold }) / Double(waits.count)
        }
        return figures
    }

    private func history(at now: Int64, patience: Int64) -> [LabLiveMoment] {
        guard now >= 0 else { return [] }
        let last = now / Self.second
        let start = max(0, last - 59)
        let count = Int(last - start + 1)
        var sent = [Int](repeating: 0, count: count)
        var came = [Int](repeating: 0, count: count)
        var latencies = [[Int64]](repeating: [], count: count)
        for message in messages.reversed() {
            let index = Int(message.sentAt / Self.second - start)
            guard index >= 0 else { break }
            guard index < count, message.sentAt <= now - patience else { continue }
            sent[index] += 1
            if message.hasCome { came[index] += 1 }
        }
        for arrival in arrivals.reversed() {
            let index = Int(arrival.at / Self.second - start)
            guard index >= 0 else { break }
            if index < count { latencies[index].append(arrival.latency) }
        }
        return (0..<count).map { index in
            let sorted = latencies[index].sorted()
            return LabLiveMoment(
                deliveredShare: sent[index] > 0 ? Double(came[index]) / Double(sent[index]) : nil,
                p99: sorted.isEmpty ? nil : LabDistribution.nearestRank(990, of: sorted))
        }
    }

    private static func prune<Element>(
        _ elements: inout Deque<Element>, before time: Int64, _ at: (Element) -> Int64
    ) {
        while let oldest = elements.first, elements.count > limit || at(oldest) < time { elements.removeFirst() }
    }
}
