/// How many messages had come, or had been free to go on, after how long: one line for each series.
struct DistributionPlot: Hashable, Sendable {
    struct Series: Hashable, Sendable {
        var label: String
        var mark: PlotMark
        /// Microseconds.
        var distribution: LabDistribution
        /// What the distribution is a share of: the line ends at this share, 0 to 1.
        var ceiling: Double
    }

    var title: String
    var description: String
    /// What the shares are shares of.
    var shareTitle: String
    var timeTitle: String
    /// What one message in a hundred did: "took" or "waited" over a time.
    var verb: String
    /// Times below this lie at the beginning of the axis, in microseconds, above 0.
    var shortest: Int64
    var series: [Series]

    private static let keyHeight = 21.0
    /// The most that names beside the lines may take.
    private static let nameWidth = 192.0

    /// The drawing in a width of 300 pixels or more. A wide one has its labels where the lines end, a narrow one above.
    func plot(width: Double) -> Plot {
        let isWide = width >= 560
        let names = series.map { name(of: $0) }
        let labelWidth = isWide ? 54 + (names.joined().map { PlotText.width($0, size: 13) }.max() ?? 0) : 0
        let keys = isWide ? 0 : Double(series.count) * Self.keyHeight + 6
        let top = 26 + keys
        let height = isWide ? max(400, Double(series.count) * 52 + 80) : 330 + keys
        let frame = PlotFrame(
            x: timeScale(from: 62, to: width - labelWidth - 14), y: shareScale(from: height - 48, to: top))
        var elements = ground(of: frame, width: width)
        // Where lines lie on each other, those beneath are wider.
        for (index, one) in series.enumerated() {
            let width = 2.2 + 0.6 * Double(min(4, series.count - 1 - index))
            elements.append(one.mark.line(points(of: one, in: frame), steps: isCoarse(one), width: width))
        }
        for one in series { elements += marks(of: one, in: frame) }
        elements += isWide ? endLabels(names, in: frame) : topKeys(width: width)
        return Plot(width: width, height: height, title: title, description: description, elements: elements)
    }

    // MARK: - Scales

    private var longest: Int64 { series.map(\.distribution.max).max() ?? 0 }

    private func timeScale(from: Double, to: Double) -> PlotScale {
        let least = max(shortest, series.compactMap { $0.distribution.cdf.first?.value }.min() ?? shortest)
        let lower = Double(least)
        let upper = Double(max(longest, least))
        guard upper > lower * 6 else {
            // What lies close together far from nothing is drawn without the empty room before it.
            let isFar = (upper - lower) * 3 < lower
            let margin = max((upper - lower) * 0.4, lower * 0.04, 1)
            let step = PlotTicks.step(atLeast: (upper - (isFar ? lower - margin : 0) + margin) / 8)
            let begin = isFar ? ((lower - margin) / step).rounded(.down) * step : 0
            return PlotScale(.linear, begin...((upper + margin) / step).rounded(.up) * step, from: from, to: to)
        }
        return PlotScale(.logarithmic, lower * 0.85...upper * 1.2, from: from, to: to)
    }

    /// Nines, as many as the messages can tell apart, where a line comes near to everything.
    private func shareScale(from: Double, to: Double) -> PlotScale {
        let count = series.map(\.distribution.count).max() ?? 0
        if count < 100 || (series.map(\.ceiling).max() ?? 0) < 0.97 {
            return PlotScale(.linear, 0...1, from: from, to: to)
        }
        return PlotScale(.nines, 0...(count < 1_000 ? 0.995 : 0.9995), from: from, to: to)
    }

