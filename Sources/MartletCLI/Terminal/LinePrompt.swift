internal import Dispatch
internal import Transfer

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
        var editor = editor
        var answer: String?
        let isTaken = KeyLoop.run(until: isCancelled) { what in
            switch what {
            case .restarted: console.restart()
            case .redraw: break
            case .keys(let keys):
                for key in keys {
                    switch editor.press(key) {
                    case .nothing, .changed: continue
                    case .refused: console.ring()
                    case .choices(let ways): list(ways, on: console)
                    case .entered:
                        answer = editor.text
                        return false
                    case .ended: return false
                    }
                }
            }
            draw(editor, question, on: console)
            return true
        }
        if isTaken {
            draw(editor, question, on: console)
            console.leaveArea()
        }
        return answer
    }

    private static func draw(_ editor: LineEditor, _ question: String, on console: Console) {
        let width = Printable.columns(of: question)
        let (text, cursor) = editor.window(columns: console.facts.size().columns - width)
        console.drawArea(TerminalArea(lines: [question + text], cursor: (0, width + cursor)))
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
