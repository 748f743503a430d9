internal import Transfer

/// Texts of people: cut to what a message holds, and made fit to be shown.
package enum ChatText {
    /// `text` in pieces of 1 to 10,000 bytes, which together are the text: cut behind the ends of lines where there are
    /// some (the line end between two pieces is left out), and never inside a character. Line ends of other systems
    /// become U+000A.
    package static func pieces(of text: String, byteCount: Int = ChatLimits.textBytes) -> [String] {
        var pieces: [String] = []
        var rest = lines(text)[...]
        while rest.utf8.count > byteCount {
            let (piece, behind) = cut(rest, byteCount)
            if !piece.isEmpty { pieces.append(String(piece)) }
            rest = rest[behind...]
        }
        if !rest.isEmpty { pieces.append(String(rest)) }
        return pieces
    }

    /// A name fit to be shown on one line, at most 40 columns; never empty.
    package static func name(_ text: String) -> String {
        let line = Printable.line(text, columns: ChatLimits.nameCharacters)
        // Spaces of all kinds: with one that is not seen, two names would look alike.
        let shown = line.drop { $0.isWhitespace }
        guard let last = shown.lastIndex(where: { !$0.isWhitespace }) else { return "somebody" }
        return String(shown[...last])
    }

    /// A name of our own person, fit to be said: 1 to 40 Unicode scalars; nil where nothing is left of it.
    package static func ownName(_ text: String) -> String? {
        let shown = text.drop { $0.isWhitespace }
        guard let last = shown.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        var scalars = String.UnicodeScalarView()
        for character in shown[...last] {
            guard scalars.count + character.unicodeScalars.count <= ChatLimits.nameCharacters else { break }
            scalars.append(contentsOf: character.unicodeScalars)
        }
        return scalars.isEmpty ? nil : String(scalars)
    }

    private static func lines(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\r")) else { return text }
        var scalars = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || previous != "\r" {
                scalars.append(scalar)
            }
            previous = scalar
        }
        return String(scalars)
    }

    /// The first piece of a text that is longer than one, and where the next begins.
    private static func cut(_ text: Substring, _ byteCount: Int) -> (Substring, Substring.Index) {
        let utf8 = text.utf8
        let limit = utf8.index(utf8.startIndex, offsetBy: byteCount)
        // The byte at the limit may be the line's end itself.
        if let end = utf8[...limit].lastIndex(of: UInt8(ascii: "\n")), end > utf8.startIndex {
            return (text[..<end], utf8.index(after: end))
        }
        var end = text.character(at: limit)
        if end <= text.startIndex {
            // A character that is longer than a piece is cut between its scalars.
            end = limit
            while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        }
        return (text[..<end], end)
    }
}

extension Substring {
    /// The beginning of the character that the byte at `index` belongs to.
    fileprivate func character(at index: Index) -> Index {
        // From the nearest space, so that a piece is not looked through twice.
        var start = utf8[..<index].lastIndex(of: UInt8(ascii: " ")) ?? startIndex
        var next = start
        while next <= index, next < endIndex {
            start = next
            next = self.index(after: next)
        }
        return start
    }
}
