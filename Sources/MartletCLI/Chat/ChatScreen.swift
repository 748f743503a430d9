internal import Dispatch
internal import Synchronization
internal import Transfer

/// The lower part of the terminal while people talk: how far files are, who types, and the lines that are edited. What
/// is said goes by above it.
final class ChatScreen: Sendable {
    /// What stands above the edited lines: bars, and a line of status that is always there so that nothing jumps.
    struct Above: Sendable {
        var bars: [String] = []
        var status = ""
    }

    /// What a person has done.
    enum Action: Sendable, Equatable {
        case entered(String)
        /// Something was typed or removed.
        case typed(isMessage: Bool)
        /// Ctrl-D.
        case ended
    }

    private struct State {
        var editor: LineEditor
        var isOver = false
    }

    private let console: Console
    private let above: @Sendable (_ columns: Int) -> Above
    private let state: Mutex<State>

    /// What is listed of the ways to go on.
    private static let mostChoices = 60
    private static let prompt = "> "
    private static let indent = "  "

    /// - Parameter above: asked whenever something is drawn.
    init(
        on console: Console, complete: @escaping @Sendable (String) -> [String] = ChatCompletion.candidates,
        above: @escaping @Sendable (_ columns: Int) -> Above
    ) {
        self.console = console
        self.above = above
        state = Mutex(State(editor: LineEditor(alphabet: .text, complete: complete)))
    }

    // MARK: Drawing

    /// Draws what has changed.
    func draw() {
        state.withLock { draw($0) }
    }

    private func draw(_ state: State) {
        guard !state.isOver else { return }
        let size = console.facts.size()
        console.drawArea(Self.area(state.editor, above(size.columns), columns: size.columns, rows: size.rows))
    }

    /// As much of everything as there is room for; the row with the cursor always.
    static func area(_ editor: LineEditor, _ above: Above, columns: Int, rows: Int) -> TerminalArea {
        let most = max(1, rows - 1)
        let bars = above.bars.prefix(max(0, min(4, most / 3)))
        let status = most > 2 ? [above.status] : []
        let room = max(1, most - bars.count - status.count)
        let (text, cursor) = editor.rows(columns: max(4, columns - 1 - prompt.count))
        let first = text.count <= room ? 0 : min(max(0, cursor.row - room / 2), text.count - room)
        let shown = text.enumerated().dropFirst(first).prefix(room).map { ($0 == 0 ? prompt : indent) + $1 }
        return TerminalArea(
            lines: bars + status + shown,
            cursor: (bars.count + status.count + cursor.row - first, prompt.count + cursor.column))
    }

    // MARK: Keys

    /// - Returns: what they did; a key behind Return belongs to what comes next.
    func press(_ keys: some Sequence<UInt8>, then act: (Action) -> Void) {
        var hasTyped = false
        for key in keys {
            let (effect, entered) = state.withLock { state -> (LineEditor.Effect, String?) in
                let effect = state.editor.press(key)
                return (effect, effect == .entered ? state.editor.take() : nil)
            }
            switch effect {
            case .nothing: break
            case .changed: hasTyped = true
            case .refused: console.ring()
            case .choices(let ways): list(ways)
            case .entered:
                hasTyped = false
                draw()
                act(.entered(entered ?? ""))
            case .ended: act(.ended)
            }
        }
        guard hasTyped else { return }
        draw()
        let (isEmpty, first) = state.withLock { ($0.editor.isEmpty, $0.editor.first) }
        act(.typed(isMessage: !isEmpty && first != "/"))
    }

    private func list(_ ways: [String]) {
        guard ways.count <= Self.mostChoices else { return console.ring() }
        let names = ways.map { way in
            way.hasPrefix("/send ") ? ShellWords.split(way, home: nil)?.last?.lastComponent ?? way : way.trimmed
        }
        console.warn(names.map { Printable.line($0) }.joined(separator: "  "))
    }

    /// Reads keys until `isOver`, and leaves the terminal as it was.
    ///
    /// - Parameter act: is finished before the next key is looked at.
    func run(until isOver: Latch, act: @escaping @Sendable (Action) async -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                KeyLoop.run(marksPastes: true) {
                    isOver.isSet
                } _: { event in
                    switch event {
                    case .redraw: self.draw()
                    case .restarted:
                        self.console.restart()
                        self.draw()
                    case .keys(let keys): self.press(keys) { Self.wait(for: $0, act) }
                    }
                    return !isOver.isSet
                }
                self.state.withLock { $0.isOver = true }
                self.console.clearBar()
                continuation.resume()
            }
        }
    }

    private static func wait(for action: Action, _ act: @escaping @Sendable (Action) async -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task {
            await act(action)
            done.signal()
        }
        done.wait()
    }
}

extension String {
    /// The name at the end of a path; of a folder with its slash.
    fileprivate var lastComponent: String {
        let end = hasSuffix("/") ? dropLast() : self[...]
        return end.lastIndex(of: "/").map { String(self[index(after: $0)...]) } ?? self
    }
}
