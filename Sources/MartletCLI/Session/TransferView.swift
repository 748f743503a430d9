internal import JSON
internal import NetworkIO
internal import Synchronization
internal import Transfer
internal import Wire

/// Shows one transfer, over all its connections: who came, what happens to each file, how far it is, how it ended.
final class TransferView: Sendable {
    private struct State {
        var progress: TransferProgress?
        /// Of bytes, for the speed.
        var meter: RateMeter?
        /// Of bytes and files together, for the time left.
        var workMeter: RateMeter?
        /// What came into folders and was not told one by one, by the folder's path.
        var folders: [String: (files: Int, bytes: Int64)] = [:]
        /// Remarks on single files so far: a thousand of them help nobody.
        var remarkCount = 0
        /// When the receiver said yes.
        var start: NetworkTime?
        var agent = ""
        var resentBytes: Int64 = 0
        var resumedBytes: Int64 = 0
        /// Hashes of the paths and, in order, of the texts that were shown: another connection tells of them again.
        var shownPaths: Set<Int> = []
        var shownTexts: [Int] = []
        /// Texts of this connection.
        var textCount = 0
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

    /// The same where there is little room: `2: Chrome on Linux`.
    var label: String { "\(number.map { "\($0): " } ?? "")\(state.withLock { $0.agent })" }

    /// `at 61 %`; nil before anything has moved.
    var share: String? {
        state.withLock { $0.progress }.flatMap { progress in
            progress.totalBytes > 0 && progress.isTotalKnown ? "at \(Self.line(progress).percent)" : nil
        }
    }

    func say(_ text: String) { console.say(text) }

    func event(_ type: String, _ members: [(String, JSONValue)]) {
        console.event(type, (number.map { [("receiver", .integer(Int64($0)))] } ?? []) + members)
    }

    // MARK: What happens

    func handle(_ event: TransferEvent) {
        switch event {
        case .peer, .words, .offered: break
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
            // Each connection has a speed of its own, and brings the texts again.
            (state.meter, state.workMeter) = (nil, nil)
            state.textCount = 0
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
            let work = Self.line(progress).work.done
            if state.meter == nil {
                state.meter = RateMeter(start: now, bytes: progress.completedBytes)
                state.workMeter = RateMeter(start: now, bytes: work)
            }
            state.meter?.record(progress.completedBytes, at: now)
            state.workMeter?.record(work, at: now)
        }
    }

    private static func line(_ progress: TransferProgress) -> ProgressLine {
        ProgressLine(
            name: progress.itemName, fileNumber: min(progress.item + 1, progress.itemCount),
            fileCount: progress.itemCount, completedBytes: progress.completedBytes, totalBytes: progress.totalBytes,
            isTotalKnown: progress.isTotalKnown, finishedCount: progress.finishedItems)
    }

    private func show(_ report: ItemReport) {
        if let path = report.localPath {
            let isNew = state.withLock { $0.shownPaths.insert(path.hashValue).inserted }
            if report.wasHere, !isNew { return }
        }
        var members: [(String, JSONValue)] = [("name", .string(report.name)), ("bytes", .integer(report.size))]
        switch report.outcome {
        case .complete: members += showComplete(report)
        case .skipped:
            remark("Skipped: \(report.name), which exists.")
            members.append(("skipped", .bool(true)))
        case .failed(let error):
            // Said even when quiet: whoever reads only the results would miss a file.
            let verb = direction == .sending ? "Not sent" : "Not received"
            if !console.isJSON { console.warn("\(verb): \(report.failureWords(error))") }
            members += [("error", .string(error.code.rawValue)), ("message", .string(error.message))]
        }
        event("file", members)
    }

    private func showComplete(_ report: ItemReport) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if direction == .receiving, let path = report.localPath {
            let full = full(path)
            tell(full, of: report, below: path)
            if report.wasRenamed { remark("\(report.name) is called \(Printable.line(path)) here.") }
            members.append(("path", .string(full)))
        }
        if let digest = report.digest { members.append(("hash", .string("\(digest)"))) }
        return members
    }

    /// Into a pipe every path goes, exactly. On a terminal it could do harm, and thousands of them help nobody: what
    /// lies in a folder is told with the folder.
    private func tell(_ full: String, of report: ItemReport, below path: String) {
        guard console.facts.outputIsTerminal else { return console.result(full) }
        guard let slash = path.firstIndex(of: "/") else {
            return console.result(Printable.line(full) + (report.kind == .folder ? "/" : ""))
        }
        let top = String(path[..<slash])
        state.withLock { state in
            var folder = state.folders[top] ?? (0, 0)
            folder.files += report.kind == .folder ? 0 : 1
            folder.bytes += report.size
            state.folders[top] = folder
        }
    }

    /// The folders whose content was not told one by one.
    private func tellFolders() {
        let folders = state.withLock { state in
            defer { state.folders = [:] }
            return state.folders
        }
        for (top, folder) in folders.sorted(by: { $0.key < $1.key }) {
            let amount = "\(counted(folder.files, "file")), \(ByteCount.text(folder.bytes))"
            console.result("\(Printable.line(full(top)))/ (\(amount))")
        }
    }

    private static let mostRemarks = 20

    /// Something about one file, that is no failure.
    private func remark(_ text: String) {
        let count = state.withLock { state in
            state.remarkCount += 1
            return state.remarkCount
        }
        if count <= Self.mostRemarks || !console.facts.errorIsTerminal { say(text) }
    }

    private func full(_ path: String) -> String {
        if folder == "." || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// On a terminal a text could do harm, line by line it cannot; into a pipe it has to be exact.
    private func show(text: String) {
        let isNew = state.withLock { state in
            let index = state.textCount
            state.textCount += 1
            if index < state.shownTexts.count, state.shownTexts[index] == text.hashValue { return false }
            state.shownTexts = state.shownTexts.prefix(index) + [text.hashValue]
            return true
        }
        guard isNew else { return }
        event("text", [("text", .string(text))])
        guard console.facts.outputIsTerminal else { return console.raw(text) }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        if lines.count > 1, lines.last == "" { lines.removeLast() }
        for line in lines { console.result(Printable.line(String(line))) }
    }

    // MARK: How far it is

    func line(at now: NetworkTime) -> ProgressLine? {
        state.withLock { state in
            guard let progress = state.progress, let meter = state.meter else { return nil }
            var line = Self.line(progress)
            line.rate = meter.rate(at: now)
            line.timeLeft = state.workMeter?.timeLeft(line.work.total - line.work.done, at: now)
            return line
        }
    }

    func tell(_ line: ProgressLine) {
        event(
            "progress",
            [
                ("bytes", .integer(line.completedBytes)),
                ("total", line.isTotalKnown ? .integer(line.totalBytes) : .null),
                ("files", .integer(Int64(line.finishedCount))), ("file_count", .integer(Int64(line.fileCount))),
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
        state.withLock { ($0.meter, $0.workMeter) = (nil, nil) }
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
        tellFolders()
        let remarks = state.withLock { $0.remarkCount } - Self.mostRemarks
        if remarks > 0, console.facts.errorIsTerminal {
            say("So it was with \(grouped(remarks)) more, which --json would tell.")
        }
        event("done", summary.members)
        if let line = summary.line { say(number == nil ? line : "\(who): \(line)") }
        if let failure = summary.failure { throw failure }
    }
}
