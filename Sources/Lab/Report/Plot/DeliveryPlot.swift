/// Which share of the messages came: a row for each result, in groups, with the error that so many messages leave.
struct DeliveryPlot: Hashable, Sendable {
    let groups: [ReportGroup]
    var title: String
    var description: String

    private static let rowHeight = 27.0
    private static let narrowRowHeight = 42.0

    /// The drawing in a width of 300 pixels or more. In a narrow one the names stand above the marks.
    func plot(width: Double) -> Plot {
        let isWide = width >= 560
        let rows = groups.flatMap(\.members)
        let names = rows.map { PlotText.width($0.label, size: 13) }.max() ?? 0
        let left = isWide ? min(280, names + 34) : 26
        let right = width - (isWide ? 84 : 74)
        let top = 8.0
        let height = top + rowsHeight(isWide: isWide) + 52
        let frame = PlotFrame(
            x: PlotScale(.linear, range(of: rows), from: left, to: right),
            y: PlotScale(.linear, 0...1, from: height - 44, to: top))
        let ticks = PlotTicks.linear(frame.x.domain, count: 6).map {
            PlotFrame.Tick(value: $0, label: ReportWords.share($0))
        }
        var elements = frame.verticalLines(ticks) + frame.bottomAxis(ticks, limit: width)
        elements.append(
            PlotLabel(
                PlotText.fitted("share of the messages that came", size: 12, within: right),
                at: PlotPoint(x: right, y: height - 5), anchor: .end, style: .tick
            ).markup)
        var y = top
        for group in groups {
            if hasNames {
                elements.append(
                    PlotLabel(
                        PlotText.fitted(group.name, size: 13.5, within: width - 8), at: PlotPoint(x: 4, y: y + 19),
                        style: .panel
                    ).markup)
                y += 28
            }
            for member in group.members {
                elements += row(member, y: y, in: frame, width: width, isWide: isWide)
                y += isWide ? Self.rowHeight : Self.narrowRowHeight
            }
            y += 8
        }
        return Plot(width: width, height: height, title: title, description: description, elements: elements)
    }

    private var hasNames: Bool { groups.contains { !$0.name.isEmpty } }

    private func rowsHeight(isWide: Bool) -> Double {
        groups.reduce(0.0) { height, group in
            height + (hasNames ? 28 : 0) + 8 + Double(group.members.count)
                * (isWide ? Self.rowHeight : Self.narrowRowHeight)
        }
    }

    /// From a round share below all that is drawn, to everything.
    private func range(of rows: [ReportGroup.Member]) -> ClosedRange<Double> {
        let least =
            rows.map { min(Self.interval($0.result)?.lowerBound ?? 1, Self.shares($0.result).min() ?? 1) }.min() ?? 0
        guard least > 0.3 else { return 0...1 }
        let step = PlotTicks.step(atLeast: max(1 - least, 0.001) / 5)
        return max(0, 1 - ((1 - least) / step).rounded(.up) * step)...1
    }

    private func row(
        _ member: ReportGroup.Member, y: Double, in frame: PlotFrame, width: Double, isWide: Bool
    ) -> [Markup] {
        let middle = y + (isWide ? 13.5 : 28)
        var elements = [name(of: member, y: isWide ? middle + 4.5 : y + 14, in: frame, width: width, isWide: isWide)]
        let result = member.result
        guard let share = result.deliveredShare, let interval = Self.interval(result) else {
            return elements + [
                PlotLabel("no message", at: PlotPoint(x: width - 4, y: middle + 4.5), anchor: .end, style: .tick).markup
            ]
        }
        let ends = (frame.x.position(interval.lowerBound), frame.x.position(interval.upperBound))
        let line = PlotNumber.coordinate(middle)
        elements.append(
            Markup(
                "path",
                [
                    "class": "thread",
                    "d":
                        "M\(PlotNumber.coordinate(frame.left)) \(line)H\(PlotNumber.coordinate(frame.x.position(share)))",
                ]))
        for seed in Self.shares(result) where result.runs.count > 1 {
            elements.append(
                Markup(
                    "path",
                    [
                        "class": "seed s\(member.mark.colour)",
                        "d":
                            "M\(PlotNumber.coordinate(frame.x.position(seed))) \(PlotNumber.coordinate(middle - 8))v16",
                    ]))
        }
        if ends.1 - ends.0 > 1 {
            elements.append(
                Markup(
                    "path",
                    [
                        "class": "whisker s\(member.mark.colour)",
                        "d": "M\(PlotNumber.coordinate(ends.0)) \(line)H\(PlotNumber.coordinate(ends.1))"
                            + "M\(PlotNumber.coordinate(ends.0)) \(PlotNumber.coordinate(middle - 4))v8"
                            + "M\(PlotNumber.coordinate(ends.1)) \(PlotNumber.coordinate(middle - 4))v8",
                    ]))
        }
        elements.append(member.mark.marker(at: PlotPoint(x: frame.x.position(share), y: middle), radius: 5.5))
        elements.append(
            PlotLabel(
                ReportWords.share(share), at: PlotPoint(x: width - 4, y: middle + 4.5), anchor: .end, style: .value
            ).markup)
        return elements
    }

    private func name(
        of member: ReportGroup.Member, y: Double, in frame: PlotFrame, width: Double, isWide: Bool
    ) -> Markup {
        let x = isWide ? frame.left - 14 : 4
        let room = isWide ? frame.left - 18 : width - 8
        return PlotLabel(
            PlotText.fitted(member.label, size: 13, within: room), at: PlotPoint(x: x, y: y),
            anchor: isWide ? .end : .start
        ).markup
    }

    // MARK: - Numbers

    /// The share of each run.
    static func shares(_ result: LabResult) -> [Double] {
        result.runs.filter { $0.accepted > 0 }.map { Double($0.delivered) / Double($0.accepted) }
    }

    /// Where the true share lies with 95 % confidence, if messages are lost independently of each other: Wilson's score
    /// interval. Nil when there were no messages.
    static func interval(_ result: LabResult) -> ClosedRange<Double>? {
        guard result.accepted > 0 else { return nil }
        let count = Double(result.accepted)
        let share = (Double(result.delivered) / count).clamped(to: 0...1)
        let z = 1.96
        let scale = 1 + z * z / count
        let middle = (share + z * z / (2 * count)) / scale
        let half = z * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot() / scale
        return max(0, min(share, middle - half))...min(1, max(share, middle + half))
    }
}
