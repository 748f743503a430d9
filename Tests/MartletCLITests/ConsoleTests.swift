import JSON
import Synchronization
import Testing
import Transfer

@testable import MartletCLI

/// What a console wrote, in order.
final class Transcript: Sendable {
    private let lines = Mutex<[(stream: Console.Stream, text: String)]>([])

    var output: String { text(of: .output) }
    var error: String { text(of: .error) }

    private func text(of stream: Console.Stream) -> String {
        lines.withLock { $0.filter { $0.stream == stream }.map(\.text).joined() }
    }

    func console(
        isTerminal: Bool = true, hasColour: Bool = false, isQuiet: Bool = false, isJSON: Bool = false
    ) -> Console {
        let facts = TerminalFacts(
            inputIsTerminal: isTerminal, outputIsTerminal: isTerminal, errorIsTerminal: isTerminal,
            hasEscapes: isTerminal, hasColour: hasColour, size: { (80, 24) })
        return Console(facts: facts, isQuiet: isQuiet, isJSON: isJSON) { stream, text in
            self.lines.withLock { $0.append((stream, text)) }
        }
    }
}

@Suite struct ConsoleTests {
    @Test func `results go to standard output and all other words to standard error`() {
        let transcript = Transcript()
        let console = transcript.console()
        console.say("hello")
        console.result("/tmp/file")
        console.event("done")
        #expect(transcript.output == "/tmp/file\n")
        #expect(transcript.error == "hello\n")
    }

    @Test func `with --json only events are on standard output, one a line`() {
        let transcript = Transcript()
        let console = transcript.console(isJSON: true)
        console.say("hello")
        console.result("/tmp/file")
        console.event("file", ["path": .string("a\nb"), "bytes": .integer(3)])
        console.report(CommandFailure(.declined, "No.", remedy: nil))
        #expect(
            transcript.output == """
                {"type":"file","path":"a\\nb","bytes":3}
                {"type":"error","code":"declined","exit":6,"message":"No.","remedy":null}

                """)
        #expect(transcript.error == "error: No.\n")
    }

    @Test func `quiet leaves results and errors`() {
        let transcript = Transcript()
        let console = transcript.console(isQuiet: true)
        console.say("hello")
        console.drawBar("bar")
        console.result("path")
        console.report(CommandFailure(.other, "It broke.", remedy: "again"))
        #expect(transcript.output == "path\n")
        #expect(transcript.error == "error: It broke.\n  try: again\n")
    }

    @Test func `what is said wipes the drawn line away, once`() {
        let transcript = Transcript()
        let console = transcript.console()
        console.drawBar("10 %")
        console.drawBar("20 %")
        console.say("file arrived")
        console.say("more")
        console.clearBar()
        let wipe = "\r\u{1B}[K"
        #expect(transcript.error == "\r10 %\u{1B}[K\r20 %\u{1B}[K\(wipe)file arrived\nmore\n")
    }

    @Test func `several lines are drawn over together, and wiped away together`() {
        let transcript = Transcript()
        let console = transcript.console()
        console.drawBar(["a", "b", "all"])
        console.drawBar(["a", "all"])
        console.say("more")
        let escape = "\u{1B}["
        #expect(
            transcript.error
                == "\ra\(escape)K\nb\(escape)K\nall\(escape)K\r\(escape)2Aa\(escape)K\nall\(escape)J"
                + "\r\(escape)1A\(escape)Jmore\n")
    }

    @Test func `sentences are broken between words on a terminal, and nowhere else`() {
        let words = String(repeating: "word ", count: 20).trimmed
        #expect(WrappedText.lines("  \(words)", columns: 60).allSatisfy { $0.count <= 60 })
        #expect(WrappedText.lines("error: x\n  try: y", columns: 60) == ["error: x", "  try: y"])
        #expect(WrappedText.lines("a bb ccc", columns: 5) == ["a bb", "  ccc"])
        let link = String(repeating: "x", count: 70)
        #expect(WrappedText.lines("at \(link) now", columns: 60) == ["at", "  \(link)", "  now"])

        let transcript = Transcript()
        transcript.console().say(words)
        #expect(transcript.error.split(separator: "\n").count == 2)
        let pipe = Transcript()
        pipe.console(isTerminal: false).say(words)
        #expect(pipe.error == words + "\n")
    }

    @Test func `without a terminal there are no escape sequences`() {
        let transcript = Transcript()
        let console = transcript.console(isTerminal: false)
        console.drawBar("10 %")
        console.report(CommandFailure(.other, "It broke."))
        #expect(transcript.error == "error: It broke.\n")
    }

    @Test func `colours are only for those who want them`() {
        let transcript = Transcript()
        transcript.console(hasColour: true).report(CommandFailure(.other, "It broke."))
        #expect(transcript.error == "\u{1B}[1;31merror:\u{1B}[0m It broke.\n")
    }

    @Test func `words never stand behind a question, or behind an echoed Ctrl-C`() {
        let transcript = Transcript()
        let console = transcript.console()
        console.prompt("Save? ")
        console.answered()
        console.say("saved")
        console.prompt("Save? ")
        console.warn("The other side left.")
        console.echoed()
        console.warn("Interrupted.")
        console.drawBar("10 %")
        console.echoed()
        console.warn("Interrupted.")
        #expect(
            transcript.error
                == "Save? saved\nSave? \nThe other side left.\n\nInterrupted.\n\r10 %\u{1B}[K\r\u{1B}[KInterrupted.\n")
    }

    @Test func `answers are understood in any case and with spaces`() {
        #expect(Question.meaning(of: "", standard: true) == true)
        #expect(Question.meaning(of: " \r", standard: false) == false)
        #expect(Question.meaning(of: "Yes", standard: false) == true)
        #expect(Question.meaning(of: " n ", standard: true) == false)
        #expect(Question.meaning(of: "maybe", standard: true) == nil)
        #expect(Question.existing(" R ") == .rename)
        #expect(Question.existing("") == .fail)
        #expect(Question.existing("all") == nil)
    }
}
