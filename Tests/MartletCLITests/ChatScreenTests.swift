import Synchronization
import Testing

@testable import MartletCLI

@Suite struct ChatScreenTests {
    private func screen(_ transcript: Transcript, bars: [String] = [], status: String = "With anna") -> ChatScreen {
        ChatScreen(on: transcript.console(), complete: ChatCompletion.candidates) { _ in
            ChatScreen.Above(bars: bars, status: status)
        }
    }

    private func press(_ keys: String, _ screen: ChatScreen) -> [ChatScreen.Action] {
        var actions: [ChatScreen.Action] = []
        screen.press(keys.utf8) { actions.append($0) }
        return actions
    }

    @Test func `what is entered is handed on line by line, and that something is typed once`() {
        let screen = screen(Transcript())
        #expect(press("hello", screen) == [.typed(isMessage: true)])
        #expect(press(" you\rand", screen) == [.entered("hello you"), .typed(isMessage: true)])
        #expect(press("\u{15}", screen) == [.typed(isMessage: false)])
        #expect(press("/se", screen) == [.typed(isMessage: false)])
        #expect(press("\u{15}\u{4}", screen) == [.ended, .typed(isMessage: false)])
    }

    @Test func `bars, the status and the edited lines stand below each other with the cursor in them`() {
        var editor = LineEditor(alphabet: .text)
        for key in "ab\ncd".utf8 { _ = editor.press(key) }
        let above = ChatScreen.Above(bars: ["bar 1", "bar 2"], status: "With anna")
        let area = ChatScreen.area(editor, above, columns: 40, rows: 24)
        #expect(area.lines == ["bar 1", "bar 2", "With anna", "> ab", "  cd"])
        #expect(area.cursor?.row == 4 && area.cursor?.column == 4)
    }

    @Test(arguments: 1...12)
    func `in a terminal of few rows the row with the cursor is always there`(rows: Int) {
        var editor = LineEditor(alphabet: .text)
        for key in (0..<30).map(String.init).joined(separator: "\n").utf8 { _ = editor.press(key) }
        for _ in 0..<20 {
            let above = ChatScreen.Above(bars: ["1", "2", "3", "4", "5", "6"], status: "s")
            let area = ChatScreen.area(editor, above, columns: 20, rows: rows)
            #expect(area.lines.count <= max(1, rows - 1))
            #expect(area.cursor.map { area.lines.indices.contains($0.row) } == true)
            for key in "\u{1B}[A".utf8 { _ = editor.press(key) }
        }
    }

    @Test func `commands are completed, and names of files behind one of them`() {
        #expect(ChatCompletion.candidates(for: "/de") == ["/decline "])
        #expect(ChatCompletion.candidates(for: "/who") == ["/who"])
        #expect(ChatCompletion.candidates(for: "/send /etc/host").contains("/send /etc/hosts"))
        #expect(ChatCompletion.candidates(for: "/send /et").contains("/send /etc/"))
        #expect(ChatCompletion.candidates(for: "//de").isEmpty)
        #expect(ChatCompletion.candidates(for: "hello /de").isEmpty)
        #expect(ChatCompletion.candidates(for: "/name /etc/host").isEmpty)
    }

    @Test func `what is said goes by above what is edited, and a tick is put behind it`() {
        let transcript = Transcript()
        let console = transcript.console()
        console.drawArea(TerminalArea(lines: ["With anna", "> x"], cursor: (1, 3)))
        console.show(["mine"], mark: 1)
        console.amend(1, " ✓", isLast: true)
        console.amend(1, " ✓✓", isLast: true)
        let escape = "\u{1B}["
        let area = "\rWith anna\(escape)K\n> x\(escape)K\r\(escape)3C"
        #expect(
            transcript.error
                == area + "\r\(escape)1A\(escape)Jmine\n" + area
                + "\r\(escape)2A\(escape)4C ✓\(escape)K\r\(escape)2B\(escape)3C")
    }
}