    private func ground(of frame: PlotFrame, width: Double) -> [Markup] {
        let shares: [Double] = frame.y.kind == .nines ? [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] : [0, 0.25, 0.5, 0.75]
        var ticks = shares.filter { $0 < frame.y.domain.upperBound }
            .map {
                PlotFrame.Tick(
                    value: $0, label: [0.75, 0.95].contains($0) && frame.y.kind == .nines ? "" : ReportWords.share($0))
            }
        ticks.append(PlotFrame.Tick(value: 1, label: "100 %"))
        let room = Int((frame.right - frame.left) / 62)
        let values =
            frame.x.kind == .logarithmic
            ? PlotTicks.logarithmic(frame.x.domain, count: room) : PlotTicks.linear(frame.x.domain, count: room)
        let times = values.map { PlotFrame.Tick(value: $0, label: ReportWords.tick(microseconds: $0)) }
        return frame.verticalLines(times) + frame.horizontalLines(ticks) + frame.bottomAxis(times, limit: width) + [
            PlotLabel(
                PlotText.fitted(shareTitle, size: 12, within: width - 8), at: PlotPoint(x: 4, y: 13), style: .tick
            )
            .markup,
            PlotLabel(
                PlotText.fitted(timeTitle, size: 12, within: frame.right - 4),
                at: PlotPoint(x: frame.right, y: frame.bottom + 40),
                anchor: .end, style: .tick
            ).markup,
        ]
    }

    // MARK: - Lines

    private func isCoarse(_ one: Series) -> Bool { one.distribution.cdf.count < 60 }

    private func points(of one: Series, in frame: PlotFrame) -> [PlotPoint] {
        let shares = one.distribution.cdf
        guard let first = shares.first, let last = shares.last else { return [] }
        return [frame.point(Double(first.value), 0)]
            + shares.map { frame.point(Double($0.value), $0.share * one.ceiling) } + [
                PlotPoint(x: frame.right, y: frame.y.position(last.share * one.ceiling))
            ]
    }

    /// Half of what came, and 99 % of it.
    private func marks(of one: Series, in frame: PlotFrame) -> [Markup] {
        [(one.distribution.p50, 0.5), (one.distribution.p99, 0.99)].map { value, share in
            one.mark.marker(at: frame.point(Double(value), share * one.ceiling))
        }
    }

    /// The name in up to two lines, and what its slowest messages did.
    private func name(of one: Series) -> [String] {
        PlotText.lines(one.label, size: 13, within: Self.nameWidth, limit: 2) + [tail(of: one)]
    }

    private func tail(of one: Series) -> String {
        // Below the beginning of the axis nothing is told apart.
        if one.distribution.max <= shortest { return "none \(verb) over \(ReportWords.time(shortest))" }
        // Of few messages, or where fewer than one percent waited, only the longest time says something.
        guard one.distribution.hasOnePercent, one.distribution.p99 > shortest else {
            return "\(verb) \(ReportWords.time(one.distribution.max)) at most"
        }
        return "1 % \(verb) over \(ReportWords.time(one.distribution.p99))"
    }

    private func endLabels(_ names: [[String]], in frame: PlotFrame) -> [Markup] {
        let ends = series.map { frame.y.position($0.ceiling) }
        let tallest = Double(names.map(\.count).max() ?? 2) * 15
        let places = PlotSpread.places(
            ends, gap: tallest + 5, within: frame.top + 4...max(frame.top + 5, frame.bottom - tallest + 15))
        return series.indices.flatMap { index -> [Markup] in
            let x = frame.right + 16
            var lead = PlotPath()
            lead.go(to: PlotPoint(x: frame.right + 1, y: ends[index]))
            lead.go(to: PlotPoint(x: x - 1, y: places[index]))
            let words = names[index].enumerated().map { line, text in
                PlotLabel(
                    text, at: PlotPoint(x: x + 32, y: places[index] + 4.5 + Double(line) * 15),
                    style: line == names[index].count - 1 ? .tick : .label
                ).markup
            }
            return [Markup("path", ["class": "lead", "d": lead.text])]
                + series[index].mark.key(at: PlotPoint(x: x, y: places[index])) + words
        }
    }

    private func topKeys(width: Double) -> [Markup] {
        series.enumerated().flatMap { index, one in
            let y = 28 + Double(index) * Self.keyHeight
            let words = PlotText.fitted(one.label, size: 13, within: width - 44)
            return one.mark.key(at: PlotPoint(x: 4, y: y))
                + [PlotLabel(words, at: PlotPoint(x: 38, y: y + 4.5)).markup]
        }
    }
}
