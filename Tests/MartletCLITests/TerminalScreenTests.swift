import Testing

@testable import MartletCLI

/// A terminal as far as these tests need one: rows of characters of one column, and the sequences that we write.
private struct SmallTerminal {
    let columns: Int
    let rowCount: Int
    private(set) var rows: [[Character]]
    private(set) var row = 0
    private(set) var column = 0

    init(columns: Int, rows: Int) {
        self.columns = columns
        rowCount = rows
        self.rows = Array(repeating: [], count: rows)
    }

    var text: [String] { rows.map { String($0) }.reversed().drop(while: \.isEmpty).reversed() }

    mutating func write(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\r": column = 0
            case "\n", "\r\n":
                column = 0
                if row == rowCount - 1 { rows = Array(rows.dropFirst()) + [[]] } else { row += 1 }
            case "\u{1B}":
                let sequence = rest.prefix { !$0.isLetter }
                rest = rest.dropFirst(sequence.count)
                let number = Int(sequence.dropFirst()) ?? 1
                switch rest.popFirst() {
                case "A": row = max(0, row - number)
                case "B": row = min(rowCount - 1, row + number)
                case "C": column = min(columns - 1, column + number)
                case "K": rows[row] = Array(rows[row].prefix(column))
                case "J":
                    rows[row] = Array(rows[row].prefix(column))
                    for below in rows.indices where below > row { rows[below] = [] }
                default: break
                }
            default:
                while rows[row].count <= column { rows[row].append(" ") }
                rows[row][column] = character
                column += 1
            }
        }
    }
}

@Suite struct TerminalScreenTests {
    private let size = (columns: 20, rows: 6)

    /// What a console does to print.
    private func print(
        _ text: String, mark: Int? = nil, _ screen: inout TerminalScreen, _ terminal: inout SmallTerminal
    ) {
        let area = screen.kept
        var out = screen.leaveLine(size: size) + text
        screen.printed(text, mark: mark, size: size)
        if let area { out += screen.draw(area, isKept: true, size: size) }
        terminal.write(out)
    }

    @Test func `what is printed stands above the area, and the cursor in it`() {
        var screen = TerminalScreen()
        var terminal = SmallTerminal(columns: 20, rows: 6)
        terminal.write(screen.draw(TerminalArea(lines: ["bar", "> ab"], cursor: (1, 3)), isKept: true, size: size))
        print("one\n", &screen, &terminal)
        print("two\nthree\n", &screen, &terminal)
        #expect(terminal.text == ["one", "two", "three", "bar", "> ab"])
        #expect(terminal.row == 4 && terminal.column == 3)
        terminal.write(screen.draw(TerminalArea(lines: ["> abc"], cursor: (0, 5)), isKept: true, size: size))
        #expect(terminal.text == ["one", "two", "three", "> abc"])
        print("four\nfive\nsix\n", &screen, &terminal)
        #expect(terminal.text == ["two", "three", "four", "five", "six", "> abc"])
        terminal.write(screen.leaveLine(size: size))
        #expect(terminal.text == ["two", "three", "four", "five", "six"])
    }

    @Test func `a line that is still on the screen gets its tick, and one that is not is left alone`() {
        var screen = TerminalScreen()
        var terminal = SmallTerminal(columns: 20, rows: 6)
        terminal.write(screen.draw(TerminalArea(lines: ["-", "> x"], cursor: (1, 2)), isKept: true, size: size))
        print("first\n", mark: 1, &screen, &terminal)
        print("second\n", mark: 2, &screen, &terminal)
        print("a\nb\n", &screen, &terminal)
        terminal.write(screen.amend(2, " V", isLast: false, size: size) ?? "none")
        #expect(terminal.text == ["first", "second V", "a", "b", "-", "> x"])
        #expect(terminal.row == 5 && terminal.column == 2)
        print("c\n", &screen, &terminal)
        #expect(screen.amend(1, " V", isLast: true, size: size) == nil, "it has scrolled away")
        terminal.write(screen.amend(2, " VV", isLast: true, size: size) ?? "none")
        #expect(terminal.text == ["second VV", "a", "b", "c", "-", "> x"])
        #expect(screen.amend(2, " V", isLast: true, size: size) == nil, "that was the last change")
    }

    @Test func `an area that has grown hides what was above it from changes`() {
        var screen = TerminalScreen()
        var terminal = SmallTerminal(columns: 20, rows: 4)
        let size = (columns: 20, rows: 4)
        terminal.write(screen.draw(TerminalArea(lines: ["> "], cursor: (0, 2)), isKept: true, size: size))
        var out = screen.leaveLine(size: size) + "mine\n"
        screen.printed("mine\n", mark: 1, size: size)
        out += screen.draw(TerminalArea(lines: ["> "], cursor: (0, 2)), isKept: true, size: size)
        terminal.write(out)
        terminal.write(
            screen.draw(TerminalArea(lines: ["> a", "b", "c", "d"], cursor: (3, 1)), isKept: true, size: size))
        #expect(screen.amend(1, " V", isLast: true, size: size) == nil)
        #expect(terminal.text == ["> a", "b", "c", "d"])
    }

    @Test func `in a terminal that has become narrower the broken lines are wiped away whole`() {
        var screen = TerminalScreen()
        let wide = (columns: 40, rows: 10)
        _ = screen.draw(
            TerminalArea(
                lines: [String(repeating: "b", count: 39), "> " + String(repeating: "x", count: 30)], cursor: (1, 32)),
            isKept: true, size: wide)
        // 39 columns are two rows of twenty, 32 are two, the cursor in the second.
        let text = screen.leaveLine(size: (20, 10))
        #expect(text == "\r\u{1B}[3A\u{1B}[J")
    }

    @Test func `after a change of size nothing that was printed is touched`() {
        var screen = TerminalScreen()
        _ = screen.draw(TerminalArea(lines: ["> "], cursor: (0, 2)), isKept: true, size: size)
        _ = screen.leaveLine(size: size)
        screen.printed("mine\n", mark: 1, size: size)
        _ = screen.draw(TerminalArea(lines: ["> "], cursor: (0, 2)), isKept: true, size: size)
        #expect(screen.amend(1, " V", isLast: true, size: (30, 6)) == nil)
    }

    @Test func `behind what may be wider than we think the text itself brings the cursor to its place`() {
        var screen = TerminalScreen()
        let family = "> 👨‍👩‍👧 b"
        let drawn = screen.draw(
            TerminalArea(lines: [family], cursor: (0, TerminalScreen.columns(of: "> 👨‍👩‍👧"))), isKept: true, size: size)
        #expect(drawn == "\r\(family)\u{1B}[K\r> 👨‍👩‍👧")
        _ = screen.leaveLine(size: size)
        screen.printed("日 mine\n", mark: 1, size: size)
        _ = screen.draw(TerminalArea(lines: ["> ab"], cursor: (0, 3)), isKept: true, size: size)
        let escape = "\u{1B}["
        #expect(
            screen.amend(1, " V", isLast: true, size: size)
                == "\r\(escape)1A日 mine V\(escape)K\r\(escape)1B\(escape)3C")
    }

    @Test func `colours take no columns`() {
        #expect(TerminalScreen.columns(of: "\u{1B}[1;36manna\u{1B}[0m 日") == 7)
    }
}
