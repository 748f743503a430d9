/// Marks of a series of values. Each series has a colour, a dash and a shape, so that they can be told apart without
/// colours; of 42 series no two have the same colour and dash. Colours are classes: the style sheet has them for light
/// and dark grounds.
struct PlotMark: Hashable, Sendable {
    private static let colourCount = 6
    private static let dashes = ["", "8 3", "2 3", "8 3 2 3", "14 4", "5 2 1 2 1 2", "1 2"]

    /// Which series of its page it is, from 0.
    let index: Int

    var colour: Int { index % Self.colourCount }
    /// In pixels, as `stroke-dasharray` has them; empty for a solid line.
    var dash: String { Self.dashes[index % Self.dashes.count] }

    /// A line through points, which are coordinates.
    ///
    /// - Parameters:
    ///   - steps: whether it goes across first, and then up or down.
    ///   - width: of the line, in pixels.
    func line(_ points: [PlotPoint], steps: Bool = false, width: Double = 2.4) -> Markup {
        let path = points.reduce(into: PlotPath()) { $0.go(to: $1, step: steps) }
        return Markup(
            "path",
            [
                "class": "line s\(colour)", "stroke-width": PlotNumber.coordinate(width),
                "stroke-dasharray": dash.isEmpty ? "none" : dash, "d": path.text,
            ])
    }

    /// A mark at one place.
    func marker(at point: PlotPoint, radius: Double = 4.5) -> Markup {
        let r = radius
        let corners: [(Double, Double)]
        switch index % 6 {
        case 0:
            return Markup(
                "circle",
                [
                    "class": "mark f\(colour)", "cx": PlotNumber.coordinate(point.x),
                    "cy": PlotNumber.coordinate(point.y), "r": PlotNumber.coordinate(r),
                ])
        case 1: corners = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
        case 2: corners = [(0, -1.2), (1.15, 0.9), (-1.15, 0.9)]
        case 3: corners = [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]
        case 4: corners = [(0, 1.2), (1.15, -0.9), (-1.15, -0.9)]
        default:
            corners = [
                (-0.45, -1.2), (0.45, -1.2), (0.45, -0.45), (1.2, -0.45), (1.2, 0.45), (0.45, 0.45), (0.45, 1.2),
                (-0.45, 1.2), (-0.45, 0.45), (-1.2, 0.45), (-1.2, -0.45), (-0.45, -0.45),
            ]
        }
        var path = PlotPath()
        for corner in corners { path.go(to: PlotPoint(x: point.x + corner.0 * r, y: point.y + corner.1 * r)) }
        return Markup("path", ["class": "mark f\(colour)", "d": path.text + "Z"])
    }

    /// Line and mark, as a key stands before the name of a series: 26 pixels wide, its left end here.
    func key(at point: PlotPoint) -> [Markup] {
        [line([point, PlotPoint(x: point.x + 26, y: point.y)]), marker(at: PlotPoint(x: point.x + 13, y: point.y))]
    }
}

/// A place in a drawing, in pixels.
struct PlotPoint: Hashable, Sendable {
    var x: Double
    var y: Double
}

/// The text of a path, written point by point; points that lie where the one before does are left out.
struct PlotPath {
    private(set) var text = ""
    private var last: [String] = []

    mutating func go(to point: PlotPoint, step: Bool = false) {
        let next = [PlotNumber.coordinate(point.x), PlotNumber.coordinate(point.y)]
        guard next != last else { return }
        if last.isEmpty {
            text += "M\(next[0]) \(next[1])"
        } else if step {
            if next[0] != last[0] { text += "H\(next[0])" }
            if next[1] != last[1] { text += "V\(next[1])" }
        } else {
            text += "L\(next[0]) \(next[1])"
        }
        last = next
    }

    /// Goes on at another place without a line in between.
    mutating func move(to point: PlotPoint) {
        last = []
        go(to: point)
    }
}
