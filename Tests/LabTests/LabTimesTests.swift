internal import LinkSimulator
internal import Testing

@testable internal import Lab

@Suite struct LabTimesTests {
    /// Times from microseconds to hours, many of them alike, as those of a link are.
    private static func samples(_ count: Int, seed: UInt64) -> [Int64] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            switch random.next() % 4 {
            case 0: Int64(random.next() % 2_000)
            case 1: 50_000 + Int64(random.next() % 100)
            case 2: Int64(random.next() >> (20 + random.next() % 40))
            default: 30_000 + Int64(random.next() % 500_000)
            }
        }
    }

    @Test(arguments: [4, 7, 10])
    func `what is read from ranges is right to half of a range`(_ bits: Int) {
        let values = Self.samples(20_000, seed: 5)
        var times = LabTimes(exactLimit: 100, bits: bits)
        for value in values { times.add(value) }
        #expect(!times.isExact && times.count == 20_000)
        let sorted = values.sorted()
        #expect(times.largest == sorted.last)
        #expect(abs(times.mean - sorted.reduce(0) { $0 + Double($1) } / 20_000) < 1)
        let ranks = Array(1...20_000)
        for (value, exact) in zip(times.values(ofRanks: ranks), sorted) {
            #expect(abs(value - exact) <= exact >> (bits + 1), "seed 5: \(value) for \(exact)")
        }
    }

    @Test func `the largest times have a range`() {
        var times = LabTimes(exactLimit: 0, bits: 10)
        for value: Int64 in [.max, 1 << 53, 0, -5] { times.add(value) }
        #expect(times.values(ofRanks: [1, 2, 4]) == [0, 0, .max])
    }

    @Test(arguments: [(0, 0), (0, 5_000), (5_000, 0), (5_000, 5_000), (20_000, 100)])
    func `joined times are those of all`(_ first: Int, _ second: Int) {
        let values = Self.samples(first + second, seed: 9)
        var (all, one, other) = (
            LabTimes(exactLimit: 6_000, bits: 7), LabTimes(exactLimit: 6_000, bits: 7),
            LabTimes(exactLimit: 6_000, bits: 7)
        )
        for value in values { all.add(value) }
        for value in values.prefix(first) { one.add(value) }
        for value in values.dropFirst(first) { other.add(value) }
        one.add(other)
        #expect(one.count == all.count && one.largest == all.largest && one.isExact == all.isExact)
        guard all.count > 0 else { return }
        let ranks = [1, (all.count + 1) / 2, all.count]
        #expect(one.values(ofRanks: ranks) == all.values(ofRanks: ranks))
    }

    @Test func `a distribution of many is that of all, to within what is promised`() throws {
        let values = Self.samples(50_000, seed: 3)
        let exact = try #require(LabDistribution(values))
        var times = LabTimes(exactLimit: 1_000, bits: 10)
        for value in values { times.add(value) }
        let folded = try #require(LabDistribution(times))
        #expect(folded.count == exact.count && folded.max == exact.max)
        for path in [\LabDistribution.p50, \.p90, \.p99, \.p999] {
            let difference = abs(Double(folded[keyPath: path] - exact[keyPath: path]))
            #expect(difference <= Double(exact[keyPath: path]) / 2048 + 1)
        }
        for (point, next) in zip(folded.cdf, folded.cdf.dropFirst()) {
            #expect(point.value < next.value && point.share < next.share)
        }
        #expect(folded.cdf.last == LabPoint(value: exact.max, share: 1))
    }
}
