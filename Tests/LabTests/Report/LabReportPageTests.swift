import Testing

@testable import Lab

@Suite struct LabReportPageTests {
    @Test func `a report has a plot of each kind, twice as wide as a phone and as a phone`() {
        let html = LabReportPage(ReportSamples.report()).html
        for name in ["delivered-1", "latency-1", "latency-2", "time-1", "time-2", "waiting-1"] {
            #expect(html.contains("<figure id=\"\(name)\">"), "\(name)")
        }
        #expect(html.occurrences(of: "class=\"plot wide\"") == html.occurrences(of: "class=\"plot narrow\""))
        #expect(html.occurrences(of: "<svg") == html.occurrences(of: "</svg>"))
        #expect(html.contains("unordered, maxPacketLifeTime 100"))
        #expect(html.contains("<title>Four channels"))
    }

    @Test func `a page refers to nothing outside, and runs nothing`() {
        let html = LabReportPage(ReportSamples.report()).html
        for word in [
            "<script", "<link", "<img", "<iframe", "@import", "url(", " src=", " href=", " style=", " onload=",
        ] {
            #expect(!html.contains(word), "\(word)")
        }
        #expect(html.contains("default-src 'none'; style-src 'sha256-".markup))
        #expect(!(ReportStyle.colours + ReportStyle.plots + ReportStyle.page).contains { "&<>\"'".contains($0) })
    }

