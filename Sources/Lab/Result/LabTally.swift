/// Adds up the runs of a scenario as they end, so that none has to be kept: however many they are, this holds 40 MiB at
/// most where times are shorter than a minute.
///
/// All counts are exact. Percentiles are exact of up to ``exactLimit`` messages, and right to 1/2048 (0.05 %) of more;
/// those of a piece of the timeline of up to 2,000, and right to 1/256 (0.4 %) of more.
package struct LabTally: Sendable {
    /// Messages of a scenario whose times are kept as they are.
    package static let exactLimit = 1_000_000
    private static let bits = 10

    private var sums: LabResult
    private var latencies = LabTimes(exactLimit: Self.exactLimit, bits: Self.bits)
    private var waits = LabTimes(exactLimit: Self.exactLimit, bits: Self.bits)
    private var longWaitCount = 0
    private var history: LabHistory
    /// Seconds that messages were sent or came.
    private var span = 0.0
    private var payload = 0.0
    /// Nil when a run was not counted.
    private var wire: LabWire? = LabWire()
    private var packets: LabPackets? = LabPackets()

    package init(_ scenario: LabScenario) {
        sums = LabResult(scenario: scenario)
        history = LabHistory(for: scenario)
    }

    /// Whether a run was made, or failed.
    package var isEmpty: Bool { sums.runs.isEmpty && sums.failures.isEmpty }

    /// A run was tried and came to nothing.
    package mutating func add(_ failure: LabFailure) { sums.failures.append(failure) }

    /// A run was made.
    package mutating func add(_ run: LabRun) {
        let scenario = sums.scenario
        let arrivals = LabResult.arrivals(of: run)
        var own = LabTimes(exactLimit: .max, bits: Self.bits)
        var late = 0
        let limit = scenario.traffic.late.wholeMicroseconds
        for arrival in arrivals {
            own.add(arrival.latency)
            if arrival.latency > limit { late += 1 }
            guard let waited = arrival.waited else { continue }
            waits.add(waited)
            if waited > LabResult.waitingThreshold { longWaitCount += 1 }
        }
        let percentiles =
            own.count > 0 ? own.values(ofRanks: [500, 990].map { LabDistribution.rank($0, of: own.count) }) : []
        sums.runs.append(
            LabRunSummary(
                seed: run.seed, offered: run.offeredCount, accepted: run.sentAt.count, delivered: arrivals.count,
                late: late, damaged: run.damagedCount, p50: percentiles.first, p99: percentiles.last,
                clockError: run.clockError))
        sums.offered += run.offeredCount
        sums.accepted += run.sentAt.count
        sums.delivered += arrivals.count
        sums.late += late
        sums.outOfOrder += LabResult.reorderedCount(arrivals)
        sums.duplicated += run.receptions.count - arrivals.count
        sums.damaged += run.damagedCount
        sums.isRoundTrip = sums.isRoundTrip || run.isRoundTrip
        latencies.add(own)
        history.add(run, arrivals)
        span += LabResult.span(of: run, arrivals: arrivals, traffic: scenario.traffic)
        payload += Double(arrivals.count) * Double(scenario.traffic.messageBytes)
        wire = run.wire.flatMap { wire?.adding($0) }
        packets = run.packets.flatMap { packets?.adding($0) }
    }

    /// What the runs say together.
    package var result: LabResult {
        var result = sums
        result.latency = LabDistribution(latencies)
        result.waiting = LabDistribution(waits)
        if waits.count > 0 { result.waitingShare = Double(longWaitCount) / Double(waits.count) }
        if span > 0 { result.goodput = payload * 8 / span }
        guard !result.runs.isEmpty else {
            result.timeline = history.moments()
            return result
        }
        result.wire = wire
        if let wire, result.delivered > 0 {
            // An echo carries everything twice.
            let carried = payload * (result.isRoundTrip ? 2 : 1)
            result.overhead = (Double(wire.forward.bytes) + Double(wire.back.bytes)) / carried - 1
        }
        result.packets = packets
        result.timeline = history.moments()
        return result
    }
}

extension LabWire {
    fileprivate func adding(_ other: LabWire) -> LabWire {
        LabWire(forward: forward.adding(other.forward), back: back.adding(other.back))
    }
}

extension LabWireCount {
    fileprivate func adding(_ other: LabWireCount) -> LabWireCount {
        LabWireCount(
            datagrams: datagrams + other.datagrams, bytes: bytes + other.bytes, dropped: dropped + other.dropped)
    }
}

extension LabPackets {
    fileprivate func adding(_ other: LabPackets) -> LabPackets {
        LabPackets(
            dataChunks: dataChunks + other.dataChunks, retransmitted: retransmitted + other.retransmitted)
    }
}
