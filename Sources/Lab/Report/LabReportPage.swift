internal import Digests

/// A report as one file of HTML, which is XML too, that needs nothing else: no script, no font, no picture from
/// elsewhere. It is light or dark as the reader wishes, fits a phone, and prints.
///
/// Whatever is in the report, hostile or not, comes out as text.
package struct LabReportPage: Sendable {
    /// Figures of each kind at most; what there is more of stands in the table.
    package static let figureLimit = 24
    /// Attempts that came to nothing, at most, which are listed.
    private static let failureLimit = 200

    private let report: LabReport
    private let groups: [ReportGroup]

    package init(_ report: LabReport) {
        self.report = report
        groups = ReportGroup.groups(of: report)
    }

    /// The file.
    package var html: String {
        let style = ReportStyle.colours + ReportStyle.plots + ReportStyle.page
        let policy =
            "default-src 'none'; style-src 'sha256-\(Self.base64(SHA256.hash(Array(style.utf8))))'; base-uri 'none'; form-action 'none'"
        let head = Markup(
            "head", [:],
            [
                Markup("meta", ["charset": "utf-8"]),
                Markup("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
                Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                Markup("meta", ["name": "color-scheme", "content": "light dark"]),
                Markup("meta", ["name": "generator", "content": "martlet \(report.version)"]),
                Markup("title", text: title + " · Martlet lab"), Markup("style", text: style),
            ])
        let body = Markup("body", [:], [header, Markup("main", [:], sections), settings])
        return "<!DOCTYPE html>\n"
            + Markup("html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"], [head, body]).string + "\n"
    }

    /// Each plot as a file of SVG with its name, for talks: `delivered-1`, `latency-1`, ….
    package var drawings: [(name: String, svg: String)] {
        [delivered, latencies, timelines, waits].flatMap(\.figures).map { ($0.name, $0.wide.file) }
    }

    // MARK: - Parts

    private var title: String { report.plan.title.isEmpty ? "Reliability lab" : String(report.plan.title.prefix(200)) }

    private var header: Markup {
        let seeds = Set(report.plan.scenarios.map(\.seeds.count))
        let runs = report.results.reduce(0) { $0 + $1.runs.count }
        let failed = report.results.reduce(0) { $0 + $1.failedRuns.count }
        let missing = report.plan.runCount - runs - failed
        let facts = [
            ReportWords.date(report.made), Self.words(for: report.plan.medium),
            "\(LabText.count(report.results.count)) \(report.results.count == 1 ? "scenario" : "scenarios")",
            seeds.count == 1 && report.results.count > 0
                ? seeds.first == 1 ? "1 run each" : "\(LabText.count(seeds.first ?? 0)) runs each"
                : "\(LabText.count(runs)) runs",
            failed > 0 ? "\(LabText.count(failed)) \(failed == 1 ? "run" : "runs") failed" : nil,
            missing > 0 ? "incomplete: \(LabText.count(missing)) \(missing == 1 ? "run" : "runs") not made" : nil,
        ].compactMap { $0 }
        return Markup(
            "header", [:],
            [
                Markup(
                    "div", ["class": "brand"],
                    [
                        Markup(
                            "svg",
                            ["xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 64 64", "aria-hidden": "true"],
                            [Markup("path", ["fill": "#2f6fdb", "d": Self.bird])]),
                        .text("Martlet lab"),
                    ]), Markup("h1", text: title),
                Markup("p", ["class": "quiet"], text: facts.joined(separator: " · ")),
            ])
    }

    /// The answer to the question of a preset, when every run was made that it asks for.
    private var answer: [Markup] {
        let preset = LabPreset.allCases.first { $0.question == report.plan.title }
        guard report.isComplete, let lines = preset?.answer(report.results), !lines.isEmpty else { return [] }
        return [Markup("ul", ["class": "findings"], lines.map { Markup("li", text: $0) })]
    }

    private var sections: [Markup] {
        guard !report.results.isEmpty else { return [Markup("p", text: "Nothing was measured.")] }
        return answer + section("What arrives", delivered) + section("How long it takes", latencies)
            + section("In the course of time", timelines) + waiting + results
    }

    /// Where nobody waited, that is said without a plot.
    private var waiting: [Markup] {
        guard report.results.contains(where: { $0.waiting != nil }) else { return [] }
        let shown = waits
        guard shown.figures.isEmpty else { return section("Waiting for others", shown) }
        return [Markup("h2", text: "Waiting for others"), Markup("p", text: "No message waited for an earlier one.")]
    }

    private func section(_ heading: String, _ shown: Shown) -> [Markup] {
        guard !shown.figures.isEmpty else { return [] }
        var parts = [Markup("h2", text: heading)] + shown.figures.map(\.markup)
        if shown.rest > 0 {
            let more = shown.rest == 1 ? "1 more group is" : "\(LabText.count(shown.rest)) more groups are"
            parts.append(Markup("p", ["class": "quiet"], text: "\(more) in the table below."))
        }
        return parts
    }

    private var results: [Markup] {
        let sentences = report.results.map(\.sentence).filter { !$0.isEmpty }.prefix(1_000)
        var card = [ReportTable.results(groups).markup]
        if !sentences.isEmpty {
            card += [
                Markup("h3", text: "In words"),
                Markup("ul", ["class": "says"], sentences.map { Markup("li", text: $0) }),
            ]
        }
        return [Markup("h2", text: "All numbers"), Markup("div", ["class": "card"], card + failures)]
    }

    /// Which runs came to nothing, and why.
    private var failures: [Markup] {
        let lines = report.results.flatMap { result in
            result.failureWords.map { "\(result.scenario.name), \($0)" }
        }
        guard !lines.isEmpty else { return [] }
        let rest = lines.count - Self.failureLimit
        let shown = lines.prefix(Self.failureLimit) + (rest > 0 ? ["… and \(LabText.count(rest)) more"] : [])
        return [
            Markup("h3", text: "What failed"),
            Markup("ul", ["class": "says"], shown.map { Markup("li", text: $0) }),
        ]
    }

    // MARK: - Figures

    /// The figures of one kind.
    private struct Shown {
        var figures: [ReportFigure] = []
        /// Groups behind the last of them, which are not looked at any more.
        var rest = 0
    }

    /// One plot holds as many groups as fit a page.
    private var delivered: Shown {
        var pages: [[ReportGroup]] = []
        for group in groups.prefix(200) {
            let rows = pages.last?.reduce(0) { $0 + $1.members.count } ?? .max
            if rows >= 24 || pages.isEmpty { pages.append([group]) } else { pages[pages.count - 1].append(group) }
        }
        let shown = pages.prefix(Self.figureLimit)
        return Shown(
            figures: shown.enumerated().compactMap { .delivery($0.element, number: $0.offset + 1) },
            rest: groups.count - shown.reduce(0) { $0 + $1.count })
    }

    private var latencies: Shown { figures(ReportFigure.latency) }
    private var timelines: Shown { figures(ReportFigure.timeline) }
    private var waits: Shown { figures(ReportFigure.waiting) }

    /// Of the groups that have such a figure, the first ones; each has the number of its group.
    private func figures(_ make: (ReportGroup, Int) -> ReportFigure?) -> Shown {
        var shown = Shown()
        for (index, group) in groups.enumerated() {
            guard shown.figures.count < Self.figureLimit else {
                shown.rest = groups.count - index
                break
            }
            if let figure = make(group, index + 1) { shown.figures.append(figure) }
        }
        return shown
    }

    // MARK: - Settings

    private var settings: Markup {
        var facts: [(String, String)] = [
            ("link", Self.words(for: report.plan.medium)), ("here", String(report.conductor.prefix(200))),
            ("partner", String(report.partner.prefix(200))), ("martlet", String(report.version.prefix(60))),
        ]
        facts += sharedSettings
        let lists = Set(report.plan.scenarios.map(\.seeds))
        if lists.count == 1, let seeds = lists.first { facts.append(("seeds", Self.words(for: seeds))) }
        if let error = report.results.flatMap(\.runs).compactMap(\.clockError).max() {
            facts.append(("clocks", "the two sides' clocks agree within \(ReportWords.time(error))"))
        }
        return Markup(
            "footer", [:],
            [
                Markup("h2", text: "Settings"),
                Markup(
                    "div", ["class": "card"],
                    [
                        Markup(
                            "dl", [:],
                            facts.filter { !$0.1.isEmpty }.flatMap {
                                [Markup("dt", text: $0.0), Markup("dd", text: $0.1)]
                            })
                    ] + again + definitions),
            ])
    }

    /// What is the same in all scenarios, in words.
    private var sharedSettings: [(String, String)] {
        guard let first = report.plan.scenarios.first else { return [] }
        let names: [(String, [ReportAspect])] = [
            ("channel", [.channel]), ("path", ReportAspect.path), ("way back", [.back]),
            ("messages", [.messageBytes, .messageRate, .duration, .from]),
        ]
        return names.map { name, aspects in
            let words = aspects.compactMap { aspect -> String? in
                let all = report.plan.scenarios.map { aspect.words(of: $0) }
                let values = all.reduce(into: [String]()) { if !$0.contains($1), $0.count < 12 { $0.append($1) } }
                if values.count > 1 { return values.joined(separator: " | ") }
                return aspect.isDefault(in: first) ? nil : values.first
            }
            return (name, words.joined(separator: "; "))
        }
    }

    private var again: [Markup] {
        guard !report.plan.scenarios.isEmpty else { return [] }
        let commands = report.commands
        var notes: [String] = []
        if report.plan.commands.isEmpty {
            notes.append("report.json is this report as JSON: it holds every scenario with its seeds.")
        }
        if report.plan.medium == .simulated {
            notes.append("With the same version of martlet the same seeds lose the same packets.")
        } else if report.peerOption == nil {
            notes.append("The partner was \(report.partner.prefix(200)): --peer or --echo says who.")
        }
        return [Markup("h3", text: "To repeat it"), Markup("pre", text: commands.joined(separator: "\n"))]
            + notes.map { Markup("p", ["class": "quiet"], text: $0) }
    }

    private var definitions: [Markup] {
        let late = Set(report.plan.scenarios.map(\.traffic.late))
        let words: [(String, String)] = [
            (
                "sent",
                "Messages that the channel took. What it did not take, because too much was waiting in it, is not counted."
            ),
            ("delivered", "Came at least once, with the right bytes."),
            (
                "late",
                late.count == 1
                    ? "Came, and took longer than \(ReportWords.time(late.first ?? .zero))."
                    : "Came, and took longer than its scenario allows."
            ), ("out of order", "Came behind one that was sent after it (RFC 4737)."),
            (
                "waited",
                "Was there, complete, and had to wait over \(ReportWords.time(LabResult.waitingThreshold)) for an earlier one."
            ), ("goodput", "Bits of delivered messages per second."),
            ("overhead", "Bytes on the wire, both ways, beyond those of the delivered messages."),
            ("retransmitted", "Pieces of messages that SCTP sent a second time, or more often."),
        ]
        return [
            Markup("h3", text: "What the words mean"),
            Markup("dl", [:], words.flatMap { [Markup("dt", text: $0.0), Markup("dd", text: $0.1)] }),
        ]
    }

    // MARK: - Words

    private static func words(for medium: LabMedium) -> String {
        switch medium {
        case .simulated: "simulated link, virtual time"
        case .shaped: "real network stack, link shaped by a relay"
        case .real: "real link, as it is"
        }
    }

    private static func words(for seeds: [UInt64]) -> String {
        let shown = seeds.prefix(40).map(String.init).joined(separator: ", ")
        return seeds.count > 40 ? shown + ", … (\(seeds.count) in all)" : shown
    }

    /// What Content-Security-Policy wants of a hash.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let value = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0...part.count { text.append(alphabet[value >> (18 - 6 * place) & 63]) }
            text += String(repeating: "=", count: 3 - part.count)
        }
        return text
    }

    private static let bird =
        "M61 19.5 53.6 16c-2.6-2.600-6.600-3-9.800-1.100-3 1.800-5.600 4.600-8 7.800C29.300 13.700 19.600 7.200 6.500 5.600c7 5.100 12 11.400 "
        + "15.400 18.900-6.300-1.600-12.800-1.400-19.400.9 8 .9 14.700 3.600 20.100 8.200C19.300 37.300 13.500 40.700 4 42.300c4.700.9 9 .8 "
        + "13-.1-3.400 4.300-6.500 9.600-9 16.300 6.100-7.300 12.400-12.300 18.800-15.500 11.700-.6 21-6.600 25.200-16.600.9-2.100 2.400-3.900 4.500-4.900z"
}
