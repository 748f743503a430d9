internal import Testing

@testable internal import Lab

@Suite struct LabTallyTests {
    @Test func `a longer run behind a shorter one changes nothing but the pieces`() {
        let short = LabSamples.run(sent: 10, arrivals: (0..<10).map { (UInt32($0), 50, nil) })
        // What was sent last comes five minutes later.
        let long = LabSamples.run(
            sent: 10, arrivals: (0..<10).map { (UInt32($0), $0 == 9 ? 300_000 : 60, nil) }, seed: 2)
        let scenario = LabSamples.scenario(seeds: [1, 2])
        let one = LabResult(scenario: scenario, runs: [short, long])
        let other = LabResult(scenario: scenario, runs: [long, short])
        #expect(one.timeline == other.timeline)
        #expect(one.latency == other.latency)
        #expect(one.timeline.count == 61 && one.timeline[1].start == 5_000_000)
        #expect(one.timeline[0].sent == 20 && one.timeline[0].delivered == 19)
        #expect(one.timeline[60].delivered == 1 && one.timeline[60].p50 == 300_000_000)
    }

    @Test func `runs that failed stand beside those that were made`() {
        var tally = LabTally(LabSamples.scenario(seeds: [1, 2, 3]))
        #expect(tally.isEmpty)
        tally.add(LabFailure(seed: 1, reason: "the page was closed", isTriedAgain: true))
        tally.add(LabSamples.run(sent: 1, arrivals: [(0, 50, nil)]))
        for isTriedAgain in [true, false] {
            tally.add(LabFailure(seed: 2, reason: "no way", isTriedAgain: isTriedAgain))
        }
        let result = tally.result
        #expect(!tally.isEmpty && result.runs.map(\.seed) == [1] && result.failedRuns.map(\.seed) == [2])
        #expect(result.sentence.hasSuffix("the only message arrived, it took 50 ms, 1 of 3 runs failed (no way)"))
        #expect(
            result.failureWords == [
                "seed 1: the page was closed (tried once more)", "seed 2: no way (tried once more)", "seed 2: no way",
            ])
    }

    @Test func `a run that was to be tried once more has not failed`() {
        var tally = LabTally(LabSamples.scenario(seeds: [1, 2, 3]))
        tally.add(LabFailure(seed: 1, reason: "no way", isTriedAgain: true))
        #expect(tally.result.sentence == "50 ms delay, ordered reliable: no run was finished (no way)")
        #expect(
            LabResult(scenario: LabSamples.scenario()).sentence
                == "50 ms delay, ordered reliable: no run was finished")
    }

    @Test func `a scenario without a run says why`() {
        var tally = LabTally(LabSamples.scenario(loss: 0.1, seeds: [1, 2]))
        for seed: UInt64 in [1, 2] {
            tally.add(LabFailure(seed: seed, reason: "reason \(seed)", isTriedAgain: false))
        }
        #expect(
            tally.result.sentence == "10 % loss, ordered reliable: no run came about (the first: reason 1)")
        #expect(tally.result.latency == nil && tally.result.wire == nil)
    }

    @Test func `what failed is in every form of a report, and is read again`() throws {
        var tally = LabTally(LabSamples.scenario(seeds: [1, .max]))
        tally.add(LabFailure(seed: 1, reason: "=1+1, \"<b>\"", isTriedAgain: true))
        tally.add(LabSamples.run(sent: 1, arrivals: [(0, 50, nil)]))
        tally.add(LabFailure(seed: .max, reason: String(repeating: "é", count: 500), isTriedAgain: false))
        let plan = LabPlan(title: "plan", medium: .shaped, scenarios: [tally.result.scenario])
        let report = LabReport(
            plan: plan, results: [tally.result], conductor: "a", partner: "b", version: "1", made: 0)
        #expect(try LabReport(json: report.json).results[0].failures == tally.result.failures)
        #expect(try LabReport(json: report.json) == report)
        #expect(report.csv.contains("\"seed 1: =1+1, \"\"<b>\"\" (tried once more); seed 18446744073709551615: éé"))
        let page = LabReportPage(report).html
        #expect(
            page.contains("What failed") && page.contains("sample, seed 1: =1+1, &quot;&lt;b&gt;&quot;")
                || page.contains("sample, seed 1: =1+1, \"&lt;b&gt;\""))
        #expect(page.contains("1 run failed") && !page.contains("<b>\""))
        #expect(throws: LabError.self) {
            try LabReport(json: report.json.replacing("\"again\":true", with: "\"again\":1"))
        }
    }
}
