import Testing

@testable import Transfer

/// The limit of bytes per second, in virtual time.
struct RateLimitTests {
    @Test(arguments: [10_000, 5_000_000, 250_000_000] as [Int64])
    func `bytes go at the limit and smoothly`(bytesPerSecond: Int64) {
        var bucket = TokenBucket(bytesPerSecond: bytesPerSecond)
        let lot = bucket.lotBytes
        var now = Duration.zero
        var sent: Int64 = 0
        var longest = Duration.zero
        while now < .seconds(20) {
            let wait = bucket.reserve(lot, at: now)
            longest = max(longest, wait)
            now += wait
            sent += Int64(lot)
            // Never more than the limit, the burst and one lot.
            let seconds = Double(now.components.seconds) + Double(now.components.attoseconds) / 1e18
            #expect(Double(sent) <= (seconds + 0.041) * Double(bytesPerSecond) + Double(lot))
        }
        #expect(abs(Double(sent) / 20 / Double(bytesPerSecond) - 1) < 0.02)
        #expect(longest <= max(.milliseconds(21), .seconds(1_025.0 / Double(bytesPerSecond))))
    }

    @Test func `an idle hour is not caught up`() {
        var bucket = TokenBucket(bytesPerSecond: 1_000_000)
        _ = bucket.reserve(1_000, at: .zero)
        var now = Duration.seconds(3_600)
        var free = 0
        while bucket.reserve(1_000, at: now) == .zero { free += 1_000 }
        #expect(free == 41_000 || free == 40_000)
        now += .seconds(1)
        #expect(bucket.reserve(1_000, at: now) == .zero)
    }

    @Test func `several share one limit in turn`() {
        var bucket = TokenBucket(bytesPerSecond: 1_000)
        #expect(bucket.reserve(1_000, at: .seconds(10)) == .zero)
        let first = bucket.reserve(500, at: .seconds(10))
        let second = bucket.reserve(500, at: .seconds(10))
        #expect(first == .milliseconds(960) && second == .milliseconds(1_460))
    }
}
