internal import Wire

/// Counts what was sent and what came in each piece of the time of a run, over several runs. Bounded, however many they
/// are.
struct LabHistory {
    /// The shortest piece, in microseconds.
    private static let shortest: Int64 = 10_000
    /// Pieces that are counted: ten times as many as are told, so that a longer run can still be joined to those
    /// before.
    private static let pieceLimit = LabResult.momentLimit * 10
    /// Latencies of a piece that are kept as they are; of more, percentiles are right to 1/256.
    private static let exactLimit = 2_000
    private static let bits = 7
    /// Two days: longer than a run can be.
    private static let longest: Int64 = 172_800_000_000

    private struct Piece {
        var sent = 0
        var latencies = LabTimes(exactLimit: LabHistory.exactLimit, bits: LabHistory.bits)

        mutating func add(_ other: Piece) {
            sent += other.sent
            latencies.add(other.latencies)
        }
    }

    /// Microseconds; a power of ten.
    private var width = Self.shortest
    private var pieces: [Piece] = []
    /// How long the longest run took.
    private var end: Int64

    init(for scenario: LabScenario) {
        end = min(max(scenario.traffic.duration.wholeMicroseconds, 1), Self.longest)
        widen()
    }

    mutating func add(_ run: LabRun, _ arrivals: [LabResult.Arrival]) {
        end = min(max(end, run.receptions.last?.at ?? 0, run.sentAt.last ?? 0), Self.longest)
        widen()
        for time in run.sentAt { pieces[index(of: time)].sent += 1 }
        for arrival in arrivals { pieces[index(of: arrival.at)].latencies.add(arrival.latency) }
    }

    /// Pieces of 1, 2 or 5 times a power of ten, as many as the longest run needs, but no more than
    /// ``LabResult/momentLimit``.
    func moments() -> [LabMoment] {
        let factor = [1, 2, 5, 10].first { Self.count(end, in: width * Int64($0)) <= LabResult.momentLimit } ?? 10
        return stride(from: 0, to: pieces.count, by: factor).map { start in
            var whole = pieces[start]
            for piece in pieces[start..<min(start + factor, pieces.count)].dropFirst() { whole.add(piece) }
            let count = whole.latencies.count
            let times = whole.latencies.values(
                ofRanks: count > 0 ? [500, 990].map { LabDistribution.rank($0, of: count) } : [])
            return LabMoment(
                start: Int64(start) * width, sent: whole.sent, delivered: count, p50: times.first, p99: times.last)
        }
    }

    /// Makes room for the whole of the time.
    private mutating func widen() {
        while Self.count(end, in: width) > Self.pieceLimit {
            width *= 10
            pieces = stride(from: 0, to: pieces.count, by: 10).map { start in
                var whole = pieces[start]
                for piece in pieces[start..<min(start + 10, pieces.count)].dropFirst() { whole.add(piece) }
                return whole
            }
        }
        pieces += repeatElement(Piece(), count: max(0, Self.count(end, in: width) - pieces.count))
    }

    private func index(of time: Int64) -> Int { Int(min(max(time / width, 0), Int64(pieces.count - 1))) }

    private static func count(_ time: Int64, in width: Int64) -> Int { Int((time + width - 1) / width) }
}
