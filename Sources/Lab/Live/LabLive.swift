internal import NetworkIO
internal import Synchronization
internal import Wire

/// Four channels at once, each over a connection of its own, and a link that somebody turns at while messages flow:
/// what each option does becomes visible side by side.
package actor LabLive {
    package enum Phase: Hashable, Sendable {
        /// The four connections are being made, for the first time or again.
        case connecting
        case flowing
    }

    private enum Signal: Sendable {
        case messagesChanged
        case runEnded(LabError?)
    }

    /// Runs that end sooner than this are not begun again and again.
    private static let shortest = Duration.seconds(5)
    private static let attempts = 3

    private let partner: any LabLivePartner
    private let report = Mutex(Report())
    private var runs: [any LabLiveRun] = []
    private var signals: AsyncStream<Signal>.Continuation?

    private struct Report {
        var windows = LabLiveSettings.channels.map { _ in LabLiveWindow() }
        var settings = LabLiveSettings()
        var startedAt: NetworkTime?
    }

    package init(partner: any LabLivePartner, settings: LabLiveSettings) {
        self.partner = partner
        report.withLock { $0.settings = settings.clamped }
    }

    // MARK: - What is seen

    package nonisolated var settings: LabLiveSettings { report.withLock { $0.settings } }

    package nonisolated var phase: Phase { report.withLock { $0.startedAt == nil ? .connecting : .flowing } }

    /// Seconds for which messages have flowed, since the messages were changed.
    package nonisolated var elapsed: Duration {
        report.withLock { $0.startedAt }.map { $0.duration(to: NetworkLoop.shared.now()) } ?? .zero
    }

    /// The four channels as they are now.
    package nonisolated var strips: [LabLiveStrip] {
        let (windows, settings, startedAt) = report.withLock { ($0.windows, $0.settings, $0.startedAt) }
        guard let startedAt else { return LabLiveSettings.channels.map { LabLiveStrip(channel: $0) } }
        let now = startedAt.duration(to: NetworkLoop.shared.now()).wholeMicroseconds
        let path = LabLink(settings.link).forward
        let patience = max(.seconds(1), path.longestDelay + .milliseconds(500)).wholeMicroseconds
        return zip(LabLiveSettings.channels, windows).map { $1.strip(of: $0, at: now, patience: patience) }
    }

    // MARK: - What is done

    /// Other settings: the link changes at once; other messages need other runs.
    package func turn(_ settings: LabLiveSettings) async {
        let settings = settings.clamped
        let before = self.settings
        guard settings != before else { return }
        report.withLock { $0.settings = settings }
        guard settings.hasSameMessages(as: before) else {
            signals?.yield(.messagesChanged)
            return
        }
        for run in runs { await run.setLink(LabLink(settings.link)) }
        if !runs.isEmpty { await partner.tell(settings) }
    }

    /// Lets messages flow until the task is cancelled.
    ///
    /// - Throws: ``LabError/cancelled``, or why it does not go on: the partner is gone, or connections break again and
    ///   again.
    package func run() async throws(LabError) {
        let turner = Task { for await turn in partner.turns { await self.turn(settings.turned(by: turn)) } }
        defer { turner.cancel() }
        var failures = 0
        while !Task.isCancelled {
            let begin = NetworkLoop.shared.now()
            let (changes, continuation) = AsyncStream<Signal>.makeStream(bufferingPolicy: .bufferingNewest(8))
            signals = continuation
            let watchers = try await beginAll(reporting: continuation)
            var isFailed: LabError?
            for await signal in changes {
                if case .runEnded(let error) = signal { isFailed = error ?? .failed("a run is over") }
                break
            }
            for watcher in watchers { watcher.cancel() }
            await end()
            guard let error = isFailed else { continue }
            failures = begin.duration(to: NetworkLoop.shared.now()) < Self.shortest ? failures + 1 : 1
            if failures >= Self.attempts { throw error }
        }
        throw .cancelled
    }

    private func beginAll(reporting signals: AsyncStream<Signal>.Continuation) async throws(LabError) -> [Task<
        Void, Never
    >] {
        let settings = settings
        report.withLock { report in
            report.windows = report.windows.map { _ in LabLiveWindow() }
            report.startedAt = nil
        }
        let runs = try await partner.open(settings) { [weak self] index, event in
            self?.report.withLock { $0.windows[index].handle(event) }
        }
        self.runs = runs
        // Somebody may have turned meanwhile.
        if self.settings != settings {
            for run in runs { await run.setLink(LabLink(self.settings.link)) }
            await partner.tell(self.settings)
        }
        if !self.settings.hasSameMessages(as: settings) { signals.yield(.messagesChanged) }
        for run in runs { await run.start() }
        report.withLock { $0.startedAt = NetworkLoop.shared.now() }
        return runs.map { run in
            Task {
                do throws(LabError) {
                    try await run.ended()
                    signals.yield(.runEnded(nil))
                } catch {
                    if !Task.isCancelled { signals.yield(.runEnded(error)) }
                }
            }
        }
    }

    private func end() async {
        let runs = runs
        self.runs = []
        report.withLock { $0.startedAt = nil }
        await withTaskGroup { group in
            for run in runs { group.addTask { await run.close() } }
        }
    }

    // MARK: - For partners

    /// Opens a run for each scenario, all at once; if one does not open, the others are closed.
    package static func openAll(
        _ scenarios: [LabScenario],
        _ open: @escaping @Sendable (_ index: Int, LabScenario) async throws(LabError) -> any LabLiveRun
    ) async throws(LabError) -> [any LabLiveRun] {
        let results = await withTaskGroup(of: (Int, Result<any LabLiveRun, LabError>).self) { group in
            for (index, scenario) in scenarios.enumerated() {
                group.addTask {
                    do throws(LabError) {
                        return (index, .success(try await open(index, scenario)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [Int: Result<any LabLiveRun, LabError>] = [:]
            for await (index, result) in group { results[index] = result }
            return scenarios.indices.compactMap { results[$0] }
        }
        var runs: [any LabLiveRun] = []
        var failure: LabError?
        for result in results {
            switch result {
            case .success(let run): runs.append(run)
            case .failure(let error): failure = failure ?? error
            }
        }
        guard let failure else { return runs }
        for run in runs { await run.close() }
        throw failure
    }
}
