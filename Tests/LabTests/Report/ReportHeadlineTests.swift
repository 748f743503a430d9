import Testing

@testable import Lab

@Suite struct ReportHeadlineTests {
    // MARK: - What arrives

    @Test func `everything arrived only where something was sent with every option`() throws {
        var results = ["ordered", "unordered", "unordered:rtx=0"].map { Self.result($0, latencies: [40, 40, 40]) }
        #expect(try Self.delivery(results) == "Everything arrived, whatever the option")
        // All runs of one failed.
        var tally = LabTally(ReportSamples.scenario("ordered", loss: 0))
        tally.add(LabFailure(seed: 1, reason: "no way", isTriedAgain: false))
        results[0] = tally.result
        #expect(
            try Self.delivery(results) == "Everything that was sent arrived; nothing was measured with ordered reliable"
        )
        // The runs were made, and the channel took nothing.
        results[0] = LabResult(
            scenario: ReportSamples.scenario("ordered", loss: 0), runs: [LabRun(seed: 1, offeredCount: 9)])
        #expect(
            try Self.delivery(results) == "Everything that was sent arrived; no message was sent with ordered reliable")
    }

    @Test func `an option that was measured in one place and not in the other has no name`() {
        var report = ReportSamples.report(losses: [0, 0.5], channels: ["ordered", "unordered"], messages: 200)
        report.results[2] = LabResult(scenario: report.results[2].scenario)
        #expect(
            ReportHeadline.delivery(ReportGroup.groups(of: report))
                == "Everything that was sent arrived; in 1 of 4 scenarios nothing was measured")
    }

    // MARK: - How long it takes

    @Test func `of fewer than a hundred messages the slowest is told`() throws {
        let few = (0..<99).map { Int64($0 == 50 ? 600 : 40) }
        let many = (0..<200).map { Int64($0 < 5 ? 700 : 40) }
        #expect(try Self.latency([Self.result("ordered", latencies: few)]) == "The slowest message takes 600\u{A0}ms")
        #expect(
            try Self.latency([Self.result("ordered", latencies: many)])
                == "One message in a hundred takes over 700\u{A0}ms")
        #expect(
            try Self.latency([Self.result("ordered", latencies: many), Self.result("unordered", latencies: few)])
                == "The slowest message takes 700\u{A0}ms with ordered reliable and 600\u{A0}ms with unordered reliable"
        )
    }

    @Test func `beside a line stands what its slowest messages did`() {
        func names(_ latencies: [Int64]) -> String {
            let page = LabReportPage(ReportSamples.report([Self.result("ordered", latencies: latencies)]))
            return page.drawings.filter { $0.name == "latency-1" }.map(\.svg).joined()
        }
        let few = names((0..<99).map { Int64($0 == 50 ? 600 : 40) })
        #expect(few.contains("took 600\u{A0}ms at most") && !few.contains("1 % took") && !few.contains("1 % over"))
        let many = names((0..<200).map { Int64($0 < 5 ? 700 : 40) })
        #expect(many.contains("1 % took over 700\u{A0}ms"))
    }

    @Test func `of few who waited the longest wait is told`() throws {
        func waiting(_ count: Int, _ waits: Int) throws -> String {
            let run = LabSamples.waitingRun(sent: count, waiting: waits, milliseconds: 480)
            let result = LabResult(scenario: LabSamples.scenario(duration: .seconds(10)), runs: [run])
            return ReportHeadline.waiting(try #require(ReportGroup.groups(of: ReportSamples.report([result])).first))
        }
        #expect(try waiting(99, 9).hasSuffix("with ordered reliable, the longest for 480\u{A0}ms"))
        #expect(try waiting(1_000, 20).hasSuffix("with ordered reliable, 1 % of all over 480\u{A0}ms"))
        // Half a percent waited: one percent did not wait over anything.
        #expect(try waiting(1_000, 5).hasSuffix("with ordered reliable, the longest for 480\u{A0}ms"))
        #expect(try waiting(1_000, 0) == "No message waited for an earlier one")
    }

    // MARK: - In the course of time

    @Test func `where nothing happens there is no worst moment`() throws {
        let latencies = (0..<300).map { Int64(40 + $0 % 7 / 3) }
        #expect(
            try Self.timeline(Self.result("ordered", latencies: latencies))
                == "Latency stays within 42\u{A0}ms all the time")
    }

    @Test func `one slow message among many is not all the time`() throws {
        // A thousand messages in each piece of time, and one of them slow.
        let latencies = (0..<3_000).map { Int64($0 == 1_500 ? 500 : 40) }
        var result = Self.result("ordered", latencies: latencies)
        result.timeline = (0..<3).map {
            LabMoment(start: $0 * 10_000_000, sent: 1_000, delivered: 1_000, p50: 40_000, p99: 40_000)
        }
        #expect(
            try Self.timeline(result) == "99\u{A0}% of the messages take 40\u{A0}ms at most, all the time")
    }

    @Test func `a blackout at the end is the worst moment where nothing happened before`() throws {
        let headline = try Self.timeline(Self.result("ordered", latencies: Self.darkAtTheEnd))
        let moment = ReportWords.time(32_500_000)
        #expect(headline == "The worst moment is \(moment) after the start: the slowest takes 3\u{A0}s")
    }

    @Test func `where what comes behind the end is slower, the worst moment before is one of those before`() throws {
        var latencies = Self.darkAtTheEnd
        latencies[100] = 600
        let headline = try Self.timeline(Self.result("ordered", latencies: latencies))
        let moment = ReportWords.time(10_500_000)
        let words = "the worst moment is \(moment) after the start: the slowest takes 600\u{A0}ms"
        #expect(headline == "While messages are sent, " + words)
    }

    @Test func `one percent is told of moments with a hundred messages`() throws {
        var result = Self.result("ordered", latencies: [40, 40])
        for (count, words) in [(99, "the slowest takes 700\u{A0}ms"), (100, "1\u{A0}% take over 700\u{A0}ms")] {
            result.timeline = [
                LabMoment(start: 0, sent: 100, delivered: 100, p50: 40_000, p99: 40_000),
                LabMoment(start: 10_000_000, sent: 100, delivered: count, p50: 40_000, p99: 700_000),
            ]
            #expect(try Self.timeline(result) == "The worst moment is 10\u{A0}s after the start: \(words)")
        }
    }

    @Test func `what comes behind the end only has come`() throws {
        var result = Self.result("ordered", latencies: [40, 40])
        result.timeline = [
            LabMoment(start: 0, sent: 2, delivered: 0, p50: nil, p99: nil),
            LabMoment(start: 40_000_000, sent: 0, delivered: 2, p50: 39_000_000, p99: 40_000_000),
        ]
        #expect(
            try Self.timeline(result) == "The worst moment is 40\u{A0}s after the start: the slowest takes 40\u{A0}s")
    }

    // MARK: - Samples

    /// Sent for 30 s; from 29.5 s to 32.5 s the link is dark.
    private static let darkAtTheEnd: [Int64] =
        [Int64](repeating: 40, count: 295) + [3_040, 2_940, 2_840, 2_740, 2_640]

    /// Messages sent every 100 ms, each of which took so many milliseconds.
    private static func result(_ channel: String, latencies: [Int64]) -> LabResult {
        let sentAt = latencies.indices.map { Int64($0) * 100_000 }
        let receptions = latencies.indices.map {
            LabReception(sequence: UInt32($0), at: sentAt[$0] + latencies[$0] * 1_000, waited: 0)
        }.sorted { $0.at < $1.at }
        let run = LabRun(seed: 1, offeredCount: latencies.count, sentAt: sentAt, receptions: receptions)
        return LabResult(scenario: ReportSamples.scenario(channel, loss: 0), runs: [run])
    }

    private static func delivery(_ results: [LabResult]) throws -> String {
        ReportHeadline.delivery(ReportGroup.groups(of: ReportSamples.report(results)))
    }

    private static func latency(_ results: [LabResult]) throws -> String {
        ReportHeadline.latency(try #require(ReportGroup.groups(of: ReportSamples.report(results)).first))
    }

    private static func timeline(_ result: LabResult) throws -> String {
        ReportHeadline.timeline(try #require(ReportGroup.groups(of: ReportSamples.report([result])).first))
    }
}
