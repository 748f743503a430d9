internal import Wire

/// Counts what was sent and what came in each piece of the time of a run, over several runs.
struct LabHistory {
    /// The shortest piece, in microseconds.
    private static let shortest: Int64 = 10_000

    private let width: Int64
    private var sent: [Int]
    private var latencies: [[Int64]]

    /// Pieces of 1, 2 or 5 times a power of ten, as many as the longest of these runs needs, but no more than
    /// ``LabResult/momentLimit``.
    init(for scenario: LabScenario, runs: [LabRun]) {
        var end = scenario.traffic.duration.wholeMicroseconds
        for run in runs { end = max(end, run.receptions.last?.at ?? 0, run.sentAt.last ?? 0) }
        // Two days: longer than a run can be.
        end = min(max(end, 1), 172_800_000_000)
        var power = Self.shortest
        var width = power
        while (end + width - 1) / width > LabResult.momentLimit {
            switch width / power {
            case 1: width = 2 * power
            case 2: width = 5 * power
            default:
                power *= 10
                width = power
            }
        }
        self.width = width
        let count = Int((end + width - 1) / width)
        sent = [Int](repeating: 0, count: count)
        latencies = [[Int64]](repeating: [], count: count)
    }

    mutating func add(_ sentAt: [Int64], _ arrivals: [LabResult.Arrival]) {
        for time in sentAt { sent[index(of: time)] += 1 }
        for arrival in arrivals { latencies[index(of: arrival.at)].append(arrival.latency) }
    }

    func moments() -> [LabMoment] {
        sent.indices.map { index in
            let sorted = latencies[index].sorted()
            return LabMoment(
                start: Int64(index) * width, sent: sent[index], delivered: sorted.count,
                p50: sorted.isEmpty ? nil : LabDistribution.nearestRank(500, of: sorted),
                p99: sorted.isEmpty ? nil : LabDistribution.nearestRank(990, of: sorted))
        }
    }

    private func index(of time: Int64) -> Int { Int(min(max(time / width, 0), Int64(sent.count - 1))) }
}
