#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A point of a cumulative distribution.
package struct LabPoint: Hashable, Sendable {
    /// Microseconds.
    package var value: Int64
    /// The share of all values that are not larger, above 0 up to 1.
    package var share: Double

    package init(value: Int64, share: Double) {
        self.value = value
        self.share = share
    }
}

/// How a time is distributed over messages, in microseconds. Percentiles are by nearest rank: the smallest value that
/// at least this share of all values does not exceed.
package struct LabDistribution: Hashable, Sendable {
    /// The most points of ``cdf``.
    package static let pointLimit = 200
    /// Of fewer values than this the 99th percentile is the largest: nothing exceeds it, and nobody says "1 % take
    /// over".
    package static let percentCount = 100

    package var count: Int
    package var mean: Double
    package var p50: Int64
    package var p90: Int64
    package var p99: Int64
    package var p999: Int64
    package var max: Int64
    /// The cumulative distribution from the smallest value to the largest, both growing.
    package var cdf: [LabPoint]

    package init(
        count: Int, mean: Double, p50: Int64, p90: Int64, p99: Int64, p999: Int64, max: Int64, cdf: [LabPoint]
    ) {
        self.count = count
        self.mean = mean
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.max = max
        self.cdf = cdf
    }

    /// The distribution of these values; nil when there are none.
    package init?(_ values: [Int64]) {
        var times = LabTimes(exactLimit: .max, bits: 1)
        for value in values { times.add(value) }
        self.init(times)
    }

    /// The distribution of these times; nil when there are none.
    init?(_ times: LabTimes) {
        guard times.count > 0 else { return nil }
        count = times.count
        mean = times.mean
        max = times.largest
        let percentiles = times.values(ofRanks: [500, 900, 990, 999].map { Self.rank($0, of: times.count) })
        (p50, p90, p99, p999) = (percentiles[0], percentiles[1], percentiles[2], percentiles[3])
        cdf = Self.points(of: times)
    }

    /// Whether one percent of the values are a value at least; see ``percentCount``.
    package var hasOnePercent: Bool { count >= Self.percentCount }

    /// The value of ``rank(_:of:)``.
    package static func nearestRank(_ thousandths: Int, of sorted: [Int64]) -> Int64 {
        sorted[rank(thousandths, of: sorted.count) - 1]
    }

    /// ⌈thousandths · count / 1000⌉, counted from 1.
    static func rank(_ thousandths: Int, of count: Int) -> Int { Swift.max(1, (count * thousandths + 999) / 1000) }

    /// All, of few values. Of many, two thirds of the points in even steps, and the others among the largest tenth, as
    /// densely for each nine more: 99 %, 99.9 %.
    private static func points(of times: LabTimes) -> [LabPoint] {
        let count = times.count
        var ranks = Set(1...Swift.min(pointLimit, count))
        if count > pointLimit {
            let even = pointLimit * 2 / 3 / 2 * 2
            ranks = Set((1...even).map { count * $0 / even })
            var rest = Double(count) / 10
            let factor = exp(-log(rest) / Double(pointLimit - even - 1))
            for _ in even..<pointLimit {
                ranks.insert(count - Swift.min(count - 1, Int(rest.rounded())))
                rest *= factor
            }
        }
        var points: [LabPoint] = []
        let inOrder = ranks.sorted()
        for (rank, value) in zip(inOrder, times.values(ofRanks: inOrder)) {
            let point = LabPoint(value: value, share: Double(rank) / Double(count))
            // Of equal values, the last says how many are not larger.
            if points.last?.value == point.value { points[points.count - 1] = point } else { points.append(point) }
        }
        return points
    }
}
