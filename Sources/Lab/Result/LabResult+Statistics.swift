internal import Wire

extension LabResult {
    /// The longest time that is believed, in microseconds; a partner may claim any.
    private static let timeLimit: Int64 = 1 << 53

    /// What these runs of the scenario say together.
    package init(scenario: LabScenario, runs: [LabRun]) {
        var tally = LabTally(scenario)
        for run in runs { tally.add(run) }
        self = tally.result
    }

    /// That a message came for the first time.
    struct Arrival {
        let sequence: UInt32
        let at: Int64
        let latency: Int64
        let waited: Int64?
    }

    /// The first arrivals of a run's messages, in order. Times that cannot be are brought to the nearest that can:
    /// clocks that are compared over a network are a little wrong, and a partner may say anything.
    static func arrivals(of run: LabRun) -> [Arrival] {
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
    static func reorderedCount(_ arrivals: [Arrival]) -> Int {
        var next: UInt32 = 0
        var count = 0
        for arrival in arrivals {
            if arrival.sequence < next { count += 1 } else { next = arrival.sequence + 1 }
        }
        return count
    }

    /// Seconds for which a run sent or received. It is over before its time only when it has accepted all it may.
    static func span(of run: LabRun, arrivals: [Arrival], traffic: LabTraffic) -> Double {
        let isFull = run.sentAt.count >= LabRecorder.messageLimit
        let sending = isFull ? run.sentAt.last ?? 0 : traffic.duration.wholeMicroseconds
        return Double(max(sending, arrivals.last?.at ?? 0)) / 1_000_000
    }
}

extension Duration {
    /// The duration in whole microseconds, rounded towards zero.
    package var wholeMicroseconds: Int64 { wholeNanoseconds / 1_000 }
}
