import Lab
import Testing

@Suite struct LabSentenceTests {
    @Test func `a reliable ordered channel loses nothing and makes messages wait`() {
        let run = LabSamples.waitingRun(sent: 1_000, waiting: 20, milliseconds: 480)
        let result = LabResult(scenario: LabSamples.scenario(loss: 0.1, duration: .seconds(100)), runs: [run])
        #expect(
            result.sentence
                == "10 % loss, ordered reliable: nothing lost, 1 % of messages wait over 480 ms, 2 % later than 100 ms")
    }

    @Test func `a channel that does not try again loses and makes nobody wait`() {
        let arrivals = (0..<1_000).filter { $0 % 8 != 0 }.map { (UInt32($0), Int64(51), Int64?(0)) }
        let result = LabResult(
            scenario: LabSamples.scenario("unordered:rtx=0", loss: 0.125, duration: .seconds(100)),
            runs: [LabSamples.run(sent: 1_000, arrivals: arrivals)])
        #expect(
            result.sentence == "12.5 % loss, unordered maxRetransmits 0: 12.5 % lost, 99 % arrive within 51 ms")
    }

    @Test func `what takes longest is said where nobody can see who waits`() {
        let arrivals = (0..<200).map { (UInt32($0), Int64($0 < 5 ? 1_250 : 50), Int64?.none) }
        let result = LabResult(
            scenario: LabSamples.scenario("unordered", duration: .seconds(20)),
            runs: [LabSamples.run(sent: 200, arrivals: arrivals)])
        #expect(
            result.sentence
                == "50 ms delay, unordered reliable: nothing lost, half arrive within 50 ms, 1 % take over 1.3 s, 2.5 % later than 100 ms"
        )
    }

    @Test func `as fast as possible, what counts is how much`() {
        var scenario = LabSamples.scenario(rate: nil)
        scenario.link.forward.rate = 1_000_000
        let run = LabSamples.run(sent: 1_000, arrivals: (0..<1_000).map { (UInt32($0), 50, 0) })
        // 100,000 bytes in 99.95 s.
        #expect(
            LabResult(scenario: scenario, runs: [run]).sentence == "1 Mbit/s, ordered reliable: nothing lost, 8 kbit/s")
    }

    @Test func `numbers of one are singular, and few are counted`() {
        let one = LabSamples.run(sent: 1, arrivals: [(0, 50, nil)])
        #expect(
            LabResult(scenario: LabSamples.scenario(), runs: [one]).sentence
                == "50 ms delay, ordered reliable: the only message arrived, it took 50 ms")
        let lost = LabSamples.run(sent: 1, arrivals: [])
        #expect(
            LabResult(scenario: LabSamples.scenario(), runs: [lost]).sentence
                == "50 ms delay, ordered reliable: the only message lost")
        let all = LabSamples.run(sent: 20, arrivals: [])
        #expect(
            LabResult(scenario: LabSamples.scenario(loss: 1), runs: [all]).sentence
                == "100 % loss, ordered reliable: all 20 messages lost")
        let rare = LabSamples.run(sent: 5_000, arrivals: (1..<5_000).map { (UInt32($0), 50, nil) })
        #expect(
            LabResult(scenario: LabSamples.scenario(loss: 0.0001, duration: .seconds(500)), runs: [rare]).sentence
                == "0.01 % loss, ordered reliable: 1 of 5,000 messages lost, 99 % arrive within 50 ms")
    }

    @Test func `what could not even be sent is said`() {
        var run = LabSamples.run(sent: 10, arrivals: (0..<10).map { (UInt32($0), 50, nil) })
        run.offeredCount = 40
        #expect(
            LabResult(scenario: LabSamples.scenario(), runs: [run]).sentence
                == "50 ms delay, ordered reliable: nothing lost, all arrive within 50 ms, 75 % could not be sent")
        run = LabRun(seed: 1, offeredCount: 12)
        #expect(
            LabResult(scenario: LabSamples.scenario(), runs: [run]).sentence
                == "50 ms delay, ordered reliable: not one of 12 messages could be sent")
        run.offeredCount = 0
        #expect(
            LabResult(scenario: LabSamples.scenario(), runs: [run]).sentence
                == "50 ms delay, ordered reliable: no message was due")
    }

    @Test func `damage comes first, and order is told where it is lost`() {
        let swapped = (0..<100).map { (UInt32($0 ^ 1), Int64($0 % 2 == 0 ? 150 : 350), Int64?.none) }
        var run = LabSamples.run(sent: 100, arrivals: swapped)
        run.damagedCount = 1
        var scenario = LabSamples.scenario("unordered:rtx=0", duration: .seconds(10))
        scenario.traffic.late = .seconds(1)
        scenario.link.forward.burst = LabBurst(meanLength: 4, share: 0.02)
        scenario.link.forward.reorder = 0.005
        scenario.link.forward.blackouts = [LabBlackout(start: .seconds(1), length: .milliseconds(500))]
        #expect(
            LabResult(scenario: scenario, runs: [run]).sentence
                == "2 % loss in bursts of 4 packets, 0.5 % held back, a blackout of 500 ms, unordered maxRetransmits 0: "
                + "1 message damaged, nothing lost, half arrive within 150 ms, 1 % take over 350 ms, 50 % out of order")
    }

    @Test(
        arguments: [
            (0, "0 %"), (0.0001, "under 0.1 %"), (0.004, "0.4 %"), (0.0749, "7.5 %"), (0.0996, "10 %"), (0.1, "10 %"),
            (0.125, "12.5 %"), (0.7984, "79.8 %"), (0.7998, "80 %"), (0.899, "89.9 %"), (0.985, "98.5 %"),
            (0.9999, "over 99.9 %"), (1, "100 %"),
        ] as [(Double, String)]) func `shares`(share: Double, text: String)
    {
        #expect(LabText.share(share) == text)
    }

    @Test(
        arguments: [
            (0, "0 ms"), (40, "0 ms"), (400, "0.4 ms"), (7_450, "7.5 ms"), (9_949, "9.9 ms"), (9_951, "10 ms"),
            (480_400, "480 ms"), (999_400, "999 ms"), (999_600, "1 s"), (1_249_000, "1.2 s"), (61_000_000, "61 s"),
            (4_000_000_000, "4,000 s"), (.max, "9,223,372,036,855 s"), (-5, "0 ms"),
        ] as [(Int64, String)]) func `times`(microseconds: Int64, text: String)
    {
        #expect(LabText.time(microseconds) == text)
    }

    @Test(
        arguments: [
            (0, "0 bit/s"), (800, "800 bit/s"), (9_400, "9.4 kbit/s"), (12_000, "12 kbit/s"), (999_600, "1 Mbit/s"),
            (1_500_000, "1.5 Mbit/s"), (2e9, "2 Gbit/s"), (.infinity, "0 bit/s"), (.nan, "0 bit/s"),
            (1e15, "1,000 Tbit/s"),
        ] as [(Double, String)]) func `rates`(rate: Double, text: String)
    {
        #expect(LabText.bitRate(rate) == text)
    }
}
