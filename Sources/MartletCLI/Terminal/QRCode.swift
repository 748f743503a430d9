/// Draws a QR code on a terminal: two modules in one character, by half blocks.
struct QRCode: Sendable {
    /// How light and dark are made.
    enum Palette: Sendable {
        /// Black and white are set explicitly, so that it does not matter which colours the terminal has.
        case explicit
        /// No escape sequences: light modules are drawn and dark ones left out, which is right on a dark terminal. On a
        /// light one the code is inverted, which most cameras read too.
        case drawn
    }

    /// Light modules around the code. The standard asks for four, cameras do with two, and a window has 24 lines.
    static let quietZone = 2

    let matrix: QRMatrix

    var columns: Int { matrix.size + 2 * Self.quietZone }
    var rowCount: Int { (columns + 1) / 2 }

    /// The lines, without line ends; none is wider than `columns`.
    func lines(_ palette: Palette) -> [String] {
        let first = -Self.quietZone
        return (0..<rowCount).map { line in
            let top = first + 2 * line
            var text = ""
            for column in first..<matrix.size + Self.quietZone {
                let upper = !matrix.isDark(row: top, column: column)
                // An odd number of rows leaves half a line: light, like the quiet zone.
                let lower = !matrix.isDark(row: top + 1, column: column)
                text += glyph(lightAbove: upper, lightBelow: lower)
            }
            // White on black of the 256-colour cube, which no theme changes; 39 and 49 give the terminal its own
            // colours back.
            return palette == .explicit ? "\u{1B}[38;5;231;48;5;16m\(text)\u{1B}[39;49m" : text
        }
    }

    private func glyph(lightAbove: Bool, lightBelow: Bool) -> String {
        switch (lightAbove, lightBelow) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }
}
