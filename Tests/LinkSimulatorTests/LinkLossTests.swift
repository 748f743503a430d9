import Testing
import Wire

@testable import LinkSimulator

struct LinkLossTests {
    @Test func `a perfect link delivers everything at once and in order`() {
        var link = SimulatedLink(seed: 1)
        let arrivals = run(&link, count: 1000)
        #expect(arrivals == (0..<1000).map { Arrival(number: $0, time: milliseconds(Int64($0))) })
        let statistics = link.statistics(from: .a)
        #expect(statistics.sentCount == 1000)
        #expect(statistics.sentBytes == 100_000)
        #expect(statistics.deliveredCount == 1000)
        #expect(statistics.deliveredBytes == 100_000)
        #expect(statistics.droppedCount == 0)
        #expect(statistics.reorderedCount == 0)
        #expect(link.statistics(from: .b) == LinkStatistics())
    }

    @Test(arguments: [0.001, 0.01, 0.05, 0.3, 0.9], [1, 2, 3] as [UInt64])
    func `independent loss takes its share`(probability: Double, seed: UInt64) {
        var link = SimulatedLink(seed: seed, settings: .init(delay: .milliseconds(20), loss: probability))
        let arrivals = run(&link, count: 10_000)
        let statistics = link.statistics(from: .a)
        #expect(isPlausible(statistics.lostCount, of: 10_000, probability: probability))
        #expect(arrivals.count == 10_000 - statistics.lostCount)
        #expect(statistics.deliveredCount == arrivals.count)
    }

    @Test func `loss of 1 loses everything and loss of 0 nothing`() {
        for (probability, expected) in [(0.0, 500), (1.0, 0)] {
            var link = SimulatedLink(seed: 9, settings: .init(delay: .zero, loss: probability))
            #expect(run(&link, count: 500).count == expected)
        }
    }

    @Test(arguments: [(1.0, 0.02), (3.0, 0.05), (10.0, 0.1)], [4, 5] as [UInt64])
    func `a Gilbert-Elliott chain loses its share in bursts of its mean length`(
        chain: (meanBurst: Double, averageLoss: Double), seed: UInt64
    ) {
        var settings = LinkSettings()
        settings.burstLoss = GilbertElliott(meanBurst: chain.meanBurst, averageLoss: chain.averageLoss)
        var link = SimulatedLink(seed: seed, settings: settings)
        let count = 40_000
        let arrived = Set(run(&link, count: count).map(\.number))
        var bursts: [Int] = []
        var length = 0
        for number in 0..<count {
            if !arrived.contains(number) {
                length += 1
            } else if length > 0 {
                bursts.append(length)
                length = 0
            }
        }
        let mean = Double(bursts.reduce(0, +)) / Double(bursts.count)
        // Burst lengths are geometric with mean m: their standard deviation is sqrt(m * (m - 1)). With m = 1 each
        // bad spell is one datagram, and bursts are longer only where spells touch, which the chain cannot do.
        let error = (chain.meanBurst * (chain.meanBurst - 1) / Double(bursts.count)).squareRoot()
        #expect(abs(mean - chain.meanBurst) <= 3 * error)
        // Losses within a burst are not independent: the variance of their number is about 2m - 1 times the binomial.
        let lost = Double(link.statistics(from: .a).lostCount)
        let expected = Double(count) * chain.averageLoss
        let spread = (expected * (1 - chain.averageLoss) * (2 * chain.meanBurst - 1)).squareRoot()
        #expect(abs(lost - expected) <= 3 * spread)
    }

    @Test func `a chain may lose in its good state and deliver in its bad one`() {
        var settings = LinkSettings()
        settings.burstLoss = GilbertElliott(goodToBad: 0, badToGood: 1, lossInGood: 0.1, lossInBad: 0)
        var link = SimulatedLink(seed: 6, settings: settings)
        _ = run(&link, count: 20_000)
        #expect(isPlausible(link.statistics(from: .a).lostCount, of: 20_000, probability: 0.1))
        settings.burstLoss = GilbertElliott(goodToBad: 1, badToGood: 0, lossInGood: 1, lossInBad: 0)
        link = SimulatedLink(seed: 6, settings: settings)
        #expect(run(&link, count: 100).count == 100)
    }

