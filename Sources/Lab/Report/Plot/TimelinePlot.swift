/// What happened when: for each result the messages sent and delivered per second, and how long those took that came.
struct TimelinePlot: Hashable, Sendable {
    let group: ReportGroup
    var title: String
    var description: String

    private static let stripHeight = 92.0
    private static let nameHeight = 34.0
    /// What is drawn stands once, above all.
    private static let titleHeight = 22.0
    private static let rateTitle = "messages per second: sent (grey) and delivered"
    private static let narrowTitle = "messages per second; latency: half and 99 %"
    private static let latencyTitle = "latency: half of the messages, and 99 % (dashed)"

    /// The drawing in a width of 300 pixels or more. In a wide one the two strips of a result lie beside each other.
    func plot(width: Double) -> Plot {
        let isWide = width >= 560
        let rows = group.members.filter { $0.result.timeline.count > 1 }
        let half = isWide ? (width - 28) / 2 : width
        let strips = isWide ? Self.stripHeight : 2 * Self.stripHeight + 20
        let rowHeight = Self.nameHeight + strips + 16
        let height = Self.titleHeight + Double(rows.count) * rowHeight + 12
        var elements = titles(half: half, isWide: isWide, width: width)
        for (index, member) in rows.enumerated() {
            let y = Self.titleHeight + Double(index) * rowHeight
            let isLast = index == rows.count - 1
            elements += member.mark.key(at: PlotPoint(x: 4, y: y + 15))
            elements.append(
                PlotLabel(
                    PlotText.fitted(member.label, size: 13.5, within: width - 48), at: PlotPoint(x: 38, y: y + 19.5),
                    style: .panel
                ).markup)
            let top = y + Self.nameHeight
            elements += rates(of: member, from: 0, to: half, top: top, hasAxis: isLast && isWide, width: width)
            elements += latencies(
                of: member, from: isWide ? half + 28 : 0, to: width,
                top: isWide ? top : top + Self.stripHeight + 20, hasAxis: isLast, width: width)
        }
        return Plot(width: width, height: height, title: title, description: description, elements: elements)
    }

    private func titles(half: Double, isWide: Bool, width: Double) -> [Markup] {
        let places = isWide ? [(Self.rateTitle, 4.0), (Self.latencyTitle, half + 32)] : [(Self.narrowTitle, 4.0)]
        return places.map { text, x in
            PlotLabel(PlotText.fitted(text, size: 12, within: half - 8), at: PlotPoint(x: x, y: 13), style: .tick)
                .markup
        }
    }

    // MARK: - Strips

    private func rates(
        of member: ReportGroup.Member, from: Double, to: Double, top: Double, hasAxis: Bool, width: Double
    ) -> [Markup] {
        let frame = PlotFrame(
            x: timeScale(from: from + 60, to: to - 8),
            y: PlotScale(.linear, 0...largestRate, from: top + Self.stripHeight, to: top))
        let pieces = Self.pieces(of: member.result)
        var sent = PlotPath()
        var delivered: [PlotPoint] = []
        sent.go(to: frame.point(Double(pieces.first?.start ?? 0), 0))
        for piece in pieces {
            for end in [piece.start, piece.end] {
                sent.go(to: frame.point(Double(end), piece.sent), step: false)
                delivered.append(frame.point(Double(end), piece.delivered))
            }
        }
        sent.go(to: frame.point(Double(pieces.last?.end ?? 0), 0))
        return blackouts(of: member, in: frame)
            + lines(in: frame, hasAxis: hasAxis, width: width)
            + [Markup("path", ["class": "sent", "d": sent.text + "Z"])]
            + [Markup("path", ["class": "line thin s\(member.mark.colour)", "d": Self.path(delivered)])]
    }

    private func latencies(
        of member: ReportGroup.Member, from: Double, to: Double, top: Double, hasAxis: Bool, width: Double
    ) -> [Markup] {
        let frame = PlotFrame(
            x: timeScale(from: from + 60, to: to - 8),
            y: PlotScale(.logarithmic, latencyRange, from: top + Self.stripHeight, to: top))
        var elements = blackouts(of: member, in: frame)
        elements += lines(in: frame, hasAxis: hasAxis, width: width)
        for stretch in Self.stretches(of: member.result) {
            let upper = stretch.map { frame.point($0.time, $0.p99) }
            let lower = stretch.map { frame.point($0.time, $0.p50) }
            elements.append(
                Markup(
                    "path", ["class": "between f\(member.mark.colour)", "d": Self.path(upper + lower.reversed()) + "Z"])
            )
            elements.append(Markup("path", ["class": "line thin s\(member.mark.colour)", "d": Self.path(lower)]))
            elements.append(
                Markup(
                    "path",
                    ["class": "line thin s\(member.mark.colour)", "stroke-dasharray": "4 2.5", "d": Self.path(upper)]))
        }
        return elements
    }

