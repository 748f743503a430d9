internal import CPlatform
internal import Dispatch

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A question for a line that can be edited while it is typed, and that Tab completes. Where the terminal cannot do
/// that, a plain line.
enum LinePrompt {
    /// What is listed of the ways to go on.
    private static let mostChoices = 60

    /// - Parameters:
    ///   - start: what stands there already; in a plain line it stands behind the question, and before the answer.
    ///   - complete: what may stand in place of a beginning.
    /// - Returns: nil when the input has ended, or the task was cancelled.
    static func ask(
        _ question: String, start: String = "", on console: Console,
        complete: @escaping @Sendable (String) -> [String]
    ) async -> String? {
        guard console.facts.inputIsTerminal, console.facts.hasEscapes else {
            if console.facts.inputIsTerminal { console.prompt(question + start) }
            guard let line = await StandardStreams.readLine() else { return nil }
            console.answered()
            return start + line
        }
        let isCancelled = Latch()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    let editor = LineEditor(start, complete: complete)
                    continuation.resume(returning: edit(editor, question, on: console) { isCancelled.isSet })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// The terminal is back as it was when this returns.
    private static func edit(
        _ editor: LineEditor, _ question: String, on console: Console, until isCancelled: () -> Bool
    ) -> String? {
        guard martlet_raw_mode_enter(STDIN_FILENO, martlet_raw_keys) == 0 else { return nil }
        defer { martlet_raw_mode_leave() }
        var editor = editor
        draw(editor, question, on: console)
        while !isCancelled() {
            if martlet_raw_mode_resumed() != 0 { draw(editor, question, on: console) }
            var wish = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            if poll(&wish, 1, 100) <= 0 { continue }
            var key: UInt8 = 0
            let count = read(STDIN_FILENO, &key, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { break }
            switch editor.press(key) {
            case .nothing: break
            case .changed: draw(editor, question, on: console)
            case .refused: console.ring()
            case .choices(let ways):
                list(ways, on: console)
                draw(editor, question, on: console)
            case .entered:
                console.leaveQuestion()
                return editor.text
            case .ended:
                console.leaveQuestion()
                return nil
            }
        }
        console.leaveQuestion()
        return nil
    }

    private static func draw(_ editor: LineEditor, _ question: String, on console: Console) {
        let (text, back) = editor.window(columns: console.facts.size().columns - question.count)
        console.edit(question + text, back: back)
    }

    /// The words that could come next, without what is typed already.
    private static func list(_ ways: [String], on console: Console) {
        guard ways.count <= mostChoices else { return console.ring() }
        let words = ways.map { way in
            way.split(separator: "-", omittingEmptySubsequences: true).last.map(String.init) ?? way
        }
        console.warn(words.joined(separator: "  "))
    }
}
