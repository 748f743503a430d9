import Testing

@testable import LinkSimulator

struct SplitMix64Tests {
    @Test func `the sequence is the published one`() {
        // The first outputs of the authors' C code for this seed.
        var generator = SplitMix64(seed: 1_234_567)
        let outputs = (0..<5).map { _ in generator.next() }
        #expect(
            outputs == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func `units fill the interval from 0 to 1 evenly`() {
        var generator = SplitMix64(seed: 7)
        var buckets = [Int](repeating: 0, count: 10)
        for _ in 0..<100_000 {
            let unit = generator.nextUnit()
            guard (0..<1).contains(unit) else {
                Issue.record("\(unit) is outside")
                return
            }
            buckets[Int(unit * 10)] += 1
        }
        // Three standard errors of a binomial count: 3 * sqrt(100000 * 0.1 * 0.9).
        #expect(buckets.allSatisfy { abs($0 - 10_000) < 285 })
    }

    @Test func `chances of 0 and 1 are certain`() {
        var generator = SplitMix64(seed: 1)
        #expect((0..<1000).allSatisfy { _ in !generator.chance(0) && generator.chance(1) })
    }

    @Test func `a fork goes its own way`() {
        var parent = SplitMix64(seed: 3)
        var first = parent.fork()
        var second = parent.fork()
        let outputs = [first.next(), second.next(), parent.next()]
        #expect(Set(outputs).count == 3)
    }
}
