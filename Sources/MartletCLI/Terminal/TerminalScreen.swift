internal import Transfer

/// Some lines that are drawn over and over, below everything that scrolls.
struct TerminalArea: Sendable {
    /// Each takes one column less than the terminal has, at most.
    var lines: [String]
    /// Where it stands; nil is behind the last line.
    var cursor: (row: Int, column: Int)?
}

/// What a terminal has to be told so that such lines stay below what is printed: a value that writes nothing itself.
///
/// It knows where the cursor is, how wide everything is that was printed, and so also whether a line that was printed
/// earlier is still on the screen and can be changed there.
struct TerminalScreen: Sendable {
    /// Where the last thing that was written has left the cursor.
    private enum Cursor {
        case atStart
        case inArea(Drawn)
        /// Behind a question, or what the terminal echoed.
        case inText
    }

    private struct Drawn {
        /// Columns of each line.
        var widths: [Int]
        var cursor: (row: Int, column: Int)
        /// What brings the cursor from the start of its row to its place.
        var advance: String
        /// Of the terminal at that time.
        var columns: Int

        /// How far the cursor is below the first row now: a terminal that has become narrower has broken the lines.
        func depth(columns now: Int) -> Int {
            guard now < columns else { return cursor.row }
            return widths[..<cursor.row].reduce(cursor.column / now) { $0 + TerminalScreen.rowCount($1, columns: now) }
        }
    }

    /// Printed lines that may be changed, by whatever number they were given: their row, how far they go, and what goes
    /// as far.
    private var marks: [Int: (row: Int, column: Int, advance: String)] = [:]
    /// Rows printed so far.
    private var printedCount = 0
    /// So many rows above the area, at least, are on the screen.
    private var rowsAbove = 0
    /// For which terminal all that is true.
    private var knownSize = (columns: 0, rows: 0)
    private var cursor = Cursor.atStart
    /// The area that is drawn again below whatever is printed.
    private(set) var kept: TerminalArea?

    private static let mostMarks = 200

    var isInText: Bool { if case .inText = cursor { true } else { false } }
    var isAtStart: Bool { if case .atStart = cursor { true } else { false } }
    private var drawn: Drawn? { if case .inArea(let drawn) = cursor { drawn } else { nil } }

    // MARK: The area

    /// Draws the area in place of the one before.
    ///
    /// - Parameter isKept: it is drawn again by itself when something was printed.
    mutating func draw(_ area: TerminalArea, isKept: Bool = false, size: (columns: Int, rows: Int)) -> String {
        note(size)
        var start = "\r"
        // Erased after the text, not before it: nothing flickers.
        var end = "\u{1B}[K"
        switch cursor {
        case .atStart: break
        case .inText: start = "\n\r"
        case .inArea(let drawn):
            start += Self.up(drawn.depth(columns: size.columns))
            if drawn.widths.count > area.lines.count || drawn.columns != size.columns { end = "\u{1B}[J" }
        }
        let widths = area.lines.map(Self.columns)
        let last = area.lines.count - 1
        let place = area.cursor ?? (last, widths[last])
        let advance = Self.advance(area.lines[place.row], to: place.column)
        if area.cursor != nil { end += Self.up(last - place.row) + "\r" + advance }
        cursor = .inArea(Drawn(widths: widths, cursor: place, advance: advance, columns: size.columns))
        kept = isKept ? area : nil
        rowsAbove = min(rowsAbove, max(0, size.rows - area.lines.count))
        return start + area.lines.joined(separator: "\u{1B}[K\n") + end
    }

    /// Goes to the start of an empty line; an area is wiped away.
    mutating func leaveLine(size: (columns: Int, rows: Int)) -> String {
        defer { cursor = .atStart }
        switch cursor {
        case .atStart: return ""
        case .inText: return "\n"
        case .inArea(let drawn):
            let depth = drawn.depth(columns: size.columns)
            let isOne = drawn.widths.count == 1 && depth == 0
            return "\r\(Self.up(depth))\u{1B}[\(isOne ? "K" : "J")"
        }
    }

    /// Nothing is to be drawn any more by itself.
    mutating func forgetArea() {
        kept = nil
    }

    /// What stands on the screen is somebody else's: another program was in the foreground.
    mutating func restart() {
        cursor = .atStart
        rowsAbove = 0
        marks = [:]
    }

    mutating func isBehindText() { cursor = .inText }
    mutating func isAtNewLine() { cursor = .atStart }

    // MARK: What scrolls

    /// Something that ends with a new line was printed, at the start of a line.
    ///
    /// - Parameter mark: a number by which its last line can be changed later; nil for none.
    mutating func printed(_ text: String, mark: Int? = nil, size: (columns: Int, rows: Int)) {
        note(size)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        let widths = lines.map { Self.columns(of: String($0)) }
        let count = widths.reduce(0) { $0 + Self.rowCount($1, columns: size.columns) }
        printedCount += count
        rowsAbove = min(size.rows - 1, rowsAbove + count)
        guard let mark, let line = lines.last, let width = widths.last, width < size.columns else { return }
        if marks.count >= Self.mostMarks { marks = marks.filter { isVisible($0.value.row) } }
        if marks.count < Self.mostMarks {
            marks[mark] = (printedCount - 1, width, Self.advance(String(line), to: width))
        }
    }

    /// Puts `text` behind a line that was printed with a mark, where that line is still on the screen: in place of
    /// what was put there before.
    ///
    /// - Returns: nil where nothing can be done.
    mutating func amend(_ mark: Int, _ text: String, isLast: Bool, size: (columns: Int, rows: Int)) -> String? {
        note(size)
        guard let place = marks[mark], let drawn, drawn.columns == size.columns, isVisible(place.row),
            place.column + Self.columns(of: text) < size.columns
        else { return nil }
        if isLast { marks[mark] = nil }
        let up = drawn.cursor.row + printedCount - place.row
        return "\r" + Self.up(up) + place.advance + text + "\u{1B}[K\r" + Self.down(up) + drawn.advance
    }

    private func isVisible(_ row: Int) -> Bool { printedCount - row <= rowsAbove }

    /// In another size, what was printed stands somewhere else.
    private mutating func note(_ size: (columns: Int, rows: Int)) {
        guard size != knownSize else { return }
        knownSize = size
        marks = [:]
        rowsAbove = 0
    }

    // MARK: Columns

    /// Of text with colours.
    static func columns(of text: String) -> Int {
        guard text.utf8.contains(0x1B) else { return Printable.columns(of: text) }
        var plain = ""
        var isColour = false
        for scalar in text.unicodeScalars {
            if scalar == "\u{1B}" { isColour = true }
            if !isColour { plain.unicodeScalars.append(scalar) }
            if scalar == "m" { isColour = false }
        }
        return Printable.columns(of: plain)
    }

    /// From the start of a line to a column. Terminals do not agree how wide an emoji of several code points is: where
    /// there is more than ASCII, the same text is written once more, and the terminal itself knows best where it ends.
    private static func advance(_ line: String, to column: Int) -> String {
        if line.utf8.allSatisfy({ $0 < 0x80 }) { return right(column) }
        guard column < columns(of: line) else { return line }
        guard !line.utf8.contains(0x1B) else { return right(column) }
        var used = 0
        return String(
            line.prefix { character in
                used += Printable.columns(of: String(character))
                return used <= column
            })
    }

    private static func rowCount(_ width: Int, columns: Int) -> Int { max(1, (width + columns - 1) / columns) }

    private static func up(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)A" : "" }
    private static func down(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)B" : "" }
    private static func right(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)C" : "" }
}
