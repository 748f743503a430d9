internal import JSON
internal import NetworkIO
internal import Signaling
internal import Synchronization
internal import Transfer
internal import Wire

/// Shows one transfer: who came, what happens to each file, how far it is, and how it ended.
final class TransferView: Sendable {
    private struct State {
        /// Names of the items in the order of the offer, as they came.
        var names: [String] = []
        var progress: TransferProgress?
        var meter: RateMeter?
        var start: NetworkTime?
        var lastPlainLine: NetworkTime?
        var lastEvent: NetworkTime?
    }

    let console: Console
    private let direction: TransferSummary.Direction
    private let path: PathDescription?
    private let state: Mutex<State>
    /// The folder that received files lie in.
    private let folder: String

    /// - Parameters:
    ///   - names: of what will be sent; a receiver learns them later (`accepted`).
    ///   - folder: of a receiver.
    init(
        _ direction: TransferSummary.Direction, on console: Console, path: PathDescription?, names: [String] = [],
        folder: String = ""
    ) {
        self.direction = direction
        self.console = console
        self.path = path
        self.folder = folder
        state = Mutex(State(names: names))
    }

    /// Whether the receiver has said yes.
    var isAccepted: Bool { state.withLock { $0.start != nil } }

    /// The receiver learned what comes.
    func name(_ names: [String]) {
        state.withLock { $0.names = names }
    }

    // MARK: What happens

    func handle(_ event: TransferEvent) {
        switch event {
        case .peer(let agent): greet(agent)
        case .offered: console.say("Offered; waiting for the other side to accept.")
        case .accepted: begin()
        case .progress(let progress): advance(progress)
        case .item(let report): show(report)
        case .counting, .resumed, .text, .resent: break
        }
    }

    private func greet(_ agent: String) {
        let who = agent.isEmpty ? "The other side" : agent
        console.say(path.map { "\(who) connected · \($0.text)" } ?? "\(who) connected")
        console.event("peer", ["agent": .string(agent)])
        guard let path else { return }
        let milliseconds = path.roundTripTime.map { Double($0.wholeNanoseconds / 1000) / 1000 }
        console.event(
            "path",
            [
                "kind": .string(path.isRelayed ? "relay" : "direct"), "network": .string(path.reach.rawValue),
                "rtt_ms": milliseconds.map { .number($0) } ?? .null,
            ])
    }

    private func begin() {
        let now = NetworkLoop.shared.now()
        state.withLock { state in
            guard state.start == nil else { return }
            state.start = now
            state.meter = RateMeter(start: now)
            state.lastPlainLine = now
        }
    }

    private func advance(_ progress: TransferProgress) {
        let now = NetworkLoop.shared.now()
        state.withLock { state in
            state.progress = progress
            state.meter?.record(progress.completedBytes, at: now)
        }
    }

    private func show(_ report: ItemReport) {
        var members: [(String, JSONValue)] = [("name", .string(report.name)), ("bytes", .integer(report.size))]
        switch report.outcome {
        case .complete: members += showComplete(report)
        case .skipped:
            console.say("Skipped: \(report.name), which exists.")
            members.append(("skipped", .bool(true)))
        case .failed(let error):
            // Said even when quiet: whoever reads only the results would miss a file.
            let verb = direction == .sending ? "Not sent" : "Not received"
            if !console.isJSON { console.warn("\(verb): \(report.name): \(error.message)") }
            members += [("error", .string(error.code.rawValue)), ("message", .string(error.message))]
        }
        console.event("file", members)
    }

    private func showComplete(_ report: ItemReport) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if direction == .receiving, let path = report.localPath {
            let full = full(path)
            // On a terminal a name could do harm; into a pipe it has to be exact.
            console.result(console.facts.outputIsTerminal ? Printable.line(full) : full)
            if report.wasRenamed { console.say("\(report.name) is called \(Printable.line(path)) here.") }
            members.append(("path", .string(full)))
        }
        if let digest = report.digest { members.append(("root", .string("\(digest)"))) }
        return members
    }

    private func full(_ path: String) -> String {
        if folder == "." || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    // MARK: How far it is

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
        let (line, isPlainDue, isEventDue) = state.withLock { state -> (ProgressLine?, Bool, Bool) in
            guard let line = Self.line(state, at: now) else { return (nil, false, false) }
            let isPlainDue = state.lastPlainLine.map { $0.duration(to: now) >= Self.plainInterval } ?? false
            if isPlainDue { state.lastPlainLine = now }
            let isEventDue = state.lastEvent.map { $0.duration(to: now) >= Self.eventInterval } ?? true
            if isEventDue { state.lastEvent = now }
            return (line, isPlainDue, isEventDue)
        }
        guard let line else { return }
        if console.isJSON {
            if isEventDue { tell(line) }
        } else if console.hasBar {
            console.drawBar(line.text(columns: console.facts.size().columns))
        } else if isPlainDue {
            console.say(line.plain)
        }
    }

    private func tell(_ line: ProgressLine) {
        console.event(
            "progress",
            [
                "bytes": .integer(line.completedBytes), "total": .integer(line.totalBytes),
                "rate": line.rate.map { .integer(Int64($0)) } ?? .null,
                "seconds_left": line.timeLeft.map { .number(Double($0.wholeMilliseconds) / 1000) } ?? .null,
            ])
    }

    private static func line(_ state: borrowing State, at now: NetworkTime) -> ProgressLine? {
        guard let progress = state.progress, let meter = state.meter else { return nil }
        let name = state.names.indices.contains(progress.item) ? state.names[progress.item] : ""
        return ProgressLine(
            name: name, fileNumber: progress.item + 1, fileCount: progress.itemCount,
            completedBytes: progress.completedBytes, totalBytes: progress.totalBytes, rate: meter.rate(at: now),
            timeLeft: meter.timeLeft(progress.totalBytes - progress.completedBytes, at: now))
    }

    // MARK: The end

    /// Says how it ended.
    ///
    /// - Throws: the failure of the first item that failed.
    func finish(_ report: TransferReport) throws(CommandFailure) {
        let elapsed = state.withLock { $0.start }?.duration(to: NetworkLoop.shared.now()) ?? .zero
        let summary = TransferSummary(direction: direction, report: report, elapsed: elapsed)
        console.event("done", summary.members)
        if let line = summary.line { console.say(line) }
        if let failure = summary.failure { throw failure }
    }
}
