internal import NetworkIO
internal import Synchronization
internal import Wire

/// Draws how far all transfers of a command are: a bar for each, and below several of them a line for all together.
final class ProgressBoard: Sendable {
    private struct State {
        var views: [TransferView] = []
        var finishedCount = 0
        /// What stands in the line while nothing is transferred.
        var idle: String?
        var lastPlainLine: NetworkTime?
        var lastEvent: NetworkTime?
    }

    let console: Console
    let receiverCount: Int
    private let state = Mutex(State())

    init(on console: Console, receiverCount: Int = 1) {
        self.console = console
        self.receiverCount = receiverCount
    }

    func add(_ view: TransferView) {
        state.withLock { state in if !state.views.contains(where: { $0 === view }) { state.views.append(view) } }
    }

    /// - Parameter isFinished: its receiver is through; otherwise it may come back.
    func remove(_ view: TransferView, isFinished: Bool) {
        state.withLock { state in
            state.views.removeAll { $0 === view }
            if isFinished { state.finishedCount += 1 }
        }
    }

    /// What to draw while nothing moves; nil for nothing.
    func idle(_ text: String?) { state.withLock { $0.idle = text } }

    /// Draws again and again, until its task is cancelled.
    func keepDrawing() async {
        while !Task.isCancelled {
            draw(at: NetworkLoop.shared.now())
            try? await Task.sleep(for: .milliseconds(100))
        }
        console.clearBar()
    }

    /// How often a line is written where nothing can be drawn over.
    private static let plainInterval = Duration.seconds(5)
    private static let eventInterval = Duration.milliseconds(500)

    private func draw(at now: NetworkTime) {
        let (views, finishedCount, idle) = state.withLock { ($0.views, $0.finishedCount, $0.idle) }
        let lines = views.compactMap { view in view.line(at: now).map { (view, $0) } }
        guard !lines.isEmpty else {
            if let idle, console.hasBar { console.drawBar(idle) }
            return
        }
        if console.isJSON {
            if isDue(\.lastEvent, Self.eventInterval, at: now) { for (view, line) in lines { view.tell(line) } }
        } else if console.hasBar {
            let (columns, rows) = console.facts.size()
            console.drawBar(bars(lines, finishedCount, columns: columns, rows: rows))
        } else if isDue(\.lastPlainLine, Self.plainInterval, at: now) {
            console.say(shared(lines.map(\.1), finishedCount)?.text(columns: .max) ?? lines[0].1.plain)
        }
    }

    private func bars(
        _ lines: [(TransferView, ProgressLine)], _ finishedCount: Int, columns: Int, rows: Int
    ) -> [String] {
        guard let shared = shared(lines.map(\.1), finishedCount)?.text(columns: columns) else {
            return [lines[0].1.text(columns: columns)]
        }
        // What does not fit could not be drawn over.
        guard lines.count + 2 < rows else { return [shared] }
        let bars = lines.sorted { ($0.0.number ?? 0) < ($1.0.number ?? 0) }.map { view, line in
            var line = line
            line.name = view.label
            line.hidesCount = true
            return line.text(columns: columns)
        }
        return bars + [shared]
    }

    private func shared(_ lines: [ProgressLine], _ finishedCount: Int) -> SharedProgress? {
        receiverCount == 1
            ? nil : SharedProgress(lines: lines, finishedCount: finishedCount, receiverCount: receiverCount)
    }

    private func isDue(
        _ last: any WritableKeyPath<State, NetworkTime?> & Sendable, _ interval: Duration, at now: NetworkTime
    ) -> Bool {
        state.withLock { state in
            guard let before = state[keyPath: last] else {
                state[keyPath: last] = now
                // People have just been told what begins; programs ask for nothing but this.
                return console.isJSON
            }
            guard before.duration(to: now) >= interval else { return false }
            state[keyPath: last] = now
            return true
        }
    }
}
