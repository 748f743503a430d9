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
                let (text, back) = editor.window(columns: 20)
                #expect(text.utf8.count < 20 && 0...text.utf8.count ~= back)
                #expect(editor.text.utf8.count <= LineEditor.longest)
            }
        }
    }

    @Test func `a long line shows the part with the cursor`() {
        var editor = LineEditor("abcdefghijkl")
        #expect(editor.window(columns: 6) == ("hijkl", 0))
        #expect(editor.window(columns: 80) == ("abcdefghijkl", 0))
        _ = editor.press(0x01)
        #expect(editor.window(columns: 6) == ("abcde", 5))
    }
}
