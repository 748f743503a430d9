import Testing

@testable import MartletCLI

@Suite struct LineEditorTests {
    private func editor(_ text: String = "") -> LineEditor {
        LineEditor(text, complete: CodeCompletion.candidates)
    }

    @discardableResult
    private func type(_ keys: String, into editor: inout LineEditor) -> LineEditor.Effect {
        keys.utf8.reduce(.nothing) { _, key in editor.press(key) }
    }

    @Test func `what is typed stands there, and control characters do not`() {
        var editor = editor("7-")
        type("cl\u{1}ock é\u{7F}", into: &editor)
        #expect(editor.text == "ock7-cl")
    }

    @Test func `Tab completes as far as there is one way`() {
        var editor = editor("7-")
        #expect(type("cloc\t", into: &editor) == .changed)
        #expect(editor.text == "7-clock-")
        type("mang\t", into: &editor)
        type("crus", into: &editor)
        #expect(type("\t", into: &editor) == .choices(["7-clock-mango-crush", "7-clock-mango-crust"]))
        type("t", into: &editor)
        #expect(type("\t", into: &editor) == .refused, "nothing is left to complete")
        #expect(type("\r", into: &editor) == .entered)
        #expect(editor.text == "7-clock-mango-crust")
    }

    @Test func `Tab keeps what stands behind the cursor`() {
        var editor = editor("7-cloc-mango")
        for _ in 0..<6 { type("\u{1B}[D", into: &editor) }
        #expect(type("\t", into: &editor) == .changed)
        #expect(editor.text == "7-clock--mango")
    }

    @Test func `the keys of every line editor do what they do`() {
        var editor = editor("abc def")
        type("\u{17}", into: &editor)
        #expect(editor.text == "abc ")
        type("x\u{1B}[H\u{1B}[3~", into: &editor)
        #expect(editor.text == "bc x" && editor.cursor == 0)
        type("\u{1B}OF\u{8}", into: &editor)
        #expect(editor.text == "bc ")
        type("\u{1B}[D\u{B}", into: &editor)
        #expect(editor.text == "bc")
        type("\u{15}", into: &editor)
        #expect(editor.text == "")
        #expect(editor.press(0x08) == .refused)
        #expect(editor.press(0x04) == .ended)
    }

    @Test func `sequences that mean nothing here are swallowed, and those that do not end are dropped`() {
        var editor = editor()
        type("\u{1B}[1;5A\u{1B}[200~a\u{1B}", into: &editor)
        type("b", into: &editor)
        type("\u{1B}[" + String(repeating: "1", count: 40), into: &editor)
        #expect(editor.text.hasPrefix("ab"))
        #expect(editor.text.utf8.count < 40)
    }

