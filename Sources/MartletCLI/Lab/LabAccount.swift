internal import JSON
internal import Lab
internal import Transfer

/// Tells a plan and its results: the table line by line, sentences, and the answer.
struct LabAccount: Sendable {
    private let plan: LabPlan
    private let console: Console
    private let table: LabTable

    init(_ plan: LabPlan, on console: Console) {
        self.plan = plan
        self.console = console
        table = LabTable(plan, width: console.facts.size().columns)
    }

    /// What is going to happen, and how long it takes, and the head of the table.
    func begin(estimate: Duration?, partner: String? = nil) {
        console.event(
            "lab-plan",
            [
                "title": .string(plan.title), "link": .string(plan.medium.rawValue),
                "scenarios": .array(plan.scenarios.map { .string($0.name) }),
                "runs": .integer(Int64(plan.runCount)),
                "partner": partner.map { .string($0) } ?? .null,
                "seconds": estimate.map { .number(($0 / .milliseconds(100)).rounded() / 10) } ?? .null,
            ])
        tell(Printable.line(plan.title), isStrong: true)
        let times = Set(plan.scenarios.map(\.traffic.duration))
        let each = times.count == 1 ? times.first.map { " of \(LabQuantity.duration($0))" } ?? "" : ""
        let link =
            switch plan.medium {
            case .simulated: "a simulated link"
            case .shaped: "a shaped link"
            case .real: "the network as it is"
            }
        tell("\(counted(plan.scenarios.count, "scenario")), \(counted(plan.runCount, "run"))\(each), over \(link).")
        let constants = LabConditions.common(plan.scenarios)
        if !constants.isEmpty { tell("\(constants.prefix(1).uppercased())\(constants.dropFirst()).") }
        if let partner, plan.medium != .simulated {
            console.say("The other side: \(Printable.line(partner, columns: 100)).")
        }
        if let estimate {
            console.say("This takes about \(DurationText.text(estimate)). (Ctrl-C ends it with what is there)")
        }
        if !console.isJSON {
            console.result("")
            console.result(styled(table.head, "1"))
        }
    }

    /// A line of the table, and what it means.
    func tell(_ result: LabResult, index: Int) {
        console.event("lab-result", LabEvent.members(of: result, number: index + 1))
        guard !console.isJSON else { return }
        console.result(table.row(result))
        var sentence = Printable.line(result.sentence)
        let missing = result.scenario.seeds.count - result.runs.count - result.failedRuns.count
        if missing > 0 {
            sentence += " (Incomplete: \(counted(missing, "run")) of \(result.scenario.seeds.count) missing.)"
        }
        for line in wrapped("  \(sentence)") { console.result(styled(line, "2")) }
    }

    /// What stands below the table.
    func end(_ report: LabReport, preset: LabPreset?) {
        let answer = report.isComplete ? preset?.answer(report.results) ?? [] : []
        if !answer.isEmpty {
            console.event(
                "lab-answer",
                ["question": .string(report.plan.title), "answer": .array(answer.map { .string($0) })])
        }
        guard !console.isJSON else { return }
        var notes: [String] = []
        if report.results.contains(where: \.isRoundTrip) {
            notes.append("Messages went there and back; all times are of both ways together.")
        }
        if let error = report.results.flatMap(\.runs).compactMap(\.clockError).max() {
            notes.append("Times of the two sides are compared to within \(LabCell.time(error)).")
        }
        if !answer.isEmpty || !notes.isEmpty { console.result("") }
        for line in answer { tell(line) }
        for line in notes { tell(line) }
        if !report.isComplete {
            let made = report.results.reduce(0) { $0 + $1.runs.count }
            let failed = report.results.reduce(0) { $0 + $1.failedRuns.count }
            let words = failed > 0 ? " \(grouped(failed)) failed." : ""
            console.say("Incomplete: \(made) of \(counted(plan.runCount, "run")).\(words)")
        }
    }

    /// A run has failed.
    static func tellFailure(
        of scenario: LabScenario, seed: UInt64, _ error: LabError, isTriedAgain: Bool, on console: Console
    ) {
        let reason = Printable.line(error.reason, columns: 200)
        console.event(
            "lab-run-failed",
            [
                ("name", .string(scenario.name)), ("seed", LabEvent.seed(seed)), ("message", .string(reason)),
                ("again", .bool(isTriedAgain)),
            ])
        let end = isTriedAgain ? " Once more …" : ""
        console.say("\(Printable.line(scenario.name, columns: 80)), seed \(seed), failed: \(reason).\(end)")
    }

    /// Where the report is.
    static func tell(_ files: [(form: LabFiles.Form, path: String)], isComplete: Bool, on console: Console) {
        var members: [(String, JSONValue)] = files.map { ($0.form.rawValue, .string($0.path)) }
        members.append(("complete", .bool(isComplete)))
        console.event("lab-report", members)
        for (_, path) in files { console.say("Written: \(Printable.line(path, columns: 200, cut: .middle))") }
    }

    private func tell(_ sentence: String, isStrong: Bool = false) {
        guard !console.isJSON else { return }
        for line in wrapped(sentence) { console.result(isStrong ? styled(line, "1") : line) }
    }

