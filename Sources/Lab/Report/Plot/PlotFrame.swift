/// The area between two axes.
struct PlotFrame: Hashable, Sendable {
    /// A mark of an axis.
    struct Tick: Hashable, Sendable {
        var value: Double
        var label: String
    }

    let x: PlotScale
    let y: PlotScale

    var left: Double { min(x.from, x.to) }
    var right: Double { max(x.from, x.to) }
    var top: Double { min(y.from, y.to) }
    var bottom: Double { max(y.from, y.to) }

    func point(_ x: Double, _ y: Double) -> PlotPoint { PlotPoint(x: self.x.position(x), y: self.y.position(y)) }

    /// Lines across at the ticks of the vertical axis, with the labels to the left. A label that would touch the one
    /// before is left out, its line stays.
    func horizontalLines(_ ticks: [Tick]) -> [Markup] {
        var elements: [Markup] = []
        var lastLabel = Double.infinity
        for tick in ticks {
            let height = y.position(tick.value)
            elements.append(
                Markup(
                    "path",
                    [
                        "class": "grid",
                        "d": "M\(PlotNumber.coordinate(left)) \(PlotNumber.coordinate(height))"
                            + "H\(PlotNumber.coordinate(right))",
                    ]))
            guard !tick.label.isEmpty, lastLabel - height >= 13 || lastLabel == .infinity else { continue }
            lastLabel = height
            elements.append(
                PlotLabel(
                    tick.label, at: PlotPoint(x: left - 8, y: height + 4.3), anchor: .end, style: .tick
                ).markup)
        }
        return elements
    }

    /// The horizontal axis at the bottom, with short lines and the labels beneath. A label that would touch the one
    /// before, or leave the drawing, is left out.
    ///
    /// - Parameter limit: the width of the drawing.
    func bottomAxis(_ ticks: [Tick], limit: Double) -> [Markup] {
        var elements = [
            Markup(
                "path",
                [
                    "class": "axis",
                    "d":
                        "M\(PlotNumber.coordinate(left)) \(PlotNumber.coordinate(bottom))H\(PlotNumber.coordinate(right))",
                ])
        ]
        var used = -Double.infinity
        for tick in ticks {
            let place = x.position(tick.value)
            elements.append(
                Markup(
                    "path",
                    [
                        "class": "axis",
                        "d": "M\(PlotNumber.coordinate(place)) \(PlotNumber.coordinate(bottom))v5",
                    ]))
            let label = PlotLabel(
                tick.label, at: PlotPoint(x: place, y: bottom + 19), anchor: .middle, style: .tick)
            guard !tick.label.isEmpty, label.extent.lowerBound >= 0, label.extent.lowerBound > used + 6,
                label.extent.upperBound <= limit
            else {
                continue
            }
            used = label.extent.upperBound
            elements.append(label.markup)
        }
        return elements
    }

    /// Lines up at the ticks of the horizontal axis.
    func verticalLines(_ ticks: [Tick]) -> [Markup] {
        ticks.map { tick in
            let place = PlotNumber.coordinate(x.position(tick.value))
            return Markup(
                "path",
                ["class": "grid", "d": "M\(place) \(PlotNumber.coordinate(top))V\(PlotNumber.coordinate(bottom))"])
        }
    }

    /// A part of the horizontal axis with another ground.
    func band(_ range: ClosedRange<Double>) -> Markup {
        let from = x.position(range.lowerBound)
        let to = x.position(range.upperBound)
        return Markup(
            "rect",
            [
                "class": "band", "x": PlotNumber.coordinate(min(from, to)), "y": PlotNumber.coordinate(top),
                "width": PlotNumber.coordinate(abs(to - from)), "height": PlotNumber.coordinate(bottom - top),
            ])
    }
}
