internal import Lab
internal import Transfer

/// Results as a table: what tells the scenarios from each other, and as many numbers as the terminal has room for.
///
///     loss  channel          delivered    late     p50     p99  waited
///     10 %  ordered            100.0 %   9.1 %   52 ms  480 ms  31.0 %
struct LabTable: Sendable {
    private struct Column: Sendable {
        var title: String
        var width: Int
        var isNumber: Bool
        var cell: @Sendable (LabResult) -> String
    }

    private let columns: [Column]

    /// - Parameter width: columns of the terminal.
    init(_ plan: LabPlan, width: Int) {
        let scenarios = plan.scenarios
        var columns = Self.descriptions(scenarios)
        var room = width - columns.reduce(0) { $0 + $1.width + 2 } + 2
        let numbers = Self.numbers(plan)
        // By weight, and then in the order in which they are read.
        var kept: Set<Int> = []
        for index in numbers.indices.sorted(by: { numbers[$0].weight < numbers[$1].weight }) {
            guard numbers[index].column.width + 2 <= room else { break }
            room -= numbers[index].column.width + 2
            kept.insert(index)
        }
        columns += numbers.indices.filter { kept.contains($0) }.map { numbers[$0].column }
        self.columns = columns
    }

    /// The titles.
    var head: String { line { $0.title } }

    func row(_ result: LabResult) -> String { line { $0.cell(result) } }

    private func line(_ text: (Column) -> String) -> String {
        let cells = columns.map { column in
            let cell = Printable.line(text(column), columns: column.width, cut: .middle)
            let space = String(repeating: " ", count: max(0, column.width - Printable.columns(of: cell)))
            return column.isNumber ? space + cell : cell + space
        }
        var line = cells.joined(separator: "  ")
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }

    // MARK: What tells scenarios from each other

    /// The widest that one of them is shown.
    private static let widest = 24

    private static func descriptions(_ scenarios: [LabScenario]) -> [Column] {
        var columns: [Column] = []
        let hasSections =
            !scenarios.isEmpty && scenarios.allSatisfy { section(of: $0) != nil }
            && Set(scenarios.map(section)).count > 1
        let groups = hasSections ? Dictionary(grouping: scenarios, by: section).values.map { $0 } : [scenarios]
        if hasSections { columns.append(column("scenario", scenarios) { section(of: $0) ?? "" }) }
        for dimension in LabDimension.all + [LabDimension(title: "channel", text: \.channel.shortName)] {
            // What is the same within each section is told by its name.
            guard groups.contains(where: { group in Set(group.map(dimension.text)).count > 1 }) else { continue }
            columns.append(column(dimension.title, scenarios, dimension.text))
        }
        if columns.isEmpty { columns.append(column("channel", scenarios, \.channel.shortName)) }
        return columns
    }

    private static func column(
        _ title: String, _ scenarios: [LabScenario], _ text: @escaping @Sendable (LabScenario) -> String
    ) -> Column {
        let widths = scenarios.map { Printable.columns(of: Printable.line(text($0))) } + [title.count]
        return Column(title: title, width: min(widest, widths.max() ?? 0), isNumber: false) { text($0.scenario) }
    }

    /// What stands before a colon in the name of a scenario of a file with sections.
    private static func section(of scenario: LabScenario) -> String? {
        let parts = scenario.name.split(separator: ": ", maxSplits: 1)
        return parts.count == 2 ? String(parts[0]) : nil
    }

    // MARK: Numbers

    private static func numbers(_ plan: LabPlan) -> [(weight: Int, column: Column)] {
        // Where messages go as fast as possible, the speed is what one wants to know.
        let isSpeed = plan.scenarios.contains { $0.traffic.rate == nil }
        func number(
            _ weight: Int, _ title: String, _ width: Int, _ cell: @escaping @Sendable (LabResult) -> String
        ) -> (weight: Int, column: Column) { (weight, Column(title: title, width: width, isNumber: true, cell: cell)) }
        return [
            number(0, "delivered", 9) { LabCell.share($0.delivered, of: $0.accepted) },
            number(isSpeed ? 5 : 2, "late", 7) { LabCell.share($0.late, of: $0.accepted) },
            number(3, "p50", 7) { LabCell.time($0.latency?.p50) },
            number(9, "p90", 7) { LabCell.time($0.latency?.p90) },
            number(1, "p99", 7) { LabCell.time($0.latency?.p99) },
            number(8, "max", 7) { LabCell.time($0.latency?.max) },
            number(4, "waited", 7) { $0.waitingShare.map { LabCell.share($0) } ?? "-" },
            number(isSpeed ? 2 : 6, "goodput", 12) { $0.goodput.map { LabText.bitRate($0) } ?? "-" },
            number(7, "overhead", 8) { $0.overhead.map { LabCell.share($0) } ?? "-" },
            number(10, "retransmitted", 13) { $0.retransmissions.map(grouped) ?? "-" },
            number(11, "out of order", 12) { LabCell.share($0.outOfOrder, of: $0.delivered) },
            number(12, "messages", 9) { grouped($0.accepted) },
        ]
    }
}

/// A property of scenarios that lists are made of.
struct LabDimension: Sendable {
    var title: String
    var text: @Sendable (LabScenario) -> String

    /// All but the channel, in the order in which they are crossed.
    static let all = [
        LabDimension(title: "size") { "\($0.traffic.messageBytes) B" },
        LabDimension(title: "rate") { $0.traffic.rate.map { "\(LabQuantity.decimal($0, places: 2))/s" } ?? "max" },
        LabDimension(title: "from") { $0.from == .conductor ? "here" : "peer" },
        LabDimension(title: "line") { $0.link.forward.rate.map { LabQuantity.bitRate(Double($0)) } ?? "free" },
        LabDimension(title: "queue") { $0.link.forward.queueBytes.map { "\($0) B" } ?? "usual" },
        LabDimension(title: "delay") { LabQuantity.duration($0.link.forward.delay) },
        LabDimension(title: "jitter") { LabQuantity.duration($0.link.forward.jitter) },
        LabDimension(title: "reordered") { LabQuantity.share($0.link.forward.reorder) },
        LabDimension(title: "doubled") { LabQuantity.share($0.link.forward.duplicate) },
        LabDimension(title: "bursts") {
            $0.link.forward.burst.map {
                "\(LabQuantity.decimal($0.meanLength, places: 1)):\(LabQuantity.share($0.share))"
            }
                ?? "none"
        },
        LabDimension(title: "loss") { LabQuantity.share($0.link.forward.loss) },
    ]
}

/// Numbers of a table: of one form each, so that they stand below each other.
enum LabCell {
    /// `100.0 %` is all of them, and `0.0 %` none.
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "-" }
        let share = Double(part) / Double(whole)
        if part < whole, share > 0.9995 { return "> 99.9 %" }
        if part > 0, share < 0.0005 { return "< 0.1 %" }
        return Self.share(share)
    }

    static func share(_ share: Double) -> String {
        guard share.isFinite, abs(share) < 1e6 else { return "-" }
        let tenths = Int((share * 1000).rounded())
        return tenths >= 10_000
            ? "\(tenths / 10) %" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10) %"
    }

    static func time(_ microseconds: Int64?) -> String { microseconds.map { LabText.time($0) } ?? "-" }
}
