/// A drawing with a title and a description for whoever does not see it.
struct Plot: Hashable, Sendable {
    /// In pixels.
    let width: Double
    let height: Double
    let title: String
    let description: String
    var elements: [Markup] = []

    /// The drawing as an element of a page.
    ///
    /// - Parameter identifier: of this drawing alone in its page, of letters, digits and hyphens.
    func svg(identifier: String, classes: String) -> Markup {
        Markup(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "class": "plot " + classes, "viewBox": box, "role": "img",
                "width": PlotNumber.coordinate(width), "height": PlotNumber.coordinate(height),
                "aria-labelledby": "\(identifier)-t \(identifier)-d",
            ],
            [
                Markup("title", ["id": "\(identifier)-t"], text: title),
                Markup("desc", ["id": "\(identifier)-d"], text: description),
            ] + elements)
    }

    /// The drawing as a file of its own, with its style, on a ground of its own.
    var file: String {
        let margin = 16.0
        let heading = PlotText.lines(title, size: 17, within: width, limit: 4)
        let top = margin + Double(heading.count) * 22 + 12
        let full = PlotPoint(x: width + 2 * margin, y: height + top + margin)
        let box = "0 0 \(PlotNumber.coordinate(full.x)) \(PlotNumber.coordinate(full.y))"
        let ground = Markup("rect", ["class": "ground", "width": "100%", "height": "100%"])
        let words = heading.enumerated().map { index, line in
            PlotLabel(line, at: PlotPoint(x: margin, y: margin + 16 + Double(index) * 22), style: .heading).markup
        }
        let shift = "translate(\(PlotNumber.coordinate(margin)) \(PlotNumber.coordinate(top)))"
        return Markup(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "class": "plot", "viewBox": box, "role": "img",
                "width": PlotNumber.coordinate(full.x), "height": PlotNumber.coordinate(full.y),
                "aria-labelledby": "t d",
            ],
            [
                Markup("title", ["id": "t"], text: title), Markup("desc", ["id": "d"], text: description),
                Markup("style", text: ReportStyle.colours + ReportStyle.plots), ground,
            ] + words + [Markup("g", ["transform": shift], elements)]
        ).string + "\n"
    }

    private var box: String { "0 0 \(PlotNumber.coordinate(width)) \(PlotNumber.coordinate(height))" }
}

/// A line of text in a drawing.
struct PlotLabel: Hashable, Sendable {
    enum Anchor: String {
        case start
        case middle
        case end
    }

    /// How text looks; the sizes are those of ``ReportStyle``.
    enum Style: String {
        case tick
        case label
        case panel
        case heading
        case value

        var size: Double {
            switch self {
            case .tick: 12
            case .label, .value: 13
            case .panel: 13.5
            case .heading: 17
            }
        }
    }

    var text: String
    var place: PlotPoint
    var anchor: Anchor
    var style: Style

    /// - Parameter place: of the base line.
    init(_ text: String, at place: PlotPoint, anchor: Anchor = .start, style: Style = .label) {
        self.text = text
        self.place = place
        self.anchor = anchor
        self.style = style
    }

    var markup: Markup {
        Markup(
            "text",
            [
                "class": style.rawValue, "x": PlotNumber.coordinate(place.x), "y": PlotNumber.coordinate(place.y),
                "text-anchor": anchor.rawValue,
            ], text: text)
    }

    /// From left to right.
    var extent: ClosedRange<Double> {
        let width = PlotText.width(text, size: style.size)
        switch anchor {
        case .start: return place.x...place.x + width
        case .middle: return place.x - width / 2...place.x + width / 2
        case .end: return place.x - width...place.x
        }
    }
}
