internal import JSON
internal import NetworkIO
internal import Synchronization
internal import Transfer
internal import Wire

/// Shows one transfer, over all its connections: who came, what happens to each file, how far it is, how it ended.
final class TransferView: Sendable {
    private struct State {
        /// Names of the items in the order of the offer, as they came.
        var names: [String] = []
        var progress: TransferProgress?
        var meter: RateMeter?
        /// When the receiver said yes.
        var start: NetworkTime?
        var agent = ""
        var resentBytes: Int64 = 0
        var resumedBytes: Int64 = 0
    }

    let console: Console
    /// Of a place, where there are several; nil where there is one.
    let number: Int?
    private let direction: TransferSummary.Direction
    private let state = Mutex(State())
    /// The folder that received files lie in.
    private let folder: String

    /// - Parameter folder: of a receiver.
    init(_ direction: TransferSummary.Direction, on console: Console, number: Int? = nil, folder: String = "") {
        self.direction = direction
        self.console = console
        self.number = number
        self.folder = folder
    }

    /// Whether the receiver has said yes.
    var isAccepted: Bool { state.withLock { $0.start != nil } }

    /// What the other side is called.
    var who: String {
        let agent = state.withLock { $0.agent }
        let name = agent.isEmpty ? "The other side" : agent
        return number.map { "Receiver \($0) (\(name))" } ?? name
    }

    /// `at 61 %`; nil before anything has moved.
    var share: String? {
        state.withLock { $0.progress }.flatMap { progress in
            progress.totalBytes > 0
                ? "at \(Int(Double(progress.completedBytes) / Double(progress.totalBytes) * 100)) %" : nil
        }
    }

    /// Names of the items that come, as they came.
    func name(_ names: [String]) {
        state.withLock { $0.names = names }
    }

    func say(_ text: String) { console.say(text) }

    func event(_ type: String, _ members: [(String, JSONValue)]) {
        console.event(type, (number.map { [("receiver", .integer(Int64($0)))] } ?? []) + members)
    }

    // MARK: What happens

    func handle(_ event: TransferEvent) {
        switch event {
        case .peer, .offered: break
        case .counting(let items, let bytes):
            self.event("counting", [("items", .integer(Int64(items))), ("bytes", .integer(bytes))])
        case .accepted: begin()
        case .resumed(let items, let bytes): resume(items: items, bytes: bytes)
        case .progress(let progress): advance(progress)
        case .item(let report): show(report)
        case .text(let text): show(text: text)
        case .resent(let bytes): state.withLock { $0.resentBytes = max($0.resentBytes, bytes) }
        }
    }

    /// - Parameter agent: fit to be shown.
    func greet(_ agent: String, path: PathDescription?) {
        state.withLock { $0.agent = agent }
        say(path.map { "\(who) connected · \($0.text)" } ?? "\(who) connected")
        event("peer", [("agent", .string(agent))])
        guard let path else { return }
        let milliseconds = path.roundTripTime.map { Double($0.wholeNanoseconds / 1000) / 1000 }
        event(
            "path",
            [
                ("kind", .string(path.isRelayed ? "relay" : "direct")), ("network", .string(path.reach.rawValue)),
                ("rtt_ms", milliseconds.map { .number($0) } ?? .null),
            ])
    }

    private func begin() {
        let now = NetworkLoop.shared.now()
        state.withLock { state in
            if state.start == nil { state.start = now }
            // Each connection has a speed of its own.
            state.meter = nil
        }
    }

    private func resume(items: Int, bytes: Int64) {
        begin()
        let now = NetworkLoop.shared.now()
        state.withLock { state in
            state.resumedBytes = bytes
            state.start = now
        }
        event("resumed", [("items", .integer(Int64(items))), ("bytes", .integer(bytes))])
        let there = direction == .sending ? "there" : "here"
        say("Resumed: \(ByteCount.text(bytes)) \(bytes == 1 ? "is" : "are") \(there) already.")
    }

    private func advance(_ progress: TransferProgress) {
        let now = NetworkLoop.shared.now()
        state.withLock { state in
            state.progress = progress
            if state.meter == nil { state.meter = RateMeter(start: now, bytes: progress.completedBytes) }
            state.meter?.record(progress.completedBytes, at: now)
        }
    }

