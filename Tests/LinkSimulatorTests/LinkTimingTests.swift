import Testing
import Wire

@testable import LinkSimulator

struct LinkTimingTests {
    @Test func `constant delay keeps order and spacing`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .milliseconds(50)))
        let arrivals = run(&link, count: 500)
        #expect(arrivals == (0..<500).map { Arrival(number: $0, time: milliseconds(Int64($0) + 50)) })
    }

    @Test func `nothing is received before it arrives`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .milliseconds(50)))
        link.send([1], from: .a, at: .zero)
        #expect(link.nextArrival() == milliseconds(50))
        let justBefore = NetworkTime(nanoseconds: milliseconds(50).nanoseconds - 1)
        #expect(link.receive(at: justBefore) == nil)
        #expect(link.receive(at: milliseconds(50))?.bytes == [1])
        #expect(link.receive(at: milliseconds(50)) == nil)
    }

    @Test func `jitter is uniform between none and its bound`() {
        var settings = LinkSettings(delay: .milliseconds(10))
        settings.jitter = .milliseconds(40)
        var link = SimulatedLink(seed: 2, settings: settings)
        let count = 20_000
        let arrivals = run(&link, count: count)
        let jitters = arrivals.map {
            Double($0.time.nanoseconds - milliseconds(Int64($0.number) + 10).nanoseconds) / 1e6
        }
        #expect(jitters.allSatisfy { (0..<40).contains($0) })
        // A uniform variable of width w has the standard deviation w / sqrt(12).
        let mean = jitters.reduce(0, +) / Double(count)
        #expect(abs(mean - 20) <= 3 * 40 / (12 * Double(count)).squareRoot())
        #expect(link.statistics(from: .a).reorderedCount > 0)
        #expect(Set(arrivals.map(\.number)).count == count)
    }

    @Test func `jitter can keep order`() {
        var settings = LinkSettings(delay: .milliseconds(10))
        settings.jitter = .milliseconds(40)
        settings.jitterKeepsOrder = true
        var link = SimulatedLink(seed: 2, settings: settings)
        #expect(run(&link, count: 5000).map(\.number) == Array(0..<5000))
        #expect(link.statistics(from: .a).reorderedCount == 0)
    }

    @Test func `held back datagrams are overtaken`() {
        var settings = LinkSettings(delay: .milliseconds(10))
        settings.reorder = 0.1
        settings.reorderDelay = .microseconds(2500)
        var link = SimulatedLink(seed: 3, settings: settings)
        let count = 10_000
        let arrivals = run(&link, count: count)
        let statistics = link.statistics(from: .a)
        #expect(isPlausible(statistics.heldBackCount, of: count, probability: 0.1))
        for arrival in arrivals {
            let delay = arrival.time.nanoseconds - milliseconds(Int64(arrival.number)).nanoseconds
            #expect(delay == 10_000_000 || delay == 12_500_000)
        }
        #expect(arrivals.count { $0.time.nanoseconds % 1_000_000 != 0 } == statistics.heldBackCount)
        // Two datagrams pass in 2.5 ms: only where both are held back too is nothing overtaken.
        #expect(statistics.reorderedCount <= statistics.heldBackCount)
        #expect(isPlausible(statistics.reorderedCount, of: statistics.heldBackCount, probability: 0.99))
    }

    @Test func `duplicates arrive after their originals and are counted`() {
        var settings = LinkSettings(delay: .milliseconds(10))
        settings.duplicate = 0.05
        var link = SimulatedLink(seed: 4, settings: settings)
        let arrivals = run(&link, count: 20_000)
        let statistics = link.statistics(from: .a)
        #expect(isPlausible(statistics.duplicatedCount, of: 20_000, probability: 0.05))
        #expect(arrivals.count == 20_000 + statistics.duplicatedCount)
        #expect(statistics.deliveredCount == arrivals.count)
        #expect(zip(arrivals, arrivals.dropFirst()).count { $0.number == $1.number } == statistics.duplicatedCount)
    }

    @Test(arguments: [1_000_000, 7_777_777, 100_000_000, 3] as [UInt64])
    func `the rate is exact over any number of datagrams`(rate: UInt64) {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .zero, rate: rate))
        let count = 1000
        // All at once: the link is busy without a gap.
        let arrivals = run(&link, count: count, bytes: 1191, every: .zero)
        #expect(arrivals.map(\.number) == Array(0..<count))
        for (index, arrival) in arrivals.enumerated() {
            // The instant the last bit leaves, rounded down to a nanosecond; no error adds up.
            let bits = UInt64(index + 1) * 1191 * 8
            let expected = bits.multipliedFullWidth(by: 1_000_000_000)
            #expect(UInt64(arrival.time.nanoseconds) == rate.dividingFullWidth(expected).quotient)
        }
    }

    @Test func `an idle link does not save up its rate`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .milliseconds(5), rate: 8_000_000))
        link.send([UInt8](repeating: 0, count: 1000), from: .a, at: .zero)
        link.send([UInt8](repeating: 0, count: 1000), from: .a, at: milliseconds(500))
        link.send([UInt8](repeating: 0, count: 1000), from: .a, at: milliseconds(500))
        var times: [NetworkTime] = []
        while let time = link.nextArrival() {
            _ = link.receive(at: time)
            times.append(time)
        }
        // 1000 bytes take 1 ms at 8 Mbit/s.
        #expect(times == [6, 506, 507].map(milliseconds))
    }

    @Test func `header bytes use the rate and are not counted as payload`() {
        var settings = LinkSettings(delay: .zero, rate: 8000)
        settings.headerBytes = 28
        var link = SimulatedLink(seed: 1, settings: settings)
        link.send([UInt8](repeating: 0, count: 72), from: .a, at: .zero)
        #expect(link.nextArrival() == milliseconds(100))
        _ = link.receive(at: milliseconds(100))
        #expect(link.statistics(from: .a).deliveredBytes == 72)
    }

    @Test func `what does not fit the queue is dropped and counted, and room comes back with time`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .zero, rate: 8_000_000, queueBytes: 5000))
        for number in 0..<8 { link.send(numbered(number, bytes: 1000), from: .a, at: .zero) }
        #expect(link.statistics(from: .a).queueDropCount == 3)
        // After 2 ms two have left.
        for number in 8..<12 { link.send(numbered(number, bytes: 1000), from: .a, at: milliseconds(2)) }
        #expect(link.statistics(from: .a).queueDropCount == 5)
        var arrivals: [NetworkTime] = []
        while let time = link.nextArrival() {
            _ = link.receive(at: time)
            arrivals.append(time)
        }
        #expect(arrivals == (1...7).map(milliseconds))
    }

    @Test func `an idle link takes a datagram larger than its queue`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .zero, rate: 8_000_000, queueBytes: 10))
        link.send([UInt8](repeating: 0, count: 1000), from: .a, at: .zero)
        link.send([1], from: .a, at: .zero)
        #expect(link.statistics(from: .a).queueDropCount == 1)
        #expect(link.nextArrival() == milliseconds(1))
    }

    @Test func `a queue under overload delivers at its rate and drops the rest`() {
        // 12.5 MB/s offered twice over for one second; the queue holds 64 KiB.
        var link = SimulatedLink(
            seed: 1, settings: .init(delay: .milliseconds(25), rate: 100_000_000, queueBytes: 65536))
        let arrivals = run(&link, count: 25_000, bytes: 1000, every: .microseconds(40))
        let statistics = link.statistics(from: .a)
        #expect(statistics.sentCount == statistics.deliveredCount + statistics.queueDropCount)
        // One second at the rate, and what the queue held at its end.
        #expect((12_500...12_566).contains(statistics.deliveredCount))
        let delays = arrivals.map { $0.time.nanoseconds - Int64($0.number) * 40_000 }
        // 64 KiB take 5.243 ms at 100 Mbit/s.
        #expect(delays.allSatisfy { (25_080_000...30_243_000).contains($0) })
    }

    @Test func `changed settings concern what is sent afterwards`() {
        var link = SimulatedLink(seed: 1, settings: .init(delay: .milliseconds(100)))
        link.send([1], from: .a, at: .zero)
        var settings = link.settings(from: .a)
        settings.delay = .milliseconds(5)
        link.setSettings(settings, from: .a)
        link.send([2], from: .a, at: .zero)
        #expect(link.settings(from: .b).delay == .milliseconds(100))
        #expect(link.receive(at: milliseconds(5))?.bytes == [2])
        #expect(link.receive(at: milliseconds(100))?.bytes == [1])
        #expect(link.statistics(from: .a).reorderedCount == 1)
    }
}
