internal import JSON
internal import Synchronization

/// Everything that the program says: results and events on standard output, all other words on standard error.
///
/// Some lines are drawn over and over where standard error is a terminal (`drawBar`, `drawArea`); whatever else is said
/// wipes them away first, so that it never mixes with them. Long sentences are broken between words there.
final class Console: Sendable {
    enum Stream: Sendable {
        case output, error
    }

    let facts: TerminalFacts
    /// Nothing but results, questions and errors.
    let isQuiet: Bool
    /// Newline-delimited JSON events on standard output instead of results.
    let isJSON: Bool
    /// The command may be stopped without loss: the same command goes on where it was.
    let isResumable = Latch()
    private let write: @Sendable (Stream, String) -> Void
    private let screen = Mutex(TerminalScreen())

    init(
        facts: TerminalFacts = .current, isQuiet: Bool = false, isJSON: Bool = false,
        write: @escaping @Sendable (Stream, String) -> Void = StandardStreams.write
    ) {
        self.facts = facts
        self.isQuiet = isQuiet
        self.isJSON = isJSON
        self.write = write
    }

    /// Whether people read along: neither quiet nor events for a program.
    var isTalkative: Bool { !isQuiet && !isJSON }

    /// Whether a line may be drawn over and over.
    var hasBar: Bool { isTalkative && facts.hasEscapes }

    /// Something to know.
    func say(_ line: String) {
        if isTalkative { print(wrapped(line) + "\n", to: .error) }
    }

    /// Something to look at, which must not be broken anywhere.
    func draw(_ line: String) {
        if isTalkative { print(line + "\n", to: .error) }
    }

    /// Something that is said with `--quiet` and `--json` too: an error, a warning.
    func warn(_ text: String) {
        print(wrapped(text) + "\n", to: .error)
    }

    private func wrapped(_ text: String) -> String {
        facts.errorIsTerminal ? WrappedText.lines(text, columns: facts.size().columns).joined(separator: "\n") : text
    }

    /// A result, such as the path of a file that was received.
    func result(_ line: String) {
        if !isJSON { print(line + "\n", to: .output) }
    }

    /// A result that is not a line: nothing is added to it.
    func raw(_ text: String) {
        if !isJSON { print(text, to: .output) }
    }

    /// An event, for `--json`. `members` follow `type`.
    func event(_ type: String, _ members: KeyValuePairs<String, JSONValue> = [:]) {
        if isJSON { event(type, Array(members)) }
    }

    func event(_ type: String, _ members: [(String, JSONValue)]) {
        guard isJSON else { return }
        var object = JSONObject()
        object.insert(.string(type), as: "type")
        for (name, value) in members { object.insert(value, as: name) }
        print(JSONValue.object(object).text + "\n", to: .output)
    }

    func report(_ failure: CommandFailure) {
        event(
            "error",
            [
                "code": .string(failure.status.name), "exit": .integer(Int64(failure.status.rawValue)),
                "message": .string(failure.sentence), "remedy": failure.remedy.map { .string($0) } ?? .null,
            ])
        let text = wrapped(failure.text)
        print(
            (facts.hasColour ? "\u{1B}[1;31merror:\u{1B}[0m" + text.dropFirst("error:".count) : text) + "\n", to: .error
        )
    }

    // MARK: The lines that are drawn over

    func drawBar(_ line: String) { drawBar([line]) }

    /// Draws the lines in place of those drawn before. They must fit the terminal's columns, and be fewer than its
    /// rows.
    func drawBar(_ lines: [String]) {
        guard hasBar, !lines.isEmpty else { return }
        screen.withLock { write(.error, $0.draw(TerminalArea(lines: lines), size: facts.size())) }
    }

    /// Draws lines with the cursor in them, which from now on stay below whatever is said. They must fit the terminal's
    /// columns, and be fewer than its rows. For terminals that take escape sequences.
    func drawArea(_ area: TerminalArea) {
        screen.withLock { write(.error, $0.draw(area, isKept: true, size: facts.size())) }
    }

    /// Wipes the drawn lines away.
    func clearBar() {
        screen.withLock { screen in
            screen.forgetArea()
            if !screen.isInText { write(.error, screen.leaveLine(size: facts.size())) }
        }
    }

    /// What was drawn stands somewhere else, or nowhere: the process was stopped, and goes on.
    func restart() {
        screen.withLock { $0.restart() }
    }

    /// Lines that were made for this terminal: nothing is broken or changed.
    ///
    /// - Parameter mark: by which something can be put behind the last one later (`amend`).
    func show(_ lines: [String], mark: Int? = nil) {
        print(lines.joined(separator: "\n") + "\n", to: .error, mark: mark)
    }

    /// Puts something behind a line that is still on the screen, in place of what was put there before.
    ///
    /// - Parameter isLast: it is not changed any more.
    func amend(_ mark: Int, _ text: String, isLast: Bool) {
        screen.withLock { screen in
            if let text = screen.amend(mark, text, isLast: isLast, size: facts.size()) { write(.error, text) }
        }
    }

    // MARK: Questions

    /// Asks a question, behind which the answer is typed.
    func prompt(_ question: String) {
        screen.withLock { screen in
            write(.error, screen.leaveLine(size: facts.size()) + question)
            screen.isBehindText()
        }
    }

    /// Asks the same question in other words, in the place of the one that stands there: what it is about has changed.
    /// It must fit the terminal's columns.
    func promptAgain(_ question: String) {
        screen.withLock { screen in
            if screen.isInText { write(.error, "\r\(question)\u{1B}[K") }
        }
    }

    /// A key has done nothing.
    func ring() {
        screen.withLock { _ in write(.error, "\u{07}") }
    }

    /// Leaves a question that was drawn, with its answer, where it stands, and goes to the line below.
    func leaveArea() {
        screen.withLock { screen in
            guard let area = screen.kept else { return }
            // The cursor goes behind the last line.
            let end = TerminalArea(lines: area.lines)
            write(.error, screen.draw(end, size: facts.size()) + "\n")
            screen.isAtNewLine()
        }
    }

    /// The answer has come, and with it, from the keyboard, a new line.
    func answered() {
        screen.withLock { if $0.isInText { $0.isAtNewLine() } }
    }

    /// Somebody pressed Ctrl-C: the terminal has echoed it.
    func echoed() {
        guard facts.errorIsTerminal else { return }
        screen.withLock { if $0.isAtStart { $0.isBehindText() } }
    }

    private func print(_ text: String, to stream: Stream, mark: Int? = nil) {
        screen.withLock { screen in
            let size = facts.size()
            let area = screen.kept
            var head = screen.leaveLine(size: size)
            if stream == .output {
                if !head.isEmpty { write(.error, head) }
                write(.output, text)
                head = ""
            } else {
                head += text
            }
            if facts.hasEscapes, stream == .error || facts.outputIsTerminal {
                screen.printed(text, mark: mark, size: size)
            }
            // At once with the text: the lines below do not flicker.
            if let area { head += screen.draw(area, isKept: true, size: size) }
            if !head.isEmpty { write(.error, head) }
        }
    }
}
