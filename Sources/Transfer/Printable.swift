/// Makes text that came from somebody else fit for a terminal or a page: one line, no control of any kind, a bounded
/// width. Nothing remote may be shown without it.
public enum Printable {
    /// What goes when a line is too wide.
    public enum Cut: Sendable {
        case end
        /// For names, whose end (the extension) must stay visible.
        case middle
    }

    /// `text` on one line. Controls (C0, C1, DEL, ESC), bidirectional and other format characters, zero-width
    /// characters, line and paragraph separators, surrogate remains, private and unassigned code points come out as
    /// `\u{HEX}`. The joiner inside an emoji stays, as do up to six combining marks on one character.
    ///
    /// - Parameter columns: the most terminal columns the result takes, at least 1; cut text gets an ellipsis.
    public static func line(_ text: String, columns: Int? = nil, cut: Cut = .end) -> String {
        let pieces = escaped(text)
        guard let columns else { return pieces.map(\.text).joined() }
        guard pieces.reduce(0, { $0 + $1.columns }) > columns else { return pieces.map(\.text).joined() }
        let room = max(0, columns - 1)
        switch cut {
        case .end: return joined(pieces[...], within: room) + "…"
        case .middle:
            let tail = joinedFromEnd(pieces[...], within: room / 2)
            return joined(pieces[...], within: room - room / 2) + "…" + tail
        }
    }

    /// How many terminal columns `text` takes: 2 for East Asian wide characters and emoji, 0 for combining marks. Where
    /// terminals do not agree it is the most, so that what was measured never breaks into the next line.
    public static func columns(of text: String) -> Int {
        var sum = 0
        var last = 0
        for scalar in text.unicodeScalars {
            let width = columns(of: scalar)
            if width > 0 { last = width } else if widens(scalar, last) { (sum, last) = (sum + 1, 2) }
            sum += width
        }
        return sum
    }

    /// A number of bytes in decimal units: `1 byte`, `999 bytes`, `3.4 GB`.
    public static func size(_ bytes: Int64) -> String {
        if bytes < 1_000 { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        var tenths = bytes / 100
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var unit = 0
        while tenths >= 10_000, unit < units.count - 1 {
            tenths /= 1_000
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    private struct Piece {
        var text: String
        var columns: Int
    }

    /// Pieces that must not be torn apart: an escape, or a scalar with its marks.
    private static func escaped(_ text: String) -> [Piece] {
        var pieces: [Piece] = []
        var previous: Unicode.Scalar?
        var markCount = 0
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            if isSafe(scalar, after: previous, before: next), markCount < 6 || columns(of: scalar) > 0 {
                let width = columns(of: scalar)
                if width == 0, !pieces.isEmpty {
                    pieces[pieces.count - 1].text.unicodeScalars.append(scalar)
                    if widens(scalar, pieces[pieces.count - 1].columns) { pieces[pieces.count - 1].columns = 2 }
                    markCount += 1
                } else {
                    pieces.append(Piece(text: String(scalar), columns: width))
                    markCount = 0
                }
                previous = scalar
            } else {
                let escape = "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                pieces.append(Piece(text: escape, columns: escape.utf8.count))
                previous = nil
                markCount = 0
            }
        }
        return pieces
    }

    private static func joined(_ pieces: ArraySlice<Piece>, within columns: Int) -> String {
        var text = ""
        var used = 0
        for piece in pieces {
            used += piece.columns
            if used > columns { break }
            text += piece.text
        }
        return text
    }

    private static func joinedFromEnd(_ pieces: ArraySlice<Piece>, within columns: Int) -> String {
        var kept: [String] = []
        var used = 0
        for piece in pieces.reversed() {
            used += piece.columns
            if used > columns { break }
            kept.append(piece.text)
        }
        return kept.reversed().joined()
    }

    private static func isSafe(
        _ scalar: Unicode.Scalar, after previous: Unicode.Scalar?, before next: Unicode.Scalar?
    ) -> Bool {
        if scalar.value >= 0x20, scalar.value < 0x7F { return true }
        switch scalar.value {
        case 0x200D:
            // The joiner of families and flags.
            guard let previous, let next else { return false }
            return isPicture(previous) && isPicture(next)
        case 0xFE0E, 0xFE0F: return previous.map { $0.properties.isEmoji } ?? false
        default: break
        }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }

    private static func isPicture(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == 0xFE0F || scalar.value > 0xFF && scalar.properties.isEmoji
    }

    private static func columns(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x200D, 0xFE0E, 0xFE0F: return 0
        // Source: Unicode 16, EastAsianWidth.txt, W and F, with what lies between; emoji by their own property.
        case 0x1100...0x115F, 0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F, 0x2E80...0x303E, 0x3041...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x1B2FF, 0x1D300...0x1D376, 0x1F200...0x1F265,
            0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// Some terminals draw what would take one column as a picture of two.
    private static func widens(_ scalar: Unicode.Scalar, _ columnsBefore: Int) -> Bool {
        scalar.value == 0xFE0F && columnsBefore == 1
    }
}
