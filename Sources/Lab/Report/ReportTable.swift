/// A table of a report.
struct ReportTable: Hashable, Sendable {
    var caption: String
    /// The names of the columns; the first is that of the rows.
    var columns: [String]
    var rows: [[String]] = []

    /// In a box that can be moved to the side where it is too wide for its page.
    var markup: Markup {
        let head = Markup(
            "thead", [:], [Markup("tr", [:], columns.map { Markup("th", ["scope": "col"], text: $0) })])
        let body = Markup(
            "tbody", [:],
            rows.map { row in
                Markup(
                    "tr", [:],
                    row.enumerated().map { index, cell in
                        index == 0 ? Markup("th", ["scope": "row"], text: cell) : Markup("td", text: cell)
                    })
            })
        return Markup(
            "div", ["class": "scroll", "role": "region", "tabindex": "0", "aria-label": caption],
            [Markup("table", [:], [head, body])])
    }

    /// Behind a line that opens it.
    func behind(_ summary: String) -> Markup {
        Markup("details", [:], [Markup("summary", text: summary), markup])
    }
}

extension ReportTable {
    /// Everything that was counted, a row for each result.
    static func results(_ groups: [ReportGroup]) -> ReportTable {
        let members = groups.flatMap { group in group.members.map { (group.name, $0) } }
        let hasWaiting = members.contains { $0.1.result.waiting != nil }
        let hasOverhead = members.contains { $0.1.result.overhead != nil }
        let hasPackets = members.contains { $0.1.result.packets != nil }
        let hasNames = groups.contains { !$0.name.isEmpty }
        let hasDamage = members.contains { $0.1.result.damaged > 0 || $0.1.result.duplicated > 0 }
        var table = ReportTable(caption: "All results", columns: ["channel"])
        if hasNames { table.columns.append("at") }
        table.columns += [
            "sent", "delivered", "lost", "late", "out of order", "half", "90\u{A0}%", "99\u{A0}%", "longest",
        ]
        if hasWaiting { table.columns.append("waited") }
        table.columns.append("goodput")
        if hasOverhead { table.columns.append("overhead") }
        if hasPackets { table.columns.append("retransmitted") }
        if hasDamage { table.columns += ["doubled", "damaged"] }
        for (name, member) in members {
            let result = member.result
            var row = [member.label]
            if hasNames { row.append(name) }
            row += [
                LabText.count(result.accepted), words(result.deliveredShare, ReportWords.share),
                LabText.count(result.lost), share(result.late, of: result.accepted),
                share(result.outOfOrder, of: result.delivered),
            ]
            row += [\LabDistribution.p50, \.p90, \.p99, \.max].map { path in
                words(result.latency?[keyPath: path], ReportWords.time)
            }
            if hasWaiting { row.append(words(result.waitingShare, ReportWords.share)) }
            row.append(words(result.goodput, LabText.bitRate))
            if hasOverhead { row.append(words(result.overhead, ReportWords.share)) }
            if hasPackets { row.append(words(result.retransmissions, LabText.count)) }
            if hasDamage { row += [LabText.count(result.duplicated), LabText.count(result.damaged)] }
            table.rows.append(row)
        }
        return table
    }

    /// Behind the plot of shares.
    static func delivery(_ groups: [ReportGroup]) -> ReportTable {
        var table = ReportTable(
            caption: "Messages delivered",
            columns: ["option", "at", "sent", "delivered", "share", "95 % interval", "runs from … to"])
        for group in groups {
            for member in group.members {
                let shares = DeliveryPlot.shares(member.result)
                let interval = DeliveryPlot.interval(member.result)
                table.rows.append([
                    member.label, group.name.isEmpty ? "–" : group.name, LabText.count(member.result.accepted),
                    LabText.count(member.result.delivered), words(member.result.deliveredShare, ReportWords.share),
                    interval.map { span($0.lowerBound, $0.upperBound) } ?? "–",
                    shares.isEmpty ? "–" : span(shares.min() ?? 0, shares.max() ?? 0),
                ])
            }
        }
        return table
    }

    /// Behind a plot of a distribution.
    static func distribution(
        _ members: [ReportGroup.Member], caption: String, of path: KeyPath<LabResult, LabDistribution?>
    ) -> ReportTable {
        var table = ReportTable(
            caption: caption,
            columns: ["option", "messages", "mean", "50\u{A0}%", "90\u{A0}%", "99\u{A0}%", "99.9\u{A0}%", "longest"])
        for member in members {
            guard let one = member.result[keyPath: path] else { continue }
            table.rows.append(
                [member.label, LabText.count(one.count), ReportWords.time(microseconds: one.mean)]
                    + [one.p50, one.p90, one.p99, one.p999, one.max].map { ReportWords.time($0) })
        }
        return table
    }

    /// Behind a plot over time: at most about 24 pieces of each result, evenly chosen.
    static func timeline(_ group: ReportGroup) -> ReportTable {
        var table = ReportTable(
            caption: "Over time", columns: ["option", "from", "sent/s", "delivered/s", "half", "99 %"])
        for member in group.members {
            let pieces = TimelinePlot.pieces(of: member.result)
            let stride = max(1, (pieces.count + 23) / 24)
            for (index, piece) in pieces.enumerated() where index % stride == 0 {
                let moment = member.result.timeline[index]
                table.rows.append([
                    member.label, ReportWords.time(moment.start), ReportWords.figure(piece.sent),
                    ReportWords.figure(piece.delivered), words(moment.p50, ReportWords.time),
                    words(moment.p99, ReportWords.time),
                ])
            }
        }
        return table
    }

    private static func words<Value>(_ value: Value?, _ words: (Value) -> String) -> String { value.map(words) ?? "–" }

    private static func share(_ part: Int, of all: Int) -> String {
        all > 0 ? ReportWords.share(Double(part) / Double(all)) : "–"
    }

    private static func span(_ lower: Double, _ upper: Double) -> String {
        ReportWords.share(lower) + " to " + ReportWords.share(upper)
    }
}
