internal import JSON
internal import Synchronization

/// Everything that the program says: results and events on standard output, all other words on standard error.
///
/// Some lines are drawn over and over where standard error is a terminal (`drawBar`); whatever else is said wipes them
/// away first, so that it never mixes with them. Long sentences are broken between words there.
final class Console: Sendable {
    enum Stream: Sendable {
        case output, error
    }

    /// Where the last thing that was written has left the cursor.
    private enum Cursor {
        case atStart
        /// Behind the last of so many lines that are drawn over.
        case inBar(lineCount: Int)
        /// Behind a question, or what the terminal echoed.
        case inText
    }

    let facts: TerminalFacts
    /// Nothing but results, questions and errors.
    let isQuiet: Bool
    /// Newline-delimited JSON events on standard output instead of results.
    let isJSON: Bool
    /// The command may be stopped without loss: the same command goes on where it was.
    let isResumable = Latch()
    private let write: @Sendable (Stream, String) -> Void
    private let cursor = Mutex(Cursor.atStart)

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

    /// Draws the lines in place of those drawn before. They must fit the terminal's columns, and be fewer than its rows.
    func drawBar(_ lines: [String]) {
        guard hasBar, !lines.isEmpty else { return }
        cursor.withLock { cursor in
            var start = "\r"
            // Erased after the text, not before it: nothing flickers.
            var end = "\u{1B}[K"
            switch cursor {
            case .atStart: break
            case .inText: start = "\n\r"
            case .inBar(let count):
                start += Self.up(count - 1)
                if count > lines.count { end = "\u{1B}[J" }
            }
            cursor = .inBar(lineCount: lines.count)
            write(.error, start + lines.joined(separator: "\u{1B}[K\n") + end)
        }
    }

    /// Wipes the drawn lines away.
    func clearBar() {
        cursor.withLock { if case .inBar = $0 { leaveLine(&$0) } }
    }

    private static func up(_ count: Int) -> String { count > 0 ? "\u{1B}[\(count)A" : "" }

    // MARK: Questions

    /// Asks a question, behind which the answer is typed.
    func prompt(_ question: String) {
        cursor.withLock { cursor in
            leaveLine(&cursor)
            write(.error, question)
            cursor = .inText
        }
    }

    /// Asks the same question in other words, in the place of the one that stands there: what it is about has changed.
    /// It must fit the terminal's columns.
    func promptAgain(_ question: String) {
        cursor.withLock { cursor in
            guard case .inText = cursor else { return }
            write(.error, "\r\(question)\u{1B}[K")
        }
    }

    /// Shows a question with what is typed so far, in place of what stood there. It must fit the terminal's columns.
    ///
    /// - Parameter back: how many columns before the end the cursor stands.
    func edit(_ line: String, back: Int) {
        cursor.withLock { cursor in
            switch cursor {
            case .inText: break
            case .atStart, .inBar: leaveLine(&cursor)
            }
            write(.error, "\r\(line)\u{1B}[K" + (back > 0 ? "\u{1B}[\(back)D" : ""))
            cursor = .inText
        }
    }

    /// A key has done nothing.
    func ring() {
        cursor.withLock { _ in write(.error, "\u{07}") }
    }

    /// Goes to the line below the question.
    func leaveQuestion() {
        cursor.withLock { if case .inText = $0 { leaveLine(&$0) } }
    }

    /// The answer has come, and with it, from the keyboard, a new line.
    func answered() {
        cursor.withLock { if case .inText = $0 { $0 = .atStart } }
    }

    /// Somebody pressed Ctrl-C: the terminal has echoed it.
    func echoed() {
        guard facts.errorIsTerminal else { return }
        cursor.withLock { if case .atStart = $0 { $0 = .inText } }
    }

    private func print(_ text: String, to stream: Stream) {
        cursor.withLock { cursor in
            leaveLine(&cursor)
            write(stream, text)
        }
    }

    /// Goes to the start of an empty line.
    private func leaveLine(_ cursor: inout Cursor) {
        switch cursor {
        case .atStart: break
        case .inBar(1): write(.error, "\r\u{1B}[K")
        case .inBar(let count): write(.error, "\r\(Self.up(count - 1))\u{1B}[J")
        case .inText: write(.error, "\n")
        }
        cursor = .atStart
    }
}