    private func lines(in frame: PlotFrame, hasAxis: Bool, width: Double) -> [Markup] {
        let values: [PlotFrame.Tick]
        if frame.y.kind == .linear {
            values = PlotTicks.linear(frame.y.domain, count: 3).map { .init(value: $0, label: ReportWords.figure($0)) }
        } else {
            values = PlotTicks.logarithmic(frame.y.domain, count: 4)
                .map { .init(value: $0, label: ReportWords.time(microseconds: $0)) }
        }
        let times = PlotTicks.linear(frame.x.domain, count: Int((frame.right - frame.left) / 62)).map {
            PlotFrame.Tick(value: $0, label: hasAxis ? ReportWords.tick(microseconds: $0) : "")
        }
        return frame.horizontalLines(values) + frame.bottomAxis(times, limit: width)
    }

    private func blackouts(of member: ReportGroup.Member, in frame: PlotFrame) -> [Markup] {
        member.result.scenario.link.forward.blackouts.prefix(20).map { blackout in
            let start = ReportWords.microseconds(blackout.start)
            return frame.band(start...start + max(0, ReportWords.microseconds(blackout.length)))
        }
    }

    private static func path(_ points: [PlotPoint]) -> String {
        points.reduce(into: PlotPath()) { $0.go(to: $1) }.text
    }

    // MARK: - Scales, the same for all results of the group

    private func timeScale(from: Double, to: Double) -> PlotScale {
        let end = group.members.compactMap { Self.pieces(of: $0.result).last?.end }.max() ?? 1
        return PlotScale(.linear, 0...max(1, end), from: from, to: to)
    }

    private var largestRate: Double {
        let rates = group.members.flatMap { Self.pieces(of: $0.result).map { max($0.sent, $0.delivered) } }
        return max(rates.max() ?? 1, 1e-3) * 1.05
    }

    private var latencyRange: ClosedRange<Double> {
        let moments = group.members.flatMap(\.result.timeline)
        let lower = Double(max(50, moments.compactMap(\.p50).min() ?? 1_000)) * 0.8
        let upper = Double(moments.compactMap(\.p99).max() ?? 1_000) * 1.2
        return upper > lower * 6 ? lower...upper : lower / 2...max(upper * 2, lower * 4)
    }

    // MARK: - Numbers

    /// A piece of the timeline with rates per second and run.
    struct Piece: Hashable, Sendable {
        var start: Double
        var end: Double
        var sent: Double
        var delivered: Double
    }

    /// The last piece is taken as long as the one before.
    static func pieces(of result: LabResult) -> [Piece] {
        let moments = result.timeline
        guard moments.count > 1 else { return [] }
        let runs = Double(max(1, result.runs.count))
        return moments.indices.map { index in
            let start = Double(moments[index].start)
            let last = Double(moments[moments.count - 1].start) - Double(moments[moments.count - 2].start)
            let end = index + 1 < moments.count ? Double(moments[index + 1].start) : start + last
            let seconds = max(end - start, 1) / 1e6 * runs
            return Piece(
                start: start, end: max(end, start), sent: Double(moments[index].sent) / seconds,
                delivered: Double(moments[index].delivered) / seconds)
        }
    }

    /// Latencies over time, cut where nothing came.
    private static func stretches(of result: LabResult) -> [[(time: Double, p50: Double, p99: Double)]] {
        var stretches: [[(time: Double, p50: Double, p99: Double)]] = [[]]
        for (moment, piece) in zip(result.timeline, pieces(of: result)) {
            if let p50 = moment.p50, let p99 = moment.p99 {
                stretches[stretches.count - 1].append(((piece.start + piece.end) / 2, Double(p50), Double(p99)))
            } else if stretches.last?.isEmpty == false {
                stretches.append([])
            }
        }
        return stretches.filter { !$0.isEmpty }
    }
}
