import Testing
import Wire

@testable import MartletCLI

@Suite struct RateMeterTests {
    private func at(_ milliseconds: Int64) -> NetworkTime { NetworkTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `nothing is said before there is something to say`() {
        var meter = RateMeter(start: at(0))
        #expect(meter.rate(at: at(0)) == nil)
        meter.record(1000, at: at(200))
        #expect(meter.rate(at: at(299)) == nil)
        #expect(meter.timeLeft(1000, at: at(299)) == nil)
        #expect(meter.rate(at: at(400)) == 2500)
    }

    @Test func `a steady stream has its speed and its time left`() throws {
        var meter = RateMeter(start: at(0))
        for tick in 1...200 { meter.record(Int64(tick) * 100_000, at: at(Int64(tick) * 10)) }
        #expect(try #require(meter.rate(at: at(2000))) == 10_000_000)
        #expect(meter.timeLeft(50_000_000, at: at(2000)) == .seconds(5))
        #expect(meter.timeLeft(0, at: at(2000)) == .zero)
    }

    @Test func `the speed follows a change within three seconds, the time left in fifteen`() throws {
        var meter = RateMeter(start: at(0))
        var bytes: Int64 = 0
        for second in 1...60 {
            bytes += second <= 40 ? 1_000_000 : 4_000_000
            meter.record(bytes, at: at(Int64(second) * 1000))
            if second == 43 {
                #expect(meter.rate(at: at(43_000)) == 4_000_000)
                // 12 s at 1 MB/s and 3 s at 4.
                let left = try #require(meter.timeLeft(16_000_000, at: at(43_000)))
                #expect(left > .seconds(9) && left < .seconds(11))
            }
        }
        #expect(meter.timeLeft(16_000_000, at: at(60_000)) == .seconds(4))
    }

    @Test func `when nothing comes, the speed sinks to zero and the end is unknown`() {
        var meter = RateMeter(start: at(0))
        for second in 1...20 { meter.record(Int64(second) * 1_000_000, at: at(Int64(second) * 1000)) }
        #expect(meter.rate(at: at(21_000)).map { Int($0) } == 666_666)
        #expect(meter.rate(at: at(23_000)) == 0)
        #expect(meter.timeLeft(1, at: at(36_000)) == nil)
    }

    @Test func `counts that fall and times that run back are ignored`() {
        var meter = RateMeter(start: at(0), bytes: 500)
        meter.record(1500, at: at(1000))
        meter.record(100, at: at(1100))
        meter.record(9999, at: at(900))
        #expect(meter.rate(at: at(1000)) == 1000)
    }
}
