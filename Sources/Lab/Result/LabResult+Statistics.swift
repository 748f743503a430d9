internal import Wire

extension LabResult {
    /// The longest time that is believed, in microseconds; a partner may claim any.
    private static let timeLimit: Int64 = 1 << 53

    /// What these runs of the scenario say together.
    package init(scenario: LabScenario, runs: [LabRun]) {
        self.init(scenario: scenario)
        var latencies: [Int64] = []
        var waits: [Int64] = []
        var span = 0.0
        var history = LabHistory(for: scenario, runs: runs)
        for run in runs {
            let arrivals = Self.arrivals(of: run)
            let own = arrivals.map(\.latency)
            let late = own.count { $0 > scenario.traffic.late.wholeMicroseconds }
            let distribution = LabDistribution(own)
            self.runs.append(
                LabRunSummary(
                    seed: run.seed, offered: run.offeredCount, accepted: run.sentAt.count, delivered: arrivals.count,
                    late: late, damaged: run.damagedCount, p50: distribution?.p50, p99: distribution?.p99,
                    clockError: run.clockError))
            offered += run.offeredCount
            accepted += run.sentAt.count
            delivered += arrivals.count
            self.late += late
            outOfOrder += Self.reorderedCount(arrivals)
            duplicated += run.receptions.count - arrivals.count
            damaged += run.damagedCount
            latencies += own
            waits += arrivals.compactMap(\.waited)
            span += Self.span(of: run, arrivals: arrivals, traffic: scenario.traffic)
            history.add(run.sentAt, arrivals)
            isRoundTrip = isRoundTrip || run.isRoundTrip
        }
        latency = LabDistribution(latencies)
        waiting = LabDistribution(waits)
        if !waits.isEmpty {
            waitingShare = Double(waits.count { $0 > Self.waitingThreshold }) / Double(waits.count)
        }
        let payload = Double(delivered) * Double(scenario.traffic.messageBytes)
        if span > 0 { goodput = payload * 8 / span }
        wire = Self.total(runs.map(\.wire))
        if let wire, delivered > 0 {
            // An echo carries everything twice.
            overhead = (Double(wire.forward.bytes) + Double(wire.back.bytes)) / (payload * (isRoundTrip ? 2 : 1)) - 1
        }
        packets = Self.total(runs.map(\.packets))
        timeline = history.moments()
    }

    /// That a message came for the first time.
    struct Arrival {
        let sequence: UInt32
        let at: Int64
        let latency: Int64
        let waited: Int64?
    }

    /// The first arrivals of a run's messages, in order. Times that cannot be are brought to the nearest that can: clocks that are
    /// compared over a network are a little wrong, and a partner may say anything.
    private static func arrivals(of run: LabRun) -> [Arrival] {
        var hasCome = [Bool](repeating: false, count: run.sentAt.count)
        var arrivals: [Arrival] = []
        arrivals.reserveCapacity(min(run.receptions.count, run.sentAt.count))
        for reception in run.receptions {
            let index = Int(reception.sequence)
            guard index < hasCome.count, !hasCome[index] else { continue }
            hasCome[index] = true
            let at = min(max(reception.at, 0), timeLimit)
            let sent = min(max(run.sentAt[index], -timeLimit), timeLimit)
            arrivals.append(
                Arrival(
                    sequence: reception.sequence, at: at, latency: min(max(at - sent, 0), timeLimit),
                    waited: reception.waited.map { min(max($0, 0), timeLimit) }))
        }
        return arrivals
    }

    /// Arrivals whose number is smaller than one that came before them (RFC 4737 section 3.3).
    private static func reorderedCount(_ arrivals: [Arrival]) -> Int {
        var next: UInt32 = 0
        var count = 0
        for arrival in arrivals {
            if arrival.sequence < next { count += 1 } else { next = arrival.sequence + 1 }
        }
        return count
    }

    /// Seconds for which a run sent or received. It is over before its time only when it has accepted all it may.
    private static func span(of run: LabRun, arrivals: [Arrival], traffic: LabTraffic) -> Double {
        let isFull = run.sentAt.count >= LabRecorder.messageLimit
        let sending = isFull ? run.sentAt.last ?? 0 : traffic.duration.wholeMicroseconds
        return Double(max(sending, arrivals.last?.at ?? 0)) / 1_000_000
    }

    private static func total(_ wires: [LabWire?]) -> LabWire? {
        guard !wires.isEmpty else { return nil }
        var total = LabWire()
        for wire in wires {
            guard let wire else { return nil }
            total.forward.add(wire.forward)
            total.back.add(wire.back)
        }
        return total
    }

    private static func total(_ packets: [LabPackets?]) -> LabPackets? {
        guard !packets.isEmpty else { return nil }
        var total = LabPackets()
        for packets in packets {
            guard let packets else { return nil }
            total.dataChunks += packets.dataChunks
            total.retransmitted += packets.retransmitted
        }
        return total
    }
}

extension LabWireCount {
    fileprivate mutating func add(_ other: LabWireCount) {
        datagrams += other.datagrams
        bytes += other.bytes
        dropped += other.dropped
    }
}

extension Duration {
    /// The duration in whole microseconds, rounded towards zero.
    package var wholeMicroseconds: Int64 { wholeNanoseconds / 1_000 }
}