    private func wrapped(_ text: String) -> [String] {
        let isIndented = text.hasPrefix("  ")
        return WrappedText.lines(Self.bound(text), columns: min(120, console.facts.size().columns)).map { line in
            let line = line.replacing("\u{A0}", with: " ")
            // What goes on stands where it began.
            return isIndented && line.hasPrefix("    ") || !isIndented && line.hasPrefix("  ")
                ? String(line.dropFirst(2)) : line
        }
    }

    /// A number and its unit stay in one line.
    private static func bound(_ text: String) -> String {
        var last: Character = " "
        return String(
            text.map { character in
                defer { last = character }
                return character == " " && last.isNumber ? "\u{A0}" : character
            })
    }

    private func styled(_ text: String, _ code: String) -> String {
        console.facts.outputIsTerminal && console.facts.hasColour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// What all scenarios have in common, in words.
enum LabConditions {
    static func common(_ scenarios: [LabScenario]) -> String {
        guard let first = scenarios.first else { return "" }
        func same<Value: Equatable>(_ value: (LabScenario) -> Value) -> Bool {
            scenarios.allSatisfy { value($0) == value(first) }
        }
        var words: [String] = []
        var linkWords: [String] = []
        if same(\.channel) { words.append(first.channel.name) }
        if same(\.traffic.messageBytes) { words.append("messages of \(LabQuantity.bytes(first.traffic.messageBytes))") }
        if same(\.traffic.rate) { words.append(LabQuantity.messageRate(first.traffic.rate)) }
        if same(\.traffic.late) { words.append("late after \(LabQuantity.duration(first.traffic.late))") }
        if same(\.from), first.from == .partner { words.append("sent by the other side") }
        let path = LabPath()
        for (value, isSame) in [
            (
                first.link.forward.loss > 0 ? "loss \(LabQuantity.share(first.link.forward.loss))" : nil,
                same(\.link.forward.loss)
            ),
            (
                first.link.forward.burst.map {
                    "bursts of \(LabQuantity.decimal($0.meanLength, places: 2)) at \(LabQuantity.share($0.share))"
                }, same(\.link.forward.burst)
            ),
            (
                first.link.forward.delay > path.delay ? "delay \(LabQuantity.duration(first.link.forward.delay))" : nil,
                same(\.link.forward.delay)
            ),
            (
                first.link.forward.jitter > path.jitter
                    ? "jitter \(LabQuantity.duration(first.link.forward.jitter))" : nil,
                same(\.link.forward.jitter)
            ),
            (
                first.link.forward.reorder > 0
                    ? "\(LabQuantity.share(first.link.forward.reorder)) held back by \(LabQuantity.duration(first.link.forward.reorderDelay))"
                    : nil, same(\.link.forward.reorder)
            ),
            (
                first.link.forward.duplicate > 0 ? "\(LabQuantity.share(first.link.forward.duplicate)) doubled" : nil,
                same(\.link.forward.duplicate)
            ),
            (first.link.forward.rate.map { LabQuantity.bitRate(Double($0)) }, same(\.link.forward.rate)),
            (blackouts(first.link.forward), same(\.link.forward.blackouts)),
        ] where isSame { if let value { linkWords.append(value) } }
        if scenarios.contains(where: { $0.link.back != $0.link.forward }) {
            linkWords.append("the way back is otherwise")
        } else if !linkWords.isEmpty {
            linkWords[linkWords.count - 1] += " each way"
        }
        return [words, linkWords].filter { !$0.isEmpty }.map { $0.joined(separator: ", ") }.joined(separator: "; ")
    }

    private static func blackouts(_ path: LabPath) -> String? {
        guard let first = path.blackouts.first else { return nil }
        let text =
            "nothing passes from \(LabQuantity.duration(first.start)) on for \(LabQuantity.duration(first.length))"
        return path.blackouts.count == 1 ? text : "\(text), and \(path.blackouts.count - 1) times more"
    }
}

/// Results as members of events.
enum LabEvent {
    /// As in a report: above 2^53 - 1 as text.
    static func seed(_ seed: UInt64) -> JSONValue {
        seed < 1 << 53 ? .integer(Int64(seed)) : .string("\(seed)")
    }

    static func members(of result: LabResult, number: Int) -> [(String, JSONValue)] {
        func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        func share(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        let latency = result.latency
        func milliseconds(_ value: Int64?) -> JSONValue { value.map { .number(Double($0) / 1000) } ?? .null }
        return [
            ("number", count(number)), ("name", .string(result.scenario.name)),
            ("channel", .string(result.scenario.channel.shortName)), ("runs", count(result.runs.count)),
            ("offered", count(result.offered)), ("accepted", count(result.accepted)),
            ("delivered", count(result.delivered)), ("lost", count(result.lost)), ("late", count(result.late)),
            ("out_of_order", count(result.outOfOrder)), ("duplicated", count(result.duplicated)),
            ("damaged", count(result.damaged)), ("p50_ms", milliseconds(latency?.p50)),
            ("p90_ms", milliseconds(latency?.p90)), ("p99_ms", milliseconds(latency?.p99)),
            ("max_ms", milliseconds(latency?.max)), ("waiting_share", share(result.waitingShare)),
            ("goodput", share(result.goodput)), ("overhead", share(result.overhead)),
            ("failed", count(result.failedRuns.count)),
            ("resent", result.retransmissions.map { count($0) } ?? .null), ("round_trip", .bool(result.isRoundTrip)),
            ("sentence", .string(result.sentence)),
        ]
    }
}
