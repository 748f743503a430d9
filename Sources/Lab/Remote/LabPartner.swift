internal import Martlet
package import NetworkIO
package import Signaling
internal import Wire

/// The side that takes part in the experiments of a conductor elsewhere (Docs/Protocols/Lab.md). Lives on the network
/// loop.
package actor LabPartner {
    /// What a person may want to know.
    package enum Event: Sendable, Equatable {
        /// The conductor has greeted; what it calls itself, fit to be shown.
        case met(agent: String)
        /// The conductor asks for a run.
        case run(LabRunRequest)
        /// Messages flow.
        case started(run: UInt32)
        /// How far a run is; four times a second.
        case progress(run: UInt32, LabPartnerFigures)
        /// A run is over.
        case stopped(run: UInt32, from: LabSide, LabPartnerFigures)
        /// A run did not come about, or broke off. The text is fit to be shown.
        case failed(run: UInt32, reason: String)
    }

    struct Run {
        let request: LabRunRequest
        let carried: CarriedConnection<DataChannel>
        let signals: AsyncStream<RoomPayload>.Continuation
        let trace: PacketTrace
        /// Connects.
        var task: Task<Void, Never>?
        var connection: PeerConnection?
        var channel: DataChannel?
        var sender: LabSender?
        var receiver: LabReceiver?
        var signalCount = 0
        var isReady = false
        var isStarted = false
        /// What this side has to tell.
        var news: LabNews
        /// What has come here.
        var came = LabSequenceSet()
        /// What the conductor has told.
        var hearsay = LabHearsay()
        var shownAt: NetworkTime?
    }

    /// How long a conductor may take nothing of what is told at the end of a run.
    private static let drainPatience = Duration.seconds(15)

    private let peer: ConnectedPeer<RoomChannels>
    private let agent: String
    private let onEvent: @Sendable (Event) -> Void
    private nonisolated let loop: NetworkLoop
    private let configuration: PeerConnectionConfiguration
    private var isGreeted = false
    private var runs: [UInt32: Run] = [:]
    private var lastRun: UInt32 = 0
    private var allowance = LabAllowance()
    private var ignoredCount = 0
    private var failure: LabError?
    private var reporter: Task<Void, Never>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - peer: connected, and proved; it is closed with the partner.
    ///   - agent: what this side calls itself.
    ///   - onEvent: is told on the network loop.
    package init(
        _ peer: ConnectedPeer<RoomChannels>, agent: String, on loop: NetworkLoop = .shared,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.peer = peer
        self.agent = agent
        self.onEvent = onEvent
        self.loop = loop
        configuration = PeerConnectionConfiguration(iceServers: peer.iceServers)
    }

    /// Takes part until the conductor is through.
    ///
    /// - Throws: ``LabError/otherProtocol(_:)`` when the other side is there for something else; ``LabError/cancelled``
    ///   when the task is; why else it ended too early.
    package func serve(greetingWithin limit: Duration = .seconds(30)) async throws(LabError) {
        let control = peer.channels.control
        let watchdog = Task { [weak self] in
            try await NetworkClock().sleep(for: limit)
            await self?.missGreeting()
        }
        do {
            for try await message in control.messages {
                hear(message, at: loop.now())
                if failure != nil { break }
            }
        } catch {
            // The end of the channel is told below.
        }
        watchdog.cancel()
        let isThrough = isGreeted && runs.isEmpty
        if failure == nil, Task.isCancelled { failure = .cancelled }
        if failure == .cancelled { say(.error(code: "cancelled", message: "it was stopped")) }
        reporter?.cancel()
        for number in Array(runs.keys) { await drop(number) }
        try? await control.drained(within: .seconds(1))
        await peer.close()
        if let failure { throw failure }
        if !isThrough { throw .partnerFailed("the other side has left in the middle") }
    }

    private func missGreeting() {
        if !isGreeted { fail(.partnerFailed("the other side did not greet in time")) }
    }

    // MARK: - What the conductor says

    private func hear(_ message: DataChannelMessage, at now: NetworkTime) {
        do throws(LabError) {
            try allowance.take(at: now)
            guard case .text(let text) = message else { throw .protocolViolation("bytes on the control channel") }
            try handle(LabControlMessage(text), at: now)
        } catch {
            fail(error)
        }
    }

    private func handle(_ message: LabControlMessage, at now: NetworkTime) throws(LabError) {
        switch message {
        case .hello(let version, let agent):
            guard !isGreeted else { throw .protocolViolation("a second hello") }
            guard version == LabControlMessage.version else { throw .otherVersion }
            isGreeted = true
            say(.hello(version: LabControlMessage.version, agent: self.agent))
            onEvent(.met(agent: agent))
        case .otherHello(let name) where !isGreeted: throw .otherProtocol(name)
        case .error(let code, let text):
            throw LabError(told: code, text)
        case _ where !isGreeted: throw .protocolViolation("a message before hello")
        case .ping(let number): say(.pong(number, at: now.nanoseconds / 1000))
        case .clock: break
        case .run(let request): try begin(request)
        case .signal(let number, let payload):
            guard try isKnown(number), let run = runs[number] else { return }
            runs[number]?.signalCount += 1
            guard run.signalCount < CarriedSignals.limit else { throw .protocolViolation("too many signals") }
            run.signals.yield(payload)
        case .failed(let number, let text):
            guard try isKnown(number) else { return }
            onEvent(.failed(run: number, reason: text.isEmpty ? "no reason was given" : text))
            Task { await drop(number) }
        case .start(let number):
            guard try isKnown(number), let run = runs[number] else { return }
            guard run.isReady, !run.isStarted else { throw .protocolViolation("a start out of place") }
            start(number)
        case .stop(let number):
            guard try isKnown(number) else { return }
            Task { await stop(number) }
        case .sent(let number, let offered, let accepted, _):
            guard try isStarted(number, from: .conductor) else { return }
            try runs[number]?.hearsay.hearSent(offered: offered, accepted: accepted)
        case .received(let number, let arrivals, let damaged):
            guard try isStarted(number, from: .partner), let sender = runs[number]?.sender else { return }
            let accepted = sender.assumeIsolated { $0.acceptedCount }
            try runs[number]?.hearsay.hearReceived(arrivals, damaged: damaged, accepted: accepted)
        // Only a page shows it.
        case .live: break
        case .ignorable:
            ignoredCount += 1
            guard ignoredCount <= LabControlMessage.ignoredLimit else {
                throw .protocolViolation("too many unknown messages")
            }
        case .otherHello, .pong, .ready, .stopped, .turn:
            throw .protocolViolation("a message that only the partner says")
        }
    }

    /// Whether a run is under way; one that is over is no matter.
    private func isKnown(_ number: UInt32) throws(LabError) -> Bool {
        guard number <= lastRun else { throw .protocolViolation("a run that there is not") }
        return runs[number] != nil
    }

    private func isStarted(_ number: UInt32, from side: LabSide) throws(LabError) -> Bool {
        guard try isKnown(number), let run = runs[number] else { return false }
        guard run.isStarted else { throw .protocolViolation("a result before start") }
        guard run.request.from == side else { throw .protocolViolation("a result of the wrong side") }
        return true
    }

    // MARK: - A run

    private func begin(_ request: LabRunRequest) throws(LabError) {
        guard request.run > lastRun else { throw .protocolViolation("a run's number that does not grow") }
        lastRun = request.run
        guard runs.count < LabConductor.runLimit else {
            return say(.failed(run: request.run, message: "eight runs are under way"))
        }
        let number = request.run
        let carried = CarriedConnection<DataChannel>(
            calls: false, configuration: configuration,
            prepare: { [weak self] connection in
                guard let self else { throw CancellationError() }
                return try await prepare(connection, for: number)
            },
            say: { [weak self] in await self?.say(.signal(run: number, payload: $0)) })
        let (signals, yielder) = AsyncStream.makeStream(
            of: RoomPayload.self, bufferingPolicy: .bufferingOldest(CarriedSignals.limit))
        runs[number] = Run(
            request: request, carried: carried, signals: yielder, trace: PacketTrace(run: number),
            news: LabNews(run: number))
        onEvent(.run(request))
        Task { for await payload in signals { await carried.hear(payload) } }
        runs[number]?.task = Task { await connect(number, carried) }
    }

    private func prepare(_ connection: PeerConnection, for number: UInt32) async throws -> DataChannel {
        guard let run = runs[number] else { throw CancellationError() }
        runs[number]?.connection = connection
        await run.trace.follow(connection)
        let channel = try await connection.createDataChannel(
            MeasuredConnection.label,
            run.request.channel.options(negotiatedAs: MeasuredConnection.channelIdentifier))
        runs[number]?.channel = channel
        return channel
    }

    private func connect(_ number: UInt32, _ carried: CarriedConnection<DataChannel>) async {
        do {
            let channel = try await carried.connect().channels
            try await channel.opened()
            guard let run = runs[number] else { return }
            runs[number]?.isReady = true
            // The first messages may be here before `start` is.
            if run.request.from == .conductor {
                runs[number]?.receiver = LabReceiver(
                    channel, run: number, messageBytes: run.request.traffic.bytes, on: loop
                ) { [weak self] note in
                    self?.assumeIsolated { $0.take(note, of: number) }
                }
            }
            say(.ready(run: number))
        } catch {
            guard runs[number] != nil else { return }
            let reason = "\(LabError(error).reason)"
            say(.failed(run: number, message: reason))
            onEvent(.failed(run: number, reason: reason))
            await drop(number)
        }
    }

    private func start(_ number: UInt32) {
        guard let run = runs[number], let channel = run.channel else { return }
        runs[number]?.isStarted = true
        onEvent(.started(run: number))
        if reporter == nil {
            reporter = Task { [weak self] in
                while !Task.isCancelled {
                    try? await NetworkClock().sleep(for: LabNews.receivedInterval)
                    await self?.report()
                }
            }
        }
        guard run.request.from == .partner else { return }
        let traffic = run.request.traffic
        let sender = LabSender(
            channel, run: number, messageBytes: traffic.bytes, rate: traffic.rate,
            duration: traffic.milliseconds.map { .milliseconds($0) }, on: loop
        ) { [weak self] note in
            guard case .over = note else { return }
            self?.assumeIsolated { $0.reportSent(number) }
        }
        runs[number]?.sender = sender
        sender.assumeIsolated { $0.start() }
    }

    private func stop(_ number: UInt32) async {
        guard let run = runs[number] else { return }
        await run.sender?.stop()
        run.receiver?.stop()
        reportSent(number)
        // However much the control channel holds, it is waited for.
        while failure == nil {
            reportReceived(number)
            guard runs[number]?.news.hasArrivals == true else { break }
            do { try await peer.channels.control.drained(within: Self.drainPatience) } catch { break }
        }
        let figures = figures(of: number)
        await drop(number)
        // Now that it is closed nothing is sent any more.
        say(.stopped(run: number, packets: run.sender == nil ? nil : run.trace.packets))
        onEvent(.stopped(run: number, from: run.request.from, figures))
    }

    /// Closes what a run needed, and forgets it.
    private func drop(_ number: UInt32) async {
        guard let run = runs.removeValue(forKey: number) else { return }
        run.signals.finish()
        run.task?.cancel()
        run.receiver?.stop()
        await run.sender?.stop()
        await run.connection?.setPacketTap(nil)
        await run.connection?.close()
    }

    // MARK: - What is told of a run

    private func take(_ note: LabReceiver.Note, of number: UInt32) {
        switch note {
        case .received(let message, let time):
            runs[number]?.came.insert(message.sequence)
            let waited = runs[number]?.trace.waiting(of: message.sequence, until: time)
            runs[number]?.news.take(
                LabArrival(sequence: message.sequence, at: time.nanoseconds / 1000, waited: waited))
        case .damaged: runs[number]?.news.takeDamaged()
        case .ended:
            guard runs[number] != nil else { return }
            say(.failed(run: number, message: "the connection ended"))
            onEvent(.failed(run: number, reason: "the connection ended"))
            Task { await drop(number) }
        }
    }

    private func report() {
        let now = loop.now()
        for (number, run) in runs where run.isStarted {
            reportReceived(number)
            reportSent(number)
            guard run.shownAt.map({ $0.duration(to: now) >= LabNews.sentInterval }) ?? true else { continue }
            runs[number]?.shownAt = now
            onEvent(.progress(run: number, figures(of: number)))
        }
    }

    /// What the conductor does not take in time waits here.
    private func reportReceived(_ number: UInt32) {
        guard runs[number]?.request.from == .conductor else { return }
        while peer.channels.control.bufferedAmount < LabNews.busyBytes,
            let message = runs[number]?.news.received()
        { say(message) }
    }

    private func reportSent(_ number: UInt32) {
        guard let sender = runs[number]?.sender else { return }
        let (offered, accepted, isOver) = sender.assumeIsolated { ($0.offeredCount, $0.acceptedCount, $0.isOver) }
        let message = runs[number]?.news.sent(offered: offered, accepted: accepted, isOver: isOver, at: loop.now())
        if let message { say(message) }
    }

    private func figures(of number: UInt32) -> LabPartnerFigures {
        guard let run = runs[number] else { return LabPartnerFigures() }
        guard let sender = run.sender else { return LabPartnerFigures(sent: run.hearsay.sent, arrived: run.came.count) }
        return LabPartnerFigures(sent: sender.assumeIsolated { $0.acceptedCount }, arrived: run.hearsay.arrived)
    }

    private func say(_ message: LabControlMessage) {
        let text = message.encoded
        guard text.utf8.count <= LabControlMessage.byteLimit else {
            return fail(.failed("what was to be said is too long"))
        }
        do { try peer.channels.control.trySend(.text(text)) } catch {
            fail(.partnerFailed("the other side takes nothing any more"))
        }
    }

    private func fail(_ error: LabError) {
        guard failure == nil else { return }
        failure = error
        if error != .cancelled, let notice = error.notice { try? peer.channels.control.trySend(.text(notice.encoded)) }
        // Behind what was said, this ends the reading too.
        peer.channels.control.close()
    }
}