    @Test func `any keys leave a line that can be drawn`() {
        // A linear congruence (Knuth, MMIX) is as good as any here, and the same each time.
        var state: UInt64 = 1
        for _ in 0..<200 {
            var editor = editor("7-")
            for _ in 0..<600 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                _ = editor.press(UInt8(truncatingIfNeeded: state >> 56))
                let (text, cursor) = editor.window(columns: 20)
                #expect(text.utf8.count < 20 && 0...text.utf8.count ~= cursor)
                #expect(editor.text.utf8.count <= editor.longest)
            }
        }
    }

    @Test func `a long line shows the part with the cursor`() {
        var editor = LineEditor("abcdefghijkl")
        #expect(editor.window(columns: 6) == ("hijkl", 5))
        #expect(editor.window(columns: 80) == ("abcdefghijkl", 12))
        _ = editor.press(0x01)
        #expect(editor.window(columns: 6) == ("abcde", 0))
    }

    // MARK: Text of several lines

    @Test func `what a person sees as one character is removed and passed over as one`() {
        var editor = LineEditor(alphabet: .text)
        type("né日e\u{301}👩‍🚀", into: &editor)
        #expect(editor.text == "né日e\u{301}👩‍🚀" && editor.cursor == 5)
        type("\u{7F}", into: &editor)
        #expect(editor.text == "né日e\u{301}")
        type("\u{1B}[D\u{7F}", into: &editor)
        #expect(editor.text == "née\u{301}" && editor.cursor == 2)
    }

    @Test func `bytes that are no character are left out`() {
        var editor = LineEditor(alphabet: .text)
        for byte in [0xC3, 0x41, 0xFF, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0x80, 0xF0, 0x9F] as [UInt8] {
            _ = editor.press(byte)
        }
        type("b", into: &editor)
        #expect(editor.text == "A€b")
    }

    @Test func `Ctrl-J and Alt-Enter begin a new line, and Return enters all of them`() {
        var editor = LineEditor(alphabet: .text)
        type("one\ntwo\u{1B}\rthree", into: &editor)
        #expect(editor.text == "one\ntwo\nthree")
        #expect(type("\r", into: &editor) == .entered)
        #expect(editor.take() == "one\ntwo\nthree")
        #expect(editor.isEmpty)
    }

    @Test func `a paste is text, whatever is in it`() {
        var editor = LineEditor(alphabet: .text)
        #expect(type("\u{1B}[200~a\r\nb\rc\n\td\u{3}\u{4}\u{1B}[Ae\r\n\u{1B}[201~", into: &editor) == .changed)
        #expect(editor.text == "a\nb\nc\n\tde")
        #expect(type("\r", into: &editor) == .entered)
    }

    @Test func `a paste that is too long, and one that does not end, take no room`() {
        var editor = LineEditor(alphabet: .text)
        type("ab", into: &editor)
        type("\u{1B}[200~" + String(repeating: "x", count: 100_000), into: &editor)
        #expect(type("\u{1B}[201~", into: &editor) == .refused)
        #expect(editor.text == "ab")
    }

    @Test func `the arrows go through lines, and behind them through what was entered before`() {
        var editor = LineEditor(alphabet: .text)
        for text in ["first", "second"] {
            type(text, into: &editor)
            _ = editor.take()
        }
        type("dra\nft", into: &editor)
        type("\u{1B}[A", into: &editor)
        #expect(editor.text == "dra\nft" && editor.cursor == 2)
        type("\u{1B}[A\u{1B}[A", into: &editor)
        #expect(editor.text == "first")
        #expect(type("\u{1B}[A", into: &editor) == .refused)
        type("\u{1B}[B\u{1B}[B", into: &editor)
        #expect(editor.text == "dra\nft")
    }

    @Test func `the history forgets what is old, and holds little`() {
        var history = LineHistory()
        for number in 0..<300 { history.append("\(number)") }
        var last: String?
        var count = 0
        while let text = history.move(by: -1, from: "") { (last, count) = (text, count + 1) }
        #expect(last == "100" && count == LineHistory.mostEntries)
        for _ in 0..<100 { history.append(String(repeating: "x", count: 30_000) + "\(Int.random(in: 0...9))") }
        count = 0
        while history.move(by: -1, from: "") != nil { count += 1 }
        #expect(count <= LineHistory.mostBytes / 30_000)
    }

    @Test func `rows break where the terminal would, and the cursor is in one of them`() {
        var text = EditedText("ab日本c\nd")
        #expect(text.rows(columns: 5).rows == ["ab日", "本c", "d"])
        #expect(text.rows(columns: 5).cursor == (2, 1))
        let hasMoved = text.move(to: 3)
        #expect(hasMoved)
        #expect(text.rows(columns: 5).cursor == (1, 0))
        #expect(EditedText("").rows(columns: 5).cursor == (0, 0))
    }

    @Test func `any bytes leave a text that can be drawn`() {
        var state: UInt64 = 7
        for _ in 0..<100 {
            var editor = LineEditor(alphabet: .text)
            for _ in 0..<800 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                if editor.press(UInt8(truncatingIfNeeded: state >> 56)) == .entered { _ = editor.take() }
                let (rows, cursor) = editor.rows(columns: 10)
                #expect(rows.indices.contains(cursor.row) && 0...10 ~= cursor.column)
                #expect(rows.allSatisfy { TerminalScreen.columns(of: $0) <= 14 && !$0.utf8.contains(0x1B) })
            }
        }
    }
}
