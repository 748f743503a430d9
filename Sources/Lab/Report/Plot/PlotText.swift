/// How wide text becomes, estimated so that it is rather less in truth: the reader's fonts are not known.
enum PlotText {
    /// The width of one line in pixels, from the widths of wide sans-serif fonts (DejaVu Sans, Verdana).
    ///
    /// - Parameter size: of the font, in pixels.
    static func width(_ text: String, size: Double) -> Double {
        text.unicodeScalars.reduce(0.0) { $0 + advance(of: $1) } * size
    }

    /// `text`, cut with an ellipsis so that it fits.
    static func fitted(_ text: String, size: Double, within width: Double) -> String {
        guard self.width(text, size: size) > width else { return text }
        var result = ""
        var used = self.width("…", size: size)
        for character in text {
            used += self.width(String(character), size: size)
            if used > width { break }
            result.append(character)
        }
        while result.hasSuffix(" ") || result.hasSuffix(",") { result.removeLast() }
        return result + "…"
    }

    /// `text` in lines that fit, broken at spaces; a word that does not fit alone is cut.
    static func lines(_ text: String, size: Double, within width: Double, limit: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ").map(String.init) {
            if let last = lines.last, self.width(last + " " + word, size: size) <= width || lines.count >= limit {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines.map { fitted($0, size: size, within: width) }
    }

    /// In parts of the font's size.
    private static func advance(of scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": 0.34
        case " ", "f", "t", "r", "(", ")", "-", "/", "\u{A0}", "\u{202F}": 0.42
        case "m", "w", "M", "W", "%", "…", "—": 1.0
        case "a"..."z", "0"..."9": 0.64
        case "A"..."Z": 0.76
        case "\u{20}"..."\u{7E}": 0.84
        case "·", "–": 0.5
        case "\u{A1}"..."\u{24F}": 0.8
        default: 1.1
        }
    }
}
