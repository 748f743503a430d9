internal import Wire

extension LabReport {
    /// The results as a table (RFC 4180): a line for each, behind a line with the names of the columns. Settings come
    /// first, then what was measured; times are milliseconds, shares are from 0 to 1, and what is not known is empty.
    package var csv: String {
        let lines =
            [Self.columns.map(\.name)] + results.map { result in Self.columns.map { $0.cell(self, result) } }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private typealias Column = (name: String, cell: @Sendable (LabReport, LabResult) -> String)

    private static let columns: [Column] = {
        var columns: [Column] = settingColumns
        columns += pathColumns("") { $0.scenario.link.forward }
        columns += pathColumns("back_") { $0.scenario.link.back }
        columns.append(("seeds", { _, result in seeds(of: result) }))
        for column in countColumns + timeColumns {
            let cell = column.cell
            columns.append((column.name, { _, result in cell(result) }))
        }
        return columns
    }()

    private static func seeds(of result: LabResult) -> String {
        let seeds: [String] = result.scenario.seeds.map { String($0) }
        return seeds.joined(separator: " ")
    }

    private static let settingColumns: [Column] = [
        ("scenario", { $1.scenario.name }),
        ("link", { report, _ in report.plan.medium.rawValue }),
        ("partner", { report, _ in report.partner }),
        ("channel", { $1.scenario.channel.shortName }),
        ("from", { $1.scenario.from.rawValue }),
        ("message_bytes", { "\($1.scenario.traffic.messageBytes)" }),
        ("rate", { number($1.scenario.traffic.rate) }),
        ("duration_ms", { milliseconds($1.scenario.traffic.duration) }),
        ("late_ms", { milliseconds($1.scenario.traffic.late) }),
    ]

    /// Everything that can be said about a direction.
    private static func pathColumns(
        _ prefix: String, _ path: @escaping @Sendable (LabResult) -> LabPath
    ) -> [Column] {
        let columns: [(name: String, cell: @Sendable (LabPath) -> String)] = [
            ("loss", { number($0.loss) }),
            ("burst_length", { number($0.burst?.meanLength) }),
            ("burst_share", { number($0.burst?.share) }),
            ("delay_ms", { milliseconds($0.delay) }),
            ("jitter_ms", { milliseconds($0.jitter) }),
            ("reorder", { number($0.reorder) }),
            ("reorder_delay_ms", { milliseconds($0.reorderDelay) }),
            ("duplicate", { number($0.duplicate) }),
            ("bandwidth", { $0.rate.map { "\($0)" } ?? "" }),
            ("queue_bytes", { $0.queueBytes.map { "\($0)" } ?? "" }),
            ("blackouts_ms", { blackouts($0) }),
        ]
        var named: [Column] = []
        for column in columns {
            let cell = column.cell
            named.append((prefix + column.name, { _, result in cell(path(result)) }))
        }
        return named
    }

    /// Where each begins, and for how long.
    private static func blackouts(_ path: LabPath) -> String {
        let words: [String] = path.blackouts.map { milliseconds($0.start) + "+" + milliseconds($0.length) }
        return words.joined(separator: " ")
    }

    private typealias ResultColumn = (name: String, cell: @Sendable (LabResult) -> String)

    private static let countColumns: [ResultColumn] = [
        ("offered", { "\($0.offered)" }),
        ("accepted", { "\($0.accepted)" }),
        ("delivered", { "\($0.delivered)" }),
        ("lost", { "\($0.lost)" }),
        ("late", { "\($0.late)" }),
        ("out_of_order", { "\($0.outOfOrder)" }),
        ("duplicated", { "\($0.duplicated)" }),
        ("damaged", { "\($0.damaged)" }),
        ("delivered_share", { number($0.deliveredShare) }),
        ("goodput", { number($0.goodput) }),
        ("overhead", { number($0.overhead) }),
        ("data_chunks", { $0.packets.map { "\($0.dataChunks)" } ?? "" }),
        ("retransmitted", { $0.retransmissions.map { "\($0)" } ?? "" }),
        ("wire_bytes", { $0.wire.map { "\($0.forward.bytes)" } ?? "" }),
        ("wire_bytes_back", { $0.wire.map { "\($0.back.bytes)" } ?? "" }),
    ]

    private static let timeColumns: [ResultColumn] = [
        ("latency_mean_ms", { number($0.latency.map { ($0.mean / 1000) }) }),
        ("latency_p50_ms", { milliseconds($0.latency?.p50) }),
        ("latency_p90_ms", { milliseconds($0.latency?.p90) }),
        ("latency_p99_ms", { milliseconds($0.latency?.p99) }),
        ("latency_p999_ms", { milliseconds($0.latency?.p999) }),
        ("latency_max_ms", { milliseconds($0.latency?.max) }),
        ("waiting_share", { number($0.waitingShare) }),
        ("waiting_p50_ms", { milliseconds($0.waiting?.p50) }),
        ("waiting_p99_ms", { milliseconds($0.waiting?.p99) }),
        ("waiting_max_ms", { milliseconds($0.waiting?.max) }),
        ("round_trip", { $0.isRoundTrip ? "yes" : "no" }),
        ("runs", { "\($0.runs.count)" }),
        ("failed_runs", { "\($0.failedRuns.count)" }),
        ("failures", { $0.failureWords.joined(separator: "; ") }),
        ("sentence", { $0.sentence }),
    ]

    private static func number(_ value: Double?) -> String {
        guard let value else { return "" }
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func milliseconds(_ duration: Duration) -> String {
        number(Double(duration.wholeNanoseconds) / 1_000_000)
    }

    private static func milliseconds(_ microseconds: Int64?) -> String {
        number(microseconds.map { Double($0) / 1000 })
    }

    /// A cell as the table needs it. Text that a spreadsheet would take for a formula is marked as text.
    private static func quoted(_ cell: String) -> String {
        var text = cell
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first), Double(text) == nil {
            text = "'" + text
        }
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
