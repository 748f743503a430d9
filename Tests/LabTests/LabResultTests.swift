import Lab
import Testing

@Suite struct LabResultTests {
    @Test func `delivered, lost, late, twice and out of order are counted`() {
        // Sent 0 to 9. 3 and 7 never come; 2 comes behind 4, 5 twice; 6 after 300 ms.
        let run = LabSamples.run(
            sent: 10,
            arrivals: [
                (0, 50, nil), (1, 50, nil), (4, 50, nil), (2, 260, nil), (5, 50, nil), (5, 60, nil), (8, 50, nil),
                (9, 50, nil), (6, 300, nil),
            ])
        let result = LabResult(scenario: LabSamples.scenario("unordered:rtx=0"), runs: [run])
        #expect(result.offered == 10)
        #expect(result.accepted == 10)
        #expect(result.delivered == 8)
        #expect(result.lost == 2)
        #expect(result.late == 2)
        #expect(result.duplicated == 1)
        // 2 behind 4, and 6 behind 9.
        #expect(result.outOfOrder == 2)
        #expect(result.latency?.p50 == 50_000)
        #expect(result.latency?.max == 300_000)
        #expect(result.latency?.count == 8)
        #expect(result.waiting == nil && result.waitingShare == nil)
        // 800 bytes in the second that messages were sent; the last came before its end.
        #expect(result.goodput == 6_400)
        #expect(result.overhead == nil && result.retransmissions == nil)
    }

    @Test func `RFC 4737 counts those behind a larger number, not those before`() {
        // 1 2 3 5 4 6 of section 3: one reordered. Then 9 8 7: two.
        let order: [UInt32] = [1, 2, 3, 5, 4, 6, 9, 8, 7]
        let run = LabSamples.run(sent: 10, arrivals: order.map { ($0, 2_000, nil) })
        #expect(LabResult(scenario: LabSamples.scenario("unordered"), runs: [run]).outOfOrder == 3)
    }

    @Test func `waiting is what a message did though it had arrived`() {
        let result = LabResult(
            scenario: LabSamples.scenario(), runs: [LabSamples.waitingRun(sent: 10, waiting: 2, milliseconds: 200)])
        #expect(result.waitingShare == 0.2)
        #expect(result.waiting?.p50 == 0)
        #expect(result.waiting?.p90 == 200_000)
        #expect(result.late == 2)
    }

    @Test func `several runs are added up, and each is kept in short`() {
        var first = LabSamples.run(sent: 10, arrivals: [(0, 50, nil), (1, 70, nil)], seed: 5)
        first.offeredCount = 15
        first.damagedCount = 1
        var second = LabSamples.run(sent: 4, arrivals: [(0, 150, nil)], seed: .max)
        second.clockError = 700
        let result = LabResult(scenario: LabSamples.scenario(seeds: [5, .max]), runs: [first, second])
        #expect(result.offered == 19)
        #expect(result.accepted == 14)
        #expect(result.delivered == 3)
        #expect(result.damaged == 1)
        #expect(result.latency?.p50 == 70_000)
        #expect(
            result.runs == [
                LabRunSummary(
                    seed: 5, offered: 15, accepted: 10, delivered: 2, late: 0, damaged: 1, p50: 50_000, p99: 70_000,
                    clockError: nil),
                LabRunSummary(
                    seed: .max, offered: 4, accepted: 4, delivered: 1, late: 1, damaged: 0, p50: 150_000, p99: 150_000,
                    clockError: 700),
            ])
        // 300 bytes in two runs of a second.
        #expect(result.goodput == 1_200)
    }

    @Test func `overhead and retransmissions are known when every run knows them`() {
        var run = LabSamples.run(sent: 2, arrivals: [(0, 50, nil), (1, 50, nil)])
        run.wire = LabWire(
            forward: LabWireCount(datagrams: 3, bytes: 240, dropped: 1), back: LabWireCount(datagrams: 2, bytes: 60))
        run.packets = LabPackets(dataChunks: 3, retransmitted: 1)
        let two = LabResult(scenario: LabSamples.scenario(), runs: [run, run])
        // 600 bytes on the wire for 400 delivered.
        #expect(two.overhead == 0.5)
        #expect(two.retransmissions == 2)
        #expect(two.packets?.dataChunks == 6)
        #expect(two.wire?.forward == LabWireCount(datagrams: 6, bytes: 480, dropped: 2))
        var blind = run
        blind.wire = nil
        blind.packets = nil
        let mixed = LabResult(scenario: LabSamples.scenario(), runs: [run, blind])
        #expect(mixed.overhead == nil && mixed.wire == nil && mixed.retransmissions == nil)
        var echo = run
        echo.isRoundTrip = true
        // There and back: 300 bytes for 400.
        #expect(LabResult(scenario: LabSamples.scenario(), runs: [echo]).overhead == -0.25)
    }

    @Test func `the timeline says what was sent and what came when`() {
        // A second in pieces of 10 ms: ten messages, of which 5 comes 400 ms late.
        let arrivals = (0..<9).map { (UInt32($0), Int64($0 == 5 ? 400 : 50), Int64?.none) }
        let result = LabResult(
            scenario: LabSamples.scenario(), runs: [LabSamples.run(sent: 10, arrivals: arrivals)])
        #expect(result.timeline.count == 100)
        #expect(result.timeline[20] == LabMoment(start: 200_000, sent: 1, delivered: 0, p50: nil, p99: nil))
        #expect(result.timeline[25] == LabMoment(start: 250_000, sent: 0, delivered: 1, p50: 50_000, p99: 50_000))
        #expect(result.timeline[90].delivered == 1)
        #expect(result.timeline[90].p99 == 400_000)
        #expect(result.timeline.reduce(0) { $0 + $1.sent } == 10)
        #expect(result.timeline.reduce(0) { $0 + $1.delivered } == 9)
    }

    @Test(arguments: [
        // 1.2 s / 10 ms are 120 pieces; a minute needs 500 ms, an hour half a minute at least: 50 s.
        (Duration.milliseconds(1_200), 10_000, 120), (.milliseconds(1_201), 20_000, 61), (.seconds(60), 500_000, 120),
        (.seconds(3_600), 50_000_000, 72),
    ]) func `the pieces of the timeline are round and few`(duration: Duration, width: Int64, count: Int) {
        let result = LabResult(
            scenario: LabSamples.scenario(duration: duration), runs: [LabSamples.run(sent: 1, arrivals: [])])
        #expect(result.timeline.count == count)
        #expect(result.timeline[1].start == width)
    }

    @Test func `no time that a partner claims breaks anything`() {
        let times: [Int64] = [.min, .max, -1, 0, 1 << 60]
        let run = LabRun(
            seed: 1, offeredCount: 5, sentAt: times,
            receptions: times.enumerated().map {
                LabReception(sequence: UInt32($0), at: $1 == .max ? .min : .max, waited: $1)
            } + [LabReception(sequence: .max, at: 0)], damagedCount: 0)
        let result = LabResult(scenario: LabSamples.scenario(), runs: [run])
        #expect(result.delivered == 5)
        #expect(result.timeline.count <= LabResult.momentLimit)
        #expect(!result.sentence.isEmpty)
    }

    @Test func `without any message there are no shares`() {
        let result = LabResult(scenario: LabSamples.scenario(), runs: [])
        #expect(result.latency == nil && result.deliveredShare == nil && result.goodput == nil)
        #expect(result.timeline.allSatisfy { $0.sent == 0 })
    }
}
