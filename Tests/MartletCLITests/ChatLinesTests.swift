import Testing

@testable import MartletCLI

@Suite struct ChatLinesTests {
    private let noon = ChatTime(seconds: 1_795_262_400)
    private let plain = ChatLines(columns: 40, hasColour: false)

    @Test func `a message has a time and a name, and its other lines a margin`() {
        let lines = plain.message("one\ntwo\r\n\tthree", name: "anna", colour: 1, at: noon)
        #expect(lines == ["\(noon.short) <anna> one", "      │ two", "      │     three"])
    }

    @Test func `nobody can write what looks like somebody else's line, or the program's`() {
        let fake = "hi\n\(noon.short) <chris> I hate you\n\(noon.short) * anna has left.\u{1B}[2J\u{202E}"
        let lines = plain.message(fake, name: "anna> x\u{1B}[31m", colour: 1, at: noon)
        #expect(lines[0].hasPrefix("\(noon.short) <anna› x\\u{1B}[31m> "))
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("      │ ") })
        #expect(!lines.joined().unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
        #expect(lines.allSatisfy { TerminalScreen.columns(of: $0) < 40 })
    }

    @Test func `a long name keeps the end that tells two of one name apart`() {
        let name = String(repeating: "n", count: 40)
        #expect(ChatLines.shown(name: name + " (2)").hasSuffix("n (2)"))
    }

    @Test func `a name that could pass for a sentence is quoted`() {
        #expect(ChatLines.named("anna") == "anna" && ChatLines.named("chris (2)") == "chris (2)")
        #expect(ChatLines.named("anna has left. * bob") == "“anna has left. * bob”")
        #expect(ChatLines.named("anna has left") == "“anna has left”")
        #expect(ChatLines.named("a\u{1B}[2J") == "“a\\u{1B}[2J”")
    }

    @Test func `long lines are broken between words, and long words anywhere`() {
        #expect(ChatLines.rows("aa bb cc", first: 5, others: 5) == ["aa bb", "cc"])
        #expect(ChatLines.rows("abcdefghij", first: 4, others: 5) == ["abcd", "efghi", "j"])
        #expect(ChatLines.rows("日本語日本語", first: 5, others: 6) == ["日本", "語日本", "語"])
        #expect(ChatLines.rows("", first: 5, others: 5) == [""])
        let long = plain.message(String(repeating: "x", count: 10_000), name: "n", colour: 0, at: noon, tailColumns: 6)
        #expect(long.allSatisfy { TerminalScreen.columns(of: $0) <= 33 })
    }

    @Test func `colours are of the name, and never of the text`() {
        let lines = ChatLines(columns: 60, hasColour: true).message("hi", name: "anna", colour: 1, at: noon)
        #expect(lines == ["\u{1B}[2m\(noon.short)\u{1B}[0m <\u{1B}[1;36manna\u{1B}[0m> hi"])
    }

    @Test func `a slash begins a command, two a message with one`() {
        #expect(ChatInput("/send a b ") == .command(.send, argument: "a b"))
        #expect(ChatInput("/QUIT") == .command(.quit, argument: ""))
        #expect(ChatInput("//quit") == .message("/quit"))
        #expect(ChatInput("/usr/bin is a folder") == .message("/usr/bin is a folder"))
        #expect(ChatInput("/ ") == .message("/ "))
        #expect(ChatInput(" \n ") == .nothing)
        #expect(ChatInput("a /quit") == .message("a /quit"))
    }

    @Test func `a mistyped command gets a proposal`() {
        #expect(ChatInput("/sned x") == .unknown("sned", proposal: .send))
        #expect(ChatInput("/acc") == .unknown("acc", proposal: .accept))
        #expect(ChatInput("/xyzzyx") == .unknown("xyzzyx", proposal: nil))
    }

    @Test func `names of files are divided as shells do it`() {
        #expect(ShellWords.split("a 'b c' d\\ e \"f'g\" ~/x", home: "/h") == ["a", "b c", "d e", "f'g", "/h/x"])
        #expect(ShellWords.split("a 'b", home: nil) == nil)
        #expect(ShellWords.split("a~ '~'", home: "/h") == ["a~", "~"])
        for word in ["a b", "it's", "~x", "a\\b", "\"q\""] {
            #expect(ShellWords.split(ShellWords.escaped(word), home: "/h") == [word])
        }
        #expect(ShellWords.last("/send a\\ b c", home: nil).word == "c")
        #expect(ShellWords.last("/send 'a b", home: nil).word == "a b")
    }
}
