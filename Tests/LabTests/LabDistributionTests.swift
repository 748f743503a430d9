import Lab
import Testing

@Suite struct LabDistributionTests {
    @Test func `percentiles are by nearest rank`() throws {
        let hundred = try #require(LabDistribution((1...100).reversed()))
        #expect(hundred.count == 100)
        #expect(hundred.mean == 50.5)
        #expect(hundred.p50 == 50)
        #expect(hundred.p90 == 90)
        #expect(hundred.p99 == 99)
        // ⌈0.999 · 100⌉ = 100
        #expect(hundred.p999 == 100)
        #expect(hundred.max == 100)
        let five = try #require(LabDistribution([15, 20, 35, 40, 50]))
        // ⌈2.5⌉ = 3, ⌈4.5⌉ = 5
        #expect(five.p50 == 35)
        #expect(five.p90 == 50)
        let one = try #require(LabDistribution([7]))
        #expect([one.p50, one.p90, one.p99, one.p999, one.max] == [7, 7, 7, 7, 7])
    }

    @Test func `of nothing there is no distribution`() {
        #expect(LabDistribution([]) == nil)
    }

    @Test func `the cumulative distribution grows, ends at all, and says how many are not larger`() throws {
        let few = try #require(LabDistribution([3, 1, 3, 8]))
        #expect(
            few.cdf == [LabPoint(value: 1, share: 0.25), LabPoint(value: 3, share: 0.75), LabPoint(value: 8, share: 1)])
        let values = (0..<100_000).map { Int64($0 / 3) }
        let many = try #require(LabDistribution(values))
        #expect(many.cdf.count <= LabDistribution.pointLimit)
        #expect(many.cdf.last == LabPoint(value: 33_333, share: 1))
        for (point, next) in zip(many.cdf, many.cdf.dropFirst()) {
            #expect(point.value < next.value && point.share < next.share)
        }
        // Every 500th value: rank 50,000 is value 49,999 / 3.
        #expect(many.cdf.contains { $0.share == 0.5 && $0.value == 16_666 })
    }
}