    @Test func `a blackout takes what would leave within it`() {
        var settings = LinkSettings(delay: .milliseconds(30))
        settings.blackouts = [milliseconds(100)..<milliseconds(200), milliseconds(250)..<milliseconds(251)]
        var link = SimulatedLink(seed: 1, settings: settings)
        let numbers = run(&link, count: 300).map(\.number)
        #expect(numbers == Array(0..<100) + Array(200..<250) + Array(251..<300))
        #expect(link.statistics(from: .a).blackoutDropCount == 101)
    }

    @Test func `datagrams above the MTU are dropped`() {
        var settings = LinkSettings()
        settings.mtu = 1200
        var link = SimulatedLink(seed: 1, settings: settings)
        for size in [1199, 1200, 1201, 65507] { link.send([UInt8](repeating: 0, count: size), from: .a, at: .zero) }
        var sizes: [Int] = []
        while let (_, bytes) = link.receive(at: .zero) { sizes.append(bytes.count) }
        #expect(sizes == [1199, 1200])
        #expect(link.statistics(from: .a).oversizeDropCount == 2)
    }

    @Test func `the same seed gives the same outcome and another seed another`() {
        var settings = LinkSettings(delay: .milliseconds(20), loss: 0.05, rate: 1_000_000, queueBytes: 3000)
        settings.jitter = .milliseconds(10)
        settings.reorder = 0.02
        settings.reorderDelay = .milliseconds(15)
        settings.duplicate = 0.02
        settings.burstLoss = GilbertElliott(meanBurst: 4, averageLoss: 0.02)
        var links = [11, 11, 12].map { SimulatedLink(seed: $0, settings: settings) }
        let outcomes = links.indices.map { run(&links[$0], count: 2000) }
        #expect(outcomes[0] == outcomes[1])
        #expect(outcomes[0] != outcomes[2])
        #expect(links[0].statistics(from: .a) == links[1].statistics(from: .a))
    }

    @Test func `changing the delay does not change which datagrams are lost`() {
        var settings = LinkSettings(delay: .milliseconds(20), loss: 0.1)
        var first = SimulatedLink(seed: 5, settings: settings)
        settings.delay = .milliseconds(90)
        settings.jitter = .milliseconds(30)
        settings.duplicate = 0.1
        var second = SimulatedLink(seed: 5, settings: settings)
        #expect(Set(run(&first, count: 2000).map(\.number)) == Set(run(&second, count: 2000).map(\.number)))
    }

    @Test func `each direction has its own settings and its own luck`() {
        var link = SimulatedLink(
            seed: 1, settings: .init(delay: .milliseconds(10), loss: 0.5), reverse: .init(delay: .milliseconds(70)))
        for number in 0..<1000 {
            link.send(numbered(number), from: .a, at: .zero)
            link.send(numbered(number), from: .b, at: .zero)
        }
        #expect(link.nextArrival() == milliseconds(10))
        #expect(link.receive(at: milliseconds(9)) == nil)
        while let (end, _) = link.receive(at: milliseconds(10)) { #expect(end == .b) }
        #expect(link.nextArrival() == milliseconds(70))
        while let (end, _) = link.receive(at: milliseconds(70)) { #expect(end == .a) }
        #expect(link.nextArrival() == nil)
        #expect(isPlausible(link.statistics(from: .a).lostCount, of: 1000, probability: 0.5))
        #expect(link.statistics(from: .b).deliveredCount == 1000)

        var symmetric = SimulatedLink(seed: 1, settings: .init(delay: .zero, loss: 0.5))
        for number in 0..<200 {
            symmetric.send(numbered(number), from: .a, at: .zero)
            symmetric.send(numbered(number), from: .b, at: .zero)
        }
        var received: [LinkEnd: [[UInt8]]] = [:]
        while let (end, bytes) = symmetric.receive(at: .zero) { received[end, default: []].append(bytes) }
        #expect(received[.a] != received[.b])
    }
}
