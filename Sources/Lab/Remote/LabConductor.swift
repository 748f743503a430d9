internal import Martlet
internal import NetworkIO
package import Signaling
internal import Wire

/// The side that runs experiments with a partner elsewhere, over the control connection (Docs/Protocols/Lab.md). Lives
/// on the network loop.
///
/// First ``meet(_:agent:within:)``. Then, for each run: ``announce(_:seed:medium:of:isEndless:records:as:observe:)``,
/// ``connect(_:)``, ``start(_:)``, ``stop(_:)``, ``release(_:)``. Up to eight runs at a time; they are announced one
/// after the other. Whatever the partner says is checked; what cannot be ends the connection.
package actor LabConductor {
    /// What the partner asks of a live view; nil changes nothing.
    package struct Turn: Sendable, Equatable {
        package var link: LabLiveLink?
        package var traffic: LabRunRequest.Traffic?
    }

    /// Runs under way at a time.
    package static let runLimit = 8
    /// How long an answer may take that needs no connection.
    private static let answerPatience = Duration.seconds(15)
    /// How long a partner may say nothing at all, though it was asked for its clock.
    private static let silence = Duration.seconds(10)
    private static let pingCount = 16

    private enum Milestone: Hashable {
        case hello
        case answers
        case ready(UInt32)
        case stopped(UInt32)
    }

    private struct Run {
        let measured: MeasuredConnection
        let carried: CarriedConnection<DataChannel>
        let from: LabSide
        /// What this side has to tell.
        var news: LabNews
        var signalCount = 0
        var isStarted = false
        var offered = 0
        var accepted = 0
        var damaged = 0
        /// The partner's time of the last message that came to it.
        var lastArrivalAt: Int64 = 0
    }

    /// What the partner calls itself, fit to be shown.
    package private(set) var partnerAgent = ""
    /// What a partner asks of a live view; the newest 16 wait. One consumer.
    package nonisolated let turns: AsyncStream<Turn>
    /// Why the connection is of no use any more.
    package private(set) var failure: LabError?

    private let peer: ConnectedPeer<RoomChannels>
    private nonisolated let loop: NetworkLoop
    private let configuration: PeerConnectionConfiguration
    private let turnContinuation: AsyncStream<Turn>.Continuation
    private var runs: [UInt32: Run] = [:]
    private var lastRun: UInt32 = 0
    private var clock = LabClock()
    private var reading: LabClockReading?
    private var isGreeted = false
    private var allowance = LabAllowance()
    private var ignoredCount = 0
    private var lastHeardAt: NetworkTime
    private var reached: Set<Milestone> = []
    private var waiters: [Milestone: [CheckedContinuation<Result<Void, LabError>, Never>]] = [:]
    private var tasks: [Task<Void, Never>] = []
    private var reporter: Task<Void, Never>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// Greets a partner that has come.
    ///
    /// - Parameters:
    ///   - peer: connected, and proved; it is closed with the conductor.
    ///   - agent: what this side calls itself.
    /// - Throws: ``LabError/otherProtocol(_:)`` when the other side is there for something else, or why else it is no
    ///   partner. The connection is then closed.
    package static func meet(
        _ peer: ConnectedPeer<RoomChannels>, agent: String, within limit: Duration = .seconds(30)
    ) async throws(LabError) -> LabConductor {
        let conductor = LabConductor(peer, on: .shared)
        do throws(LabError) {
            try await conductor.greet(agent: agent, within: limit)
        } catch {
            await conductor.close()
            throw error
        }
        return conductor
    }

    private init(_ peer: ConnectedPeer<RoomChannels>, on loop: NetworkLoop) {
        self.peer = peer
        self.loop = loop
        lastHeardAt = loop.now()
        configuration = PeerConnectionConfiguration(iceServers: peer.iceServers)
        (turns, turnContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    }

    private func greet(agent: String, within limit: Duration) async throws(LabError) {
        say(.hello(version: LabControlMessage.version, agent: agent))
        let messages = peer.channels.control.messages
        tasks.append(
            Task { [weak self] in
                do {
                    for try await message in messages {
                        guard let self else { return }
                        await hear(message)
                    }
                } catch {
                    // The end of the channel is told below.
                }
                await self?.fail(.partnerFailed("the partner has left"))
            })
        try await reach(.hello, within: limit, or: "the partner did not greet in time")
        tasks.append(
            Task { [weak self] in
                while !Task.isCancelled {
                    try? await NetworkClock().sleep(for: .seconds(1))
                    await self?.keepAwake()
                }
            })
        _ = try await measureClock()
    }

    // MARK: - Runs

    /// Numbers for runs that are announced later.
    package func reserve(_ count: Int) -> [UInt32] {
        (0..<count).map { _ in
            lastRun += 1
            return lastRun
        }
    }

    /// Tells the partner of a run.
    ///
    /// - Parameters:
    ///   - medium: shaped, or real.
    ///   - of: how many runs there will be; nil where nobody knows.
    ///   - isEndless: it goes on until it is stopped.
    ///   - records: whether all is written down for a result.
    ///   - number: one that was reserved; nil for the next.
    ///   - observe: see `MeasuredConnection`.
    package func announce(
        _ scenario: LabScenario, seed: UInt64, medium: LabMedium, of: Int? = nil, isEndless: Bool = false,
        records: Bool = true, as number: UInt32? = nil,
        observe: @escaping @Sendable (MeasuredConnection.Event) -> Void = { _ in }
    ) async throws(LabError) -> MeasuredConnection {
        if let failure { throw failure }
        let number = number ?? reserve(1)[0]
        let measured = try await MeasuredConnection.make(
            run: number, scenario: scenario, seed: seed, medium: medium, configuration: configuration, records: records,
            on: loop,
            observe: { [weak self] event in
                observe(event)
                self?.assumeIsolated { $0.note(event, of: number) }
            })
        let carried = CarriedConnection<DataChannel>(
            calls: true, configuration: measured.configuration, prepare: { try await measured.prepare($0) },
            say: { [weak self] in await self?.say(.signal(run: number, payload: $0)) })
        runs[number] = Run(measured: measured, carried: carried, from: scenario.from, news: LabNews(run: number))
        var traffic = LabRunRequest.Traffic(scenario.traffic)
        if isEndless { traffic.milliseconds = nil }
        say(
            .run(
                LabRunRequest(
                    run: number, of: of.map(Int64.init), from: scenario.from, channel: scenario.channel,
                    traffic: traffic))
        )
        return measured
    }

    /// Connects to the partner for a run that was announced, and returns when both are ready.
    ///
    /// - Throws: why that is not so; the run is then released.
    package func connect(_ measured: MeasuredConnection) async throws(LabError) {
        guard let run = runs[measured.run] else { throw failure ?? .failed("there is no such run") }
        do {
            _ = try await run.carried.connect()
            try await measured.opened()
            try await reach(.ready(measured.run), within: .seconds(30), or: "the partner's channel did not open")
        } catch {
            let reason = failure ?? LabError(error)
            await release(measured)
            throw reason
        }
    }

    /// Lets messages flow. The clock must have been measured not long before.
    package func start(_ measured: MeasuredConnection) async throws(LabError) {
        if let failure { throw failure }
        guard runs[measured.run]?.isStarted == false else { throw .failed("there is no such run") }
        runs[measured.run]?.isStarted = true
        say(.start(run: measured.run))
        await measured.start(partnerAhead: reading?.ahead ?? 0)
        guard reporter == nil else { return }
        reporter = Task { [weak self] in
            while !Task.isCancelled {
                try? await NetworkClock().sleep(for: LabNews.receivedInterval)
                await self?.report()
            }
        }
    }

    /// Takes the impairments away and ends the run; what the partner still had to say of it has been heard when this
    /// returns.
    package func stop(_ measured: MeasuredConnection) async throws(LabError) {
        if let failure { throw failure }
        await measured.stopSending()
        await measured.clear()
        guard runs[measured.run] != nil else { return }
        reportSent(measured.run)
        // However much the control channel holds, it is waited for.
        while failure == nil {
            reportReceived(measured.run, isLast: true)
            guard runs[measured.run]?.news.hasArrivals == true else { break }
            do { try await peer.channels.control.drained(within: Self.answerPatience) } catch { break }
        }
        if let failure { throw failure }
        say(.stop(run: measured.run))
        try await reach(
            .stopped(measured.run), within: Self.answerPatience, or: "the partner did not say that it has stopped")
    }

    /// Closes what a run needed; one that was not stopped is said to have failed. Idempotent.
    package func release(_ measured: MeasuredConnection) async {
        if runs.removeValue(forKey: measured.run) != nil, failure == nil, !reached.contains(.stopped(measured.run)) {
            say(.failed(run: measured.run, message: "it broke off"))
        }
        for milestone in [Milestone.ready(measured.run), .stopped(measured.run)] {
            reached.remove(milestone)
            settle(milestone, .failure(.cancelled))
        }
        await measured.close()
    }

    // MARK: - What is told of a run

    private func note(_ event: MeasuredConnection.Event, of number: UInt32) {
        guard let run = runs[number], run.from == .partner else { return }
        switch event {
        case .received(let sequence, _, let at, _):
            guard let start = run.measured.assumeIsolated({ $0.start }) else { return }
            runs[number]?.news.take(LabArrival(sequence: sequence, at: start.nanoseconds / 1000 + at))
        case .damaged: runs[number]?.news.takeDamaged()
        case .accepted, .refused: break
        }
    }

    private func report() {
        for (number, run) in runs where run.isStarted {
            reportSent(number)
            reportReceived(number)
        }
    }

    private func reportSent(_ number: UInt32) {
        guard let sending = runs[number]?.measured.assumeIsolated({ $0.sending }) else { return }
        let message = runs[number]?.news.sent(
            offered: sending.offered, accepted: sending.accepted, isOver: sending.isOver, at: loop.now())
        if let message { say(message) }
    }

    /// What the partner does not take in time waits here.
    private func reportReceived(_ number: UInt32, isLast: Bool = false) {
        guard runs[number]?.from == .partner else { return }
        while peer.channels.control.bufferedAmount < LabNews.busyBytes,
            let message = runs[number]?.news.received(isLast: isLast)
        { say(message) }
    }

    /// Tells what is shown live: before its runs, and when something of it has changed.
    package func live(_ runs: [UInt32], link: LabLiveLink, traffic: LabRunRequest.Traffic) {
        say(.live(runs: runs, link: link, traffic: traffic))
    }

    // MARK: - Clocks

    /// Asks for the partner's clock, and tells the partner what came out.
    package func measureClock() async throws(LabError) -> LabClockReading {
        clock.begin()
        reached.remove(.answers)
        for _ in 0..<Self.pingCount {
            if let failure { throw failure }
            ping()
            do { try await NetworkClock().sleep(for: .milliseconds(10)) } catch { throw .cancelled }
        }
        try await reach(.answers, within: Self.answerPatience, or: "the partner does not say what time it has")
        guard let reading = clock.reading else { throw .partnerFailed("the partner does not say what time it has") }
        self.reading = reading
        say(.clock(ahead: reading.ahead))
        return reading
    }

    private var now: Int64 { loop.now().nanoseconds / 1000 }

    private func ping() {
        if let number = clock.ask(at: now) { say(.ping(number)) }
    }

    private func keepAwake() {
        guard failure == nil else { return }
        guard lastHeardAt.duration(to: loop.now()) < Self.silence else {
            return fail(.partnerFailed("the partner says nothing any more"))
        }
        ping()
    }

    // MARK: - What the partner says

    private func hear(_ message: DataChannelMessage) async {
        guard failure == nil else { return }
        lastHeardAt = loop.now()
        do throws(LabError) {
            try allowance.take(at: lastHeardAt)
            guard case .text(let text) = message else { throw .protocolViolation("bytes on the control channel") }
            try await handle(LabControlMessage(text))
        } catch {
            fail(error)
        }
    }

    private func handle(_ message: LabControlMessage) async throws(LabError) {
        switch message {
        case .hello(let version, let agent):
            guard !isGreeted else { throw .protocolViolation("a second hello") }
            guard version == LabControlMessage.version else { throw .otherVersion }
            isGreeted = true
            partnerAgent = agent
            settle(.hello, .success(()))
        case .otherHello(let name) where !isGreeted: throw .otherProtocol(name)
        case .error(let code, let text):
            throw LabError(told: code, text)
        case _ where !isGreeted: throw .protocolViolation("a message before hello")
        case .pong(let number, let at):
            try clock.answer(number, at: at, now: now)
            if clock.answerCount >= Self.pingCount { settle(.answers, .success(())) }
        case .signal(let number, let payload):
            guard try isKnown(number), let run = runs[number] else { return }
            runs[number]?.signalCount += 1
            guard run.signalCount < CarriedSignals.limit else { throw .protocolViolation("too many signals") }
            await run.carried.hear(payload)
        case .ready(let number):
            guard try isKnown(number) else { return }
            guard !reached.contains(.ready(number)) else { throw .protocolViolation("a second ready") }
            settle(.ready(number), .success(()))
        case .failed(let number, let text):
            guard try isKnown(number), let run = runs[number] else { return }
            let reason = text.isEmpty ? "no reason was given" : text
            await run.carried.hear(.failed(code: "failed", message: reason))
            await run.measured.partnerFailed(reason)
            settle(.ready(number), .failure(.partnerFailed(reason)))
            settle(.stopped(number), .failure(.partnerFailed(reason)))
        case .sent(let number, let offered, let accepted, let isOver):
            guard try isStarted(number, from: .partner), let run = runs[number] else { return }
            guard offered >= run.offered, accepted >= run.accepted, offered - run.offered >= accepted - run.accepted
            else { throw .protocolViolation("counts that go back") }
            runs[number]?.offered = offered
            runs[number]?.accepted = accepted
            guard await run.measured.partnerSent(offered: offered, accepted: accepted, isOver: isOver) else {
                throw .protocolViolation("more messages sent than a run has")
            }
        case .received(let number, let arrivals, let damaged):
            guard try isStarted(number, from: .conductor), let run = runs[number] else { return }
            try await take(arrivals, damaged: damaged, of: number, in: run)
        case .stopped(let number, let packets):
            if let packets {
                guard try isStarted(number, from: .partner), let run = runs[number] else { return }
                guard await run.measured.partnerCounted(packets) else {
                    throw .protocolViolation("fewer DATA chunks than messages that came")
                }
            }
            guard try isKnown(number) else { return }
            settle(.stopped(number), .success(()))
        case .turn(let link, let traffic): turnContinuation.yield(Turn(link: link, traffic: traffic))
        case .ignorable:
            ignoredCount += 1
            guard ignoredCount <= LabControlMessage.ignoredLimit else {
                throw .protocolViolation("too many unknown messages")
            }
        case .otherHello, .ping, .clock, .run, .start, .stop, .live:
            throw .protocolViolation("a message that only the conductor says")
        }
    }

    private func take(
        _ arrivals: [LabArrival], damaged: Int, of number: UInt32, in run: Run
    ) async throws(LabError) {
        var last = run.lastArrivalAt
        for arrival in arrivals {
            guard arrival.at >= last else { throw .protocolViolation("a clock that goes back") }
            last = arrival.at
        }
        runs[number]?.lastArrivalAt = last
        guard await run.measured.partnerReceived(arrivals) else {
            throw .protocolViolation("a message that was never sent, or not then, or a wait that cannot be")
        }
        guard damaged == 0 || damaged >= run.damaged else { throw .protocolViolation("counts that go back") }
        guard damaged > run.damaged else { return }
        runs[number]?.damaged = damaged
        await run.measured.partnerReceivedDamaged(damaged - run.damaged)
    }

    /// Whether a run is under way; one that is over is no matter.
    private func isKnown(_ number: UInt32) throws(LabError) -> Bool {
        guard number <= lastRun else { throw .protocolViolation("a run that there is not") }
        return runs[number] != nil
    }

    private func isStarted(_ number: UInt32, from side: LabSide) throws(LabError) -> Bool {
        guard try isKnown(number), let run = runs[number] else { return false }
        guard run.isStarted else { throw .protocolViolation("a result before start") }
        guard run.from == side else { throw .protocolViolation("a result of the wrong side") }
        return true
    }

    private func say(_ message: LabControlMessage) {
        let text = message.encoded
        guard text.utf8.count <= LabControlMessage.byteLimit else {
            return fail(.failed("what was to be said is too long"))
        }
        do { try peer.channels.control.trySend(.text(text)) } catch {
            fail(.partnerFailed("the partner takes nothing any more"))
        }
    }

    // MARK: - The end

    /// Ends the connection as somebody does who stops in the middle. Idempotent.
    package func cancel() async {
        await close(because: .cancelled)
    }

    /// Ends the connection: in order when no run is under way. Idempotent.
    ///
    /// - Parameter reason: why it ends before its time, which the partner is told; nil when it does not.
    package func close(because reason: LabError? = nil) async {
        let reason = reason ?? (runs.isEmpty ? nil : .cancelled)
        if failure == nil, let notice = reason?.notice { say(notice) }
        fail(.cancelled)
        for run in runs.values { await run.measured.close() }
        runs = [:]
        // What was said last should arrive, but nobody waits long for it.
        try? await peer.channels.control.drained(within: .seconds(1))
        await peer.close()
    }

    private func fail(_ error: LabError) {
        guard failure == nil else { return }
        failure = error
        if error != .cancelled, let notice = error.notice { try? peer.channels.control.trySend(.text(notice.encoded)) }
        for task in tasks { task.cancel() }
        tasks = []
        reporter?.cancel()
        turnContinuation.finish()
        for milestone in Array(waiters.keys) { settle(milestone, .failure(error)) }
        let ended = runs.values.map(\.measured)
        if !ended.isEmpty, error != .cancelled {
            Task { for measured in ended { await measured.close() } }
        }
    }

    // MARK: - Milestones

    private func reach(_ milestone: Milestone, within limit: Duration, or sentence: String) async throws(LabError) {
        if let failure { throw failure }
        if reached.contains(milestone) { return }
        let timer = Task { [weak self] in
            try await NetworkClock().sleep(for: limit)
            await self?.settle(milestone, .failure(.partnerFailed(sentence)))
        }
        defer { timer.cancel() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiters[milestone, default: []].append($0) }
        } onCancel: {
            Task { await self.settle(milestone, .failure(.cancelled)) }
        }
        try outcome.get()
    }

    private func settle(_ milestone: Milestone, _ outcome: Result<Void, LabError>) {
        if case .success = outcome { reached.insert(milestone) }
        for waiter in waiters.removeValue(forKey: milestone) ?? [] { waiter.resume(returning: outcome) }
    }
}
