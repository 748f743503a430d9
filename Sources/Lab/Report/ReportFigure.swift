/// A plot of a report in both of its widths, with its sentence and the table behind it.
struct ReportFigure: Hashable, Sendable {
    /// Its name within the report: letters, digits and hyphens.
    var name: String
    var headline: String
    /// How to read it.
    var note: String
    var wide: Plot
    var narrow: Plot
    var table: ReportTable

    var markup: Markup {
        Markup(
            "figure", ["id": name],
            [
                Markup("figcaption", [:], [Markup("strong", text: headline), Markup("span", text: note)]),
                wide.svg(identifier: name + "-w", classes: "wide"),
                narrow.svg(identifier: name + "-n", classes: "narrow"), table.behind("The numbers behind it"),
            ])
    }

    // MARK: - Of results

    private static let widths = (wide: 900.0, narrow: 360.0)

    /// Which share came; nil when there is nothing to compare.
    static func delivery(_ groups: [ReportGroup], number: Int) -> ReportFigure? {
        guard groups.contains(where: { $0.members.contains { $0.result.accepted > 0 } }) else { return nil }
        let headline = ReportHeadline.delivery(groups)
        let isRepeated = groups.contains { $0.members.contains { $0.result.runs.count > 1 } }
        let plot = DeliveryPlot(groups: groups, title: headline, description: description(of: groups))
        return ReportFigure(
            name: "delivered-\(number)", headline: headline,
            note:
                "Of the messages that the channel took. The bars are 95 % intervals, as if messages were lost independently"
                + (isRepeated ? "; each pale line is one run." : "."),
            wide: plot.plot(width: widths.wide), narrow: plot.plot(width: widths.narrow), table: .delivery(groups))
    }

    private static func description(of groups: [ReportGroup]) -> String {
        groups.map { group in
            group.prefix
                + group.members.map { member in
                    "\(member.label) \(member.result.deliveredShare.map(ReportWords.share) ?? "no message")"
                }.joined(separator: "; ")
        }.joined(separator: ". ")
    }

    /// How long messages took; nil when none came.
    static func latency(_ group: ReportGroup, number: Int) -> ReportFigure? {
        let members = group.members.filter { $0.result.latency != nil }
        guard !members.isEmpty else { return nil }
        let isThereAndBack = members.contains { $0.result.isRoundTrip }
        let headline = ReportHeadline.latency(group)
        let plot = DistributionPlot(
            title: headline,
            description: summary(members) { member in
                guard let latency = member.result.latency else { return "" }
                return latency.hasOnePercent
                    ? "1 % over \(ReportWords.time(latency.p99))" : "\(ReportWords.time(latency.max)) at most"
            },
            shareTitle: "share of the messages sent that had come by then", timeTitle: "after sending", verb: "took",
            shortest: 50,
            series: members.compactMap { member in
                member.result.latency.map {
                    .init(
                        label: member.label, mark: member.mark, distribution: $0,
                        ceiling: member.result.deliveredShare ?? 1)
                }
            })
        return ReportFigure(
            name: "latency-\(number)", headline: headline,
            note: "From the call of send to the application at the other side"
                + (isThereAndBack ? " and back. " : ". ") + scaleNote(members.compactMap(\.result.latency))
                + " A line that ends below 100 % has lost the rest. Marks: half, and 99 %, of what came.",
            wide: plot.plot(width: widths.wide), narrow: plot.plot(width: widths.narrow),
            table: .distribution(members, caption: "Latency", of: \.latency))
    }

    /// How long messages that were there waited for others; nil where this was not seen, or none did.
    static func waiting(_ group: ReportGroup, number: Int) -> ReportFigure? {
        let members = group.members.filter { $0.result.waiting != nil }
        guard members.contains(where: { ($0.result.waitingShare ?? 0) > 0 }) else { return nil }
        let headline = ReportHeadline.waiting(group)
        let plot = DistributionPlot(
            title: headline,
            description: summary(members) { "\(ReportWords.share($0.result.waitingShare ?? 0)) waited" },
            shareTitle: "share of the messages delivered that had waited no longer",
            timeTitle: "waiting, at the receiver", verb: "waited",
            shortest: LabResult.waitingThreshold,
            series: members.compactMap { member in
                member.result.waiting.map {
                    .init(label: member.label, mark: member.mark, distribution: $0, ceiling: 1)
                }
            })
        return ReportFigure(
            name: "waiting-\(number)", headline: headline,
            note:
                "Head-of-line blocking: how long a message lay at the receiver, complete, because an earlier one was missing. "
                + "Under \(ReportWords.time(LabResult.waitingThreshold)) is no waiting. "
                + scaleNote(members.compactMap(\.result.waiting)),
            wide: plot.plot(width: widths.wide), narrow: plot.plot(width: widths.narrow),
            table: .distribution(members, caption: "Waiting", of: \.waiting))
    }

    /// What happened when; nil where there is no course of time.
    static func timeline(_ group: ReportGroup, number: Int) -> ReportFigure? {
        let members = group.members.filter { $0.result.timeline.count > 1 }
        guard !members.isEmpty else { return nil }
        let headline = ReportHeadline.timeline(group)
        let hasBlackouts = members.contains { !$0.result.scenario.link.forward.blackouts.isEmpty }
        let runs = members.map(\.result.runs.count).max() ?? 0
        let plot = TimelinePlot(
            group: ReportGroup(name: group.name, members: members), title: headline,
            description: summary(members) {
                "\(LabText.count($0.result.delivered)) of \(LabText.count($0.result.accepted)) delivered"
            })
        return ReportFigure(
            name: "time-\(number)", headline: headline,
            note: (runs > 1 ? "All \(runs) runs over each other. " : "")
                + "Latency stands where messages came, not where they were sent."
                + (hasBlackouts ? " On the coloured ground the link was dark." : ""),
            wide: plot.plot(width: widths.wide), narrow: plot.plot(width: widths.narrow), table: .timeline(group))
    }

    private static func summary(
        _ members: [ReportGroup.Member], _ words: (ReportGroup.Member) -> String
    ) -> String {
        members.map { "\($0.label): \(words($0))" }.joined(separator: "; ") + "."
    }

    private static func scaleNote(_ distributions: [LabDistribution]) -> String {
        (distributions.map(\.count).max() ?? 0) < 100 ? "" : "Each nine upwards is ten times fewer exceptions."
    }
}