    @Test func `what a report says of itself comes out as text`() {
        let hostile = "</title><script>alert(1)</script><img src=x onerror=\"a\">&amp;' \u{1}\u{202E}\u{0}\u{FFFF}"
        var report = ReportSamples.report(title: hostile, losses: [0.1], messages: 200)
        report.conductor = hostile
        report.partner = hostile
        report.version = hostile
        for index in report.results.indices {
            report.results[index].scenario.name = hostile
            // Nothing tells two of them apart but the name, which is shown then.
            report.results[index].scenario.channel = LabChannel()
        }
        let html = LabReportPage(report).html
        #expect(html.contains("&lt;script&gt;alert(1)"))
        #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("onerror=\""))
        #expect(
            !html.unicodeScalars.contains { $0 == "\u{1}" || $0 == "\u{0}" || $0 == "\u{202E}" || $0 == "\u{FFFF}" })
    }

    @Test func `a report without results, without messages, or with one of everything is a page too`() {
        #expect(LabReportPage(ReportSamples.report([])).html.contains("Nothing was measured."))
        let nothing = LabResult(scenario: ReportSamples.scenario("ordered", loss: 0))
        #expect(LabReportPage(ReportSamples.report([nothing])).html.hasSuffix("</html>\n"))
        var lost = nothing
        lost.offered = 5
        lost.accepted = 5
        let page = LabReportPage(ReportSamples.report([lost])).html
        #expect(page.contains("100 % of the messages are lost".replacing(" %", with: "\u{A0}%")))
        let single = ReportSamples.report(losses: [0], channels: ["ordered"], messages: 1, seeds: [1])
        #expect(LabReportPage(single).html.contains("Everything arrived"))
    }

    @Test func `numbers that cannot be make a page without NaN, and within its drawings`() {
        var result = LabResult(scenario: ReportSamples.scenario("ordered", loss: .nan))
        result.scenario.name = "wild"
        result.accepted = .max
        result.delivered = .max
        result.goodput = .infinity
        result.overhead = .nan
        result.waitingShare = .nan
        let points = [
            LabPoint(value: .min, share: -1), LabPoint(value: 0, share: .nan), LabPoint(value: .max, share: 7),
        ]
        let wild = LabDistribution(
            count: .max, mean: .nan, p50: .min, p90: 0, p99: .max, p999: .max, max: .max, cdf: points)
        result.latency = wild
        result.waiting = wild
        result.timeline = [
            LabMoment(start: .min, sent: .max, delivered: .max, p50: .max, p99: .min),
            LabMoment(start: .max, sent: .max, delivered: .max, p50: 1, p99: .max),
        ]
        result.scenario.link.forward.delay = .seconds(Int64.max)
        result.scenario.link.forward.blackouts = [LabBlackout(start: .seconds(Int64.max), length: .seconds(Int64.min))]
        result.scenario.traffic.messageBytes = .max
        result.scenario.traffic.rate = .infinity
        let page = LabReportPage(ReportSamples.report([result, result]))
        for text in [page.html] + page.drawings.map(\.svg) {
            for word in ["nan\"", "NaN", "inf\"", "nan ", "inf ", "e+"] { #expect(!text.contains(word), "\(word)") }
        }
    }

    @Test func `many scenarios make a bounded number of plots`() {
        let losses = (0..<60).map { Double($0) / 100 }
        let report = ReportSamples.report(
            losses: losses, channels: ["ordered"] + ["unordered"], messages: 20, seeds: [1])
        let html = LabReportPage(report).html
        #expect(html.occurrences(of: "<figure id=\"latency-") == LabReportPage.figureLimit)
        #expect(html.contains("36 more groups are in the table below."))
    }

    @Test func `results that differ in one thing are compared in it, and grouped by the rest`() {
        let groups = ReportGroup.groups(of: ReportSamples.report(messages: 20))
        #expect(groups.map(\.name) == ["1 % loss", "10 % loss"].map { $0.replacing(" %", with: "\u{A0}%") })
        #expect(groups.map { $0.members.map(\.mark.index) } == [[0, 1, 2, 3], [0, 1, 2, 3]])
        let losses = ReportGroup.groups(
            of: ReportSamples.report(losses: [0, 0.5], channels: ["ordered"], messages: 20))
        #expect(losses.map(\.name) == [""])
        #expect(
            losses[0].members.map(\.label) == ["0 % loss", "50 % loss"].map { $0.replacing(" %", with: "\u{A0}%") })
    }

    @Test func `a plot is a drawing of its own, too`() throws {
        let drawings = LabReportPage(ReportSamples.report()).drawings
        #expect(drawings.map(\.name).contains("latency-2"))
        let drawing = try #require(drawings.first)
        #expect(drawing.svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(drawing.svg.contains("<style>") && drawing.svg.contains("prefers-color-scheme:dark"))
    }

    @Test func `no conclusion is drawn from a part of the runs`() throws {
        let preset = LabPreset.game
        var report = ReportSamples.report(title: preset.question, losses: [0.1], messages: 200)
        let answer = try #require(preset.answer(report.results).last)
        #expect(answer.hasPrefix("So: "))
        let list = "<ul class=\"findings\">"
        #expect(report.isComplete && LabReportPage(report).html.contains(list))
        // Behind the second scenario somebody put an end to it.
        report.results.removeLast(2)
        #expect(!report.isComplete && preset.answer(report.results).last?.hasPrefix("So: ") == true)
        #expect(!LabReportPage(report).html.contains(list))
        // Or all began, and a run is missing.
        report = ReportSamples.report(title: preset.question, losses: [0.1], messages: 200)
        report.results[3].runs.removeLast()
        #expect(!report.isComplete && !LabReportPage(report).html.contains(list))
    }

    @Test func `that nobody waited is said of all results, and who waited is shown wherever it stands`() {
        let losses = (0..<30).map { Double($0) / 1_000 }
        var report = ReportSamples.report(
            losses: losses, channels: ["ordered", "unordered"], messages: 200, seeds: [1])
        for index in report.results.indices {
            report.results[index].waitingShare = 0
        }
        #expect(LabReportPage(report).html.contains("No message waited for an earlier one."))
        report.results[58].waitingShare = 0.02
        let html = LabReportPage(report).html
        #expect(!html.contains("No message waited for an earlier one."))
        #expect(html.contains("<figure id=\"waiting-30\">"))
        // All groups stand in the figures of what arrives, and in those of latency 24 of 30.
        #expect(html.occurrences(of: "6 more groups are in the table below.") == 2)
    }
}

extension String {
    fileprivate func occurrences(of part: String) -> Int { ranges(of: part).count }

    /// As it stands in an attribute.
    fileprivate var markup: String { replacing("'", with: "&#39;") }
}