    private func show(_ report: ItemReport) {
        var members: [(String, JSONValue)] = [("name", .string(report.name)), ("bytes", .integer(report.size))]
        switch report.outcome {
        case .complete: members += showComplete(report)
        case .skipped:
            say("Skipped: \(report.name), which exists.")
            members.append(("skipped", .bool(true)))
        case .failed(let error):
            // Said even when quiet: whoever reads only the results would miss a file.
            let verb = direction == .sending ? "Not sent" : "Not received"
            if !console.isJSON { console.warn("\(verb): \(report.name): \(error.message)") }
            members += [("error", .string(error.code.rawValue)), ("message", .string(error.message))]
        }
        event("file", members)
    }

    private func showComplete(_ report: ItemReport) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if direction == .receiving, let path = report.localPath {
            let full = full(path)
            // On a terminal a name could do harm; into a pipe it has to be exact.
            console.result(console.facts.outputIsTerminal ? Printable.line(full) : full)
            if report.wasRenamed { say("\(report.name) is called \(Printable.line(path)) here.") }
            members.append(("path", .string(full)))
        }
        if let digest = report.digest { members.append(("hash", .string("\(digest)"))) }
        return members
    }

    private func full(_ path: String) -> String {
        if folder == "." || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// On a terminal a text could do harm, line by line it cannot; into a pipe it has to be exact.
    private func show(text: String) {
        event("text", [("text", .string(text))])
        guard console.facts.outputIsTerminal else { return console.raw(text) }
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            console.result(Printable.line(String(line)))
        }
    }

    // MARK: How far it is

    func line(at now: NetworkTime) -> ProgressLine? {
        state.withLock { state in
            guard let progress = state.progress, let meter = state.meter else { return nil }
            let name = state.names.indices.contains(progress.item) ? state.names[progress.item] : ""
            return ProgressLine(
                name: name, fileNumber: progress.item + 1, fileCount: progress.itemCount,
                completedBytes: progress.completedBytes, totalBytes: progress.totalBytes, rate: meter.rate(at: now),
                timeLeft: meter.timeLeft(progress.totalBytes - progress.completedBytes, at: now))
        }
    }

    func tell(_ line: ProgressLine) {
        event(
            "progress",
            [
                ("bytes", .integer(line.completedBytes)), ("total", .integer(line.totalBytes)),
                ("rate", line.rate.map { .integer(Int64($0)) } ?? .null),
                ("seconds_left", line.timeLeft.map { .number(Double($0.wholeMilliseconds) / 1000) } ?? .null),
            ])
    }

    // MARK: The end

    /// The connection is lost, and the other side may come back within `wait`.
    func lost(_ error: TransferError, wait: Duration) {
        let seconds = wait.components.seconds
        event("retry", [("seconds", .integer(seconds)), ("message", .string(error.message))])
        let place = share.map { " \($0)" } ?? ""
        let time = DurationText.text(wait)
        state.withLock { $0.meter = nil }
        if direction == .sending {
            let what = error.code == .peerVanished ? "vanished\(place)" : "stopped\(place)"
            say("\(who) \(what); waiting \(time) for it to come back. (Ctrl-C ends; the same command resumes)")
        } else {
            let what = error.code == .peerVanished ? "Connection lost\(place)" : "The other side stopped\(place)"
            say("\(what); trying to reconnect for \(time). (Ctrl-C ends; the same command resumes)")
        }
    }

    /// Says how it ended.
    ///
    /// - Throws: the failure of the first item that failed.
    func finish(_ report: TransferReport) throws(CommandFailure) {
        let (start, resent, resumed) = state.withLock { ($0.start, $0.resentBytes, $0.resumedBytes) }
        let elapsed = start?.duration(to: NetworkLoop.shared.now()) ?? .zero
        let summary = TransferSummary(
            direction: direction, report: report, elapsed: elapsed, resumedBytes: resumed, resentBytes: resent)
        event("done", summary.members)
        if let line = summary.line { say(number == nil ? line : "\(who): \(line)") }
        if let failure = summary.failure { throw failure }
    }
}
