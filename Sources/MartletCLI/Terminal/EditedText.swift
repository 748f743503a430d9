internal import Transfer

/// Text with a cursor in it: what a person sees as a character is one, however many code points it has.
struct EditedText: Sendable {
    /// A character with what stands for it on the screen.
    struct Glyph: Sendable, Equatable {
        let character: Character
        /// One line, without controls. A new line has none.
        let shown: String
        /// Of the terminal.
        let columns: Int

        init(_ character: Character) {
            self.character = character
            shown =
                switch character {
                case "\n": ""
                case "\t": "    "
                default: Printable.line(String(character))
                }
            columns = Printable.columns(of: shown)
        }

        var isNewLine: Bool { character == "\n" }
    }

    private(set) var glyphs: [Glyph] = []
    /// How many characters stand before it.
    private(set) var cursor = 0
    private(set) var byteCount = 0

    init(_ text: String = "") {
        insert(text)
    }

    var isEmpty: Bool { glyphs.isEmpty }
    var text: String { String(glyphs.map(\.character)) }
    var textBeforeCursor: String { String(glyphs[..<cursor].map(\.character)) }

    // MARK: Changes

    /// At the cursor, which goes behind it. A mark that combines joins the character before it.
    mutating func insert(_ text: String) {
        guard !text.isEmpty else { return }
        var start = cursor
        var text = text
        if start > 0, !glyphs[start - 1].isNewLine {
            start -= 1
            text = String(glyphs[start].character) + text
        }
        replace(start..<cursor, with: text)
    }

    /// The cursor goes behind what is put there.
    mutating func replace(_ range: Range<Int>, with text: String) {
        let new = text.map(Glyph.init)
        byteCount += text.utf8.count - glyphs[range].reduce(0) { $0 + $1.character.utf8.count }
        glyphs.replaceSubrange(range, with: new)
        cursor = range.lowerBound + new.count
    }

    /// - Returns: whether anything was there.
    mutating func remove(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        replace(range, with: "")
        return true
    }

    /// - Returns: whether there is such a place.
    mutating func move(to place: Int) -> Bool {
        guard (0...glyphs.count).contains(place) else { return false }
        cursor = place
        return true
    }

    // MARK: Places

    var lineStart: Int { glyphs[..<cursor].lastIndex(where: \.isNewLine).map { $0 + 1 } ?? 0 }
    var lineEnd: Int { glyphs[cursor...].firstIndex(where: \.isNewLine) ?? glyphs.count }

    /// Where the word before the cursor begins.
    var wordStart: Int {
        var place = cursor
        while place > 0, Self.isSeparator(glyphs[place - 1]) { place -= 1 }
        while place > 0, !Self.isSeparator(glyphs[place - 1]) { place -= 1 }
        return place
    }

    /// Where the word behind the cursor ends.
    var wordEnd: Int {
        var place = cursor
        while place < glyphs.count, Self.isSeparator(glyphs[place]) { place += 1 }
        while place < glyphs.count, !Self.isSeparator(glyphs[place]) { place += 1 }
        return place
    }

    /// The place above or below the cursor; nil in the first line, and in the last.
    func place(linesDown: Int) -> Int? {
        let column = cursor - lineStart
        var start = lineStart
        if linesDown < 0 {
            guard start > 0 else { return nil }
            let end = start - 1
            start = glyphs[..<end].lastIndex(where: \.isNewLine).map { $0 + 1 } ?? 0
            return min(start + column, end)
        }
        guard lineEnd < glyphs.count else { return nil }
        start = lineEnd + 1
        let end = glyphs[start...].firstIndex(where: \.isNewLine) ?? glyphs.count
        return min(start + column, end)
    }

    private static func isSeparator(_ glyph: Glyph) -> Bool { "- ._/#:\n\t,;()".contains(glyph.character) }

    // MARK: Looks

    /// The first line, as much of it as there is room for, with the cursor in it.
    ///
    /// - Parameter columns: at least 2.
    /// - Returns: the part, and in which of its columns the cursor stands.
    func window(columns: Int) -> (text: String, cursor: Int) {
        let room = max(1, columns - 1)
        var start = 0
        var before = glyphs[..<cursor].reduce(0) { $0 + $1.columns }
        var used = before
        var end = cursor
        while end < glyphs.count, used + glyphs[end].columns <= max(room, before) {
            used += glyphs[end].columns
            end += 1
        }
        while used > room, start < cursor {
            used -= glyphs[start].columns
            before -= glyphs[start].columns
            start += 1
        }
        return (glyphs[start..<end].map(\.shown).joined(), before)
    }

    /// All of it in rows of a terminal, and where the cursor stands.
    ///
    /// - Parameter columns: the room of a row, at least 4.
    func rows(columns: Int) -> (rows: [String], cursor: (row: Int, column: Int)) {
        var rows = [""]
        var used = 0
        var place = (row: 0, column: 0)
        for (index, glyph) in glyphs.enumerated() {
            if !glyph.isNewLine, used + glyph.columns > columns {
                rows.append("")
                used = 0
            }
            if index == cursor { place = (rows.count - 1, used) }
            if glyph.isNewLine {
                rows.append("")
                used = 0
            } else {
                rows[rows.count - 1] += glyph.shown
                used += glyph.columns
            }
        }
        if cursor == glyphs.count { place = (rows.count - 1, used) }
        return (rows, place)
    }
}
