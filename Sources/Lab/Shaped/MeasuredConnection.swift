internal import LinkSimulator
package import Martlet
package import NetworkIO
package import Wire

/// The conductor's end of one measured connection: a connection with the one channel, led through a relay where the
/// link is shaped, with sender or receiver, and what is written down of it. Lives on the network loop.
///
/// First ``make(run:scenario:seed:medium:configuration:observe:)``; then whoever carries the signals makes a connection
/// with ``configuration`` and lets ``prepare(_:)`` have it before the offer; then ``opened()``,
/// ``start(partnerAhead:)`` when the partner is ready, ``ended()``, ``clear()``, ``result(clockError:correcting:)``,
/// ``close()``. The partner's word comes by ``partnerSent(offered:accepted:isOver:)``,
/// ``partnerReceived(_:at:waited:)``, ``partnerReceivedDamaged(_:)`` and ``partnerCounted(_:)``.
package actor MeasuredConnection {
    /// One thing that happened. Times are microseconds since the run's start in the conductor's clock.
    package enum Event: Hashable, Sendable {
        /// A message was due here, and the channel took it.
        case accepted(sequence: UInt32, at: Int64)
        /// Messages were due here, and the channel did not take them.
        case refused(count: Int, at: Int64)
        /// A message came, here or to the partner. `sentAt` is known where the partner sends.
        case received(sequence: UInt32, sentAt: Int64?, at: Int64, waited: Int64?)
        case damaged(at: Int64)
    }

    /// The channel's label and identifier (Docs/Protocols/Lab.md, "Channels").
    package static let label = "martlet-lab"
    package static let channelIdentifier: UInt16 = 0

    package nonisolated let run: UInt32
    package nonisolated let scenario: LabScenario
    /// For the connection that is measured.
    package nonisolated let configuration: PeerConnectionConfiguration

    private nonisolated let loop: NetworkLoop
    /// Microseconds by which what is known of the partner's clock may be wrong at most.
    private static let clockSlack: Int64 = 2_000_000
    private let relay: ShapingRelay?
    private let trace: PacketTrace
    private let seed: UInt64
    private let observe: @Sendable (Event) -> Void
    private let isEcho: Bool
    private var link: LabLink
    private var connection: PeerConnection?
    private var channel: DataChannel?
    private var sender: LabSender?
    private var receiver: LabReceiver?
    private var recorder: LabRecorder?

    private var startedAt: NetworkTime?
    /// Microseconds that the partner's clock is ahead of ours.
    private var partnerAhead: Int64 = 0
    /// DATA chunks that the partner's SCTP sent, where it says so.
    private var partnerPackets: LabPackets?
    private var countsAtEnd: (inward: RelayConversation.Count, outward: RelayConversation.Count)?
    /// When the sender, here or there, had sent its last message.
    private var overAt: NetworkTime?
    private var lastArrivalAt: NetworkTime?
    private var arrivedCount = 0
    private var failure: LabError?
    private var hasEnded = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var timer: ScheduledWork?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// Opens the relay, if there is one.
    ///
    /// - Parameters:
    ///   - run: the number of the run.
    ///   - medium: shaped, or real: the path as it is.
    ///   - configuration: how else paths are looked for.
    ///   - isEcho: the partner returns every message, and what is measured is there and back again.
    ///   - records: whether everything is written down for ``result(clockError:correcting:)``; a live view does
    ///     without.
    ///   - observe: is told on the network loop what happens.
    /// - Throws: ``LabError/failed(_:)`` when there are no sockets, ``LabError/badPlan(_:)`` for a simulated medium.
    package static func make(
        run: UInt32, scenario: LabScenario, seed: UInt64, medium: LabMedium,
        configuration: PeerConnectionConfiguration = .init(), isEcho: Bool = false, records: Bool = true,
        on loop: NetworkLoop = .shared, observe: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws(LabError) -> MeasuredConnection {
        var configuration = configuration
        var relay: ShapingRelay?
        switch medium {
        case .simulated: throw .badPlan("a simulated link has no connection to measure")
        case .real: break
        case .shaped:
            let lines = Self.lines(of: scenario.link.unimpaired, from: scenario.from, at: .zero)
            let made = try await ShapingRelay.start(inward: lines.inward, outward: lines.outward, seed: seed, on: loop)
            configuration.detour = made.detour
            configuration.iceServers = []
            relay = made
        }
        return MeasuredConnection(
            run, scenario, seed, configuration, relay, isEcho: isEcho, records: records, on: loop, observe)
    }

    private init(
        _ run: UInt32, _ scenario: LabScenario, _ seed: UInt64, _ configuration: PeerConnectionConfiguration,
        _ relay: ShapingRelay?, isEcho: Bool, records: Bool, on loop: NetworkLoop,
        _ observe: @escaping @Sendable (Event) -> Void
    ) {
        self.run = run
        self.scenario = scenario
        self.seed = seed
        self.configuration = configuration
        self.relay = relay
        self.isEcho = isEcho
        self.loop = loop
        self.observe = observe
        link = scenario.link
        trace = PacketTrace(run: run)
        if records { recorder = LabRecorder(seed: seed, isRoundTrip: isEcho) }
    }

    // MARK: - Before the run

    /// Gives the connection, which nobody has offered yet, its channel.
    ///
    /// - Throws: what ``PeerConnection/createDataChannel(_:_:)`` throws.
    package func prepare(_ connection: PeerConnection) async throws -> DataChannel {
        self.connection = connection
        await trace.follow(connection)
        // An echo learns the channel from the connection itself.
        let options = scenario.channel.options(negotiatedAs: isEcho ? nil : Self.channelIdentifier)
        let channel = try await connection.createDataChannel(Self.label, options)
        self.channel = channel
        return channel
    }

    /// Returns when the channel is open.
    ///
    /// - Throws: ``LabError/noConnection(_:)``.
    package func opened(within limit: Duration = .seconds(30)) async throws(LabError) {
        guard let channel else { throw .noConnection("the connection has no channel") }
        let watchdog = Task {
            try await NetworkClock().sleep(for: limit)
            channel.close()
        }
        defer { watchdog.cancel() }
        do { try await channel.opened() } catch {
            if error is CancellationError { throw .cancelled }
            throw .noConnection((error as? MartletError)?.message ?? "\(error)")
        }
    }

    // MARK: - The run

    /// Begins: the line is impaired from now on, and messages flow. Once.
    ///
    /// - Parameter partnerAhead: the partner's clock minus the network loop's, in microseconds.
    package func start(partnerAhead: Int64 = 0) async {
        guard startedAt == nil, let channel else { return }
        let now = loop.now()
        startedAt = now
        self.partnerAhead = partnerAhead
        let lines = Self.lines(of: link, from: scenario.from, at: now)
        relay?.replaceLink(inward: lines.inward, outward: lines.outward, seed: seed)
        if scenario.from == .partner || isEcho {
            receiver = LabReceiver(
                channel, run: run, messageBytes: scenario.traffic.messageBytes, on: loop
            ) { [weak self] note in
                self?.assumeIsolated { $0.handle(note) }
            }
        }
        guard scenario.from == .conductor || isEcho else { return }
        let traffic = scenario.traffic
        let sender = LabSender(
            channel, run: run, messageBytes: traffic.messageBytes, rate: traffic.rate, duration: traffic.duration,
            on: loop
        ) { [weak self] note in self?.assumeIsolated { $0.handle(note) } }
        self.sender = sender
        await sender.start()
    }

    /// Changes the line while messages flow. Blackouts count from the run's start, as ever.
    package func setLink(_ link: LabLink) {
        self.link = link
        guard let startedAt, countsAtEnd == nil else { return }
        let lines = Self.lines(of: link, from: scenario.from, at: startedAt)
        relay?.setLink(inward: lines.inward, outward: lines.outward)
    }

    /// Whoever sends here stops; for runs without an end.
    package func stopSending() async { await sender?.stop() }

    /// What was sent here, and whether that is all; nil where the partner sends, and before the start.
    package var sending: (offered: Int, accepted: Int, isOver: Bool)? {
        sender?.assumeIsolated { ($0.offeredCount, $0.acceptedCount, $0.isOver) }
    }

    /// How far the run is; zero for everything that is not written down.
    package var progress: LabProgress {
        let elapsed = startedAt.map { microseconds(loop.now(), since: $0) } ?? 0
        return recorder?.progress(at: elapsed) ?? LabProgress(elapsed: elapsed, offered: 0, accepted: 0, delivered: 0)
    }

    /// When the run began, on the network loop's clock; nil before.
    package var start: NetworkTime? { startedAt }

    /// DATA chunks that our own SCTP sent.
    package var packets: LabPackets { trace.packets }

    /// What has gone over the line since the run's start; nil without a relay.
    package var wire: LabWire? {
        guard startedAt != nil, let counts = countsAtEnd ?? relay?.counts else { return nil }
        let (inward, outward) = (LabWireCount(counts.inward), LabWireCount(counts.outward))
        return scenario.from == .conductor
            ? LabWire(forward: outward, back: inward) : LabWire(forward: inward, back: outward)
    }

    /// Returns when the run is over: everything that was accepted has come, or nothing has come for a while.
    ///
    /// - Throws: ``LabError/partnerFailed(_:)`` when the connection ended, ``LabError/cancelled``.
    package func ended() async throws(LabError) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if hasEnded || Task.isCancelled { return continuation.resume() }
                waiters.append(continuation)
                look()
            }
        } onCancel: {
            Task { await self.end(.cancelled) }
        }
        if Task.isCancelled { throw .cancelled }
        if let failure { throw failure }
    }

    /// The whole of a run: ``start(partnerAhead:)``, ``ended()`` and ``clear()``, telling four times a second how far
    /// it is.
    ///
    /// - Parameter startPartner: has the partner start, behind our own start.
    /// - Throws: as ``ended()``.
    package func flow(
        _ progress: @escaping @Sendable (LabProgress) -> Void, startPartner: @Sendable () async -> Void
    ) async throws(LabError) {
        await start()
        await startPartner()
        let reporter = Task { [weak self] in
            while !Task.isCancelled, let now = await self?.progress {
                progress(now)
                try await NetworkClock().sleep(for: .milliseconds(250))
            }
        }
        defer { reporter.cancel() }
        try await ended()
        clear()
        progress(self.progress)
    }

    /// Takes the impairments away; what goes over the line from now on does not count.
    package func clear() {
        guard countsAtEnd == nil else { return }
        countsAtEnd = relay?.counts
        let lines = Self.lines(of: link.unimpaired, from: scenario.from, at: .zero)
        relay?.setLink(inward: lines.inward, outward: lines.outward)
    }

    /// The run, as far as it has come.
    ///
    /// - Parameters:
    ///   - clockError: see ``LabRun/clockError``.
    ///   - correct: what a time of the partner's, in microseconds since the run's start, is by better knowledge of its
    ///     clock.
    package func result(
        clockError: Int64? = nil, correcting correct: (Int64) -> Int64 = { $0 }
    ) -> LabRun {
        let isOurs = scenario.from == .conductor || isEcho
        guard
            var run = recorder?.finished(
                wire: wire, packets: isOurs ? trace.packets : partnerPackets, clockError: clockError)
        else { return LabRun(seed: seed) }
        if isEcho { return run }
        if isOurs {
            for index in run.receptions.indices { run.receptions[index].at = correct(run.receptions[index].at) }
        } else {
            for index in run.sentAt.indices { run.sentAt[index] = correct(run.sentAt[index]) }
        }
        return run
    }

    /// Closes connection and relay. Idempotent.
    package func close() async {
        clear()
        end(.cancelled)
        receiver?.stop()
        await sender?.stop()
        await connection?.setPacketTap(nil)
        await connection?.close()
        relay?.close()
    }

    // MARK: - The partner's word

    /// The partner sends, and says how many messages it has offered and accepted.
    ///
    /// - Returns: false when that cannot be.
    package func partnerSent(offered: Int, accepted: Int, isOver: Bool) -> Bool {
        guard recorder?.learn(offered: offered, accepted: accepted) ?? true else { return false }
        if isOver, overAt == nil { overAt = loop.now() }
        look()
        return true
    }

    /// The partner received a message.
    ///
    /// - Parameters:
    ///   - at: microseconds of the partner's clock.
    ///   - waited: microseconds for which it had been there, whole; nil where the partner does not see that.
    /// - Returns: false when there was no such message, or it waited since before the run began.
    package func partnerReceived(_ sequence: UInt32, at time: Int64, waited: Int64? = nil) -> Bool {
        guard let startedAt, let time = ownTime(ofPartner: time, since: startedAt),
            (0...max(0, time) + Self.clockSlack).contains(waited ?? 0),
            recorder?.receive(sequence: sequence, at: time, waited: waited) ?? true
        else { return false }
        arrived(.received(sequence: sequence, sentAt: nil, at: time, waited: waited))
        return true
    }

    /// The partner received messages with wrong bytes, one or more.
    package func partnerReceivedDamaged(_ count: Int) {
        recorder?.receiveDamaged(count)
        if let startedAt { arrived(.damaged(at: microseconds(loop.now(), since: startedAt))) }
    }

    /// The partner, which sends, says what its SCTP has sent.
    ///
    /// - Returns: false when that is less than what has come here: each message needs a chunk of its own.
    package func partnerCounted(_ packets: LabPackets) -> Bool {
        guard packets.retransmitted >= 0, packets.retransmitted <= packets.dataChunks,
            packets.dataChunks - packets.retransmitted >= recorder?.deliveredCount ?? 0
        else { return false }
        partnerPackets = packets
        return true
    }

    /// The partner says that the run is over before its time.
    package func partnerFailed(_ reason: String) { end(.partnerFailed(reason)) }

    /// Whether the sender, here or there, has said that it is through.
    package var isSendingOver: Bool { overAt != nil }

    // MARK: - What happens here

    private func handle(_ note: LabSender.Note) {
        guard let startedAt else { return }
        switch note {
        case .accepted(let sequence, let time):
            let at = microseconds(time, since: startedAt)
            recorder?.accept(at: at)
            observe(.accepted(sequence: sequence, at: at))
        case .refused(let count, let time):
            recorder?.refuse(count)
            observe(.refused(count: count, at: microseconds(time, since: startedAt)))
        case .over(let error):
            overAt = loop.now()
            if let error { end(.partnerFailed("the connection ended: \(error.message)")) }
            look()
        }
    }

    private func handle(_ note: LabReceiver.Note) {
        guard let startedAt else { return }
        switch note {
        case .received(let message, let time):
            let at = microseconds(time, since: startedAt)
            let sentAt = isEcho ? nil : ownTime(ofPartner: Int64(clamping: message.sentAt), since: startedAt)
            // The wait is seen only on the last stretch of the way.
            let waited = trace.waiting(of: message.sequence, until: time)
            guard isEcho || sentAt != nil,
                recorder?.receive(sequence: message.sequence, at: at, sentAt: sentAt, waited: waited) ?? true
            else {
                recorder?.receiveDamaged()
                return arrived(.damaged(at: at))
            }
            arrived(.received(sequence: message.sequence, sentAt: sentAt, at: at, waited: waited))
        case .damaged(let time):
            recorder?.receiveDamaged()
            arrived(.damaged(at: microseconds(time, since: startedAt)))
        case .ended: end(.partnerFailed("the partner closed the connection before the end of the run"))
        }
    }

    private func arrived(_ event: Event) {
        // What comes again, or damaged, is nothing to wait for.
        let count = recorder?.deliveredCount ?? 0
        if count > arrivedCount { lastArrivalAt = loop.now() }
        arrivedCount = count
        observe(event)
        if overAt != nil, recorder?.isComplete ?? false { look() }
    }

    // MARK: - The end

    /// Looks whether the run is over, or when to look again.
    private func look() {
        guard !hasEnded, let overAt, let startedAt else { return }
        if recorder?.isComplete ?? false { return end(nil) }
        let patience = LabPatience(scenario.channel, over: link, messageBytes: scenario.traffic.messageBytes)
        switch patience.verdict(at: loop.now(), start: startedAt, over: overAt, lastArrival: lastArrivalAt) {
        // Nothing came, because nothing can: what is missing was not lost by the channel.
        case .over: end(channel?.readyState == .open ? nil : .partnerFailed("the connection ended"))
        case .endless: end(.partnerFailed("messages did not end to come, long after the last was sent"))
        case .wait(let deadline):
            timer?.cancel()
            timer = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.look() } }
        }
    }

    private func end(_ error: LabError?) {
        guard !hasEnded else { return }
        hasEnded = true
        failure = error
        timer?.cancel()
        timer = nil
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    // MARK: - The line

    private static func lines(
        of link: LabLink, from side: LabSide, at start: NetworkTime
    ) -> (inward: LinkSettings, outward: LinkSettings) {
        let (forward, back) = (link.forward.settings(startingAt: start), link.back.settings(startingAt: start))
        return side == .conductor ? (back, forward) : (forward, back)
    }

    // MARK: - Clocks

    private func microseconds(_ time: NetworkTime, since start: NetworkTime) -> Int64 {
        (time.nanoseconds - start.nanoseconds) / 1000
    }

    /// Microseconds since the run's start in our clock; nil for what no clock of the protocol says.
    private func ownTime(ofPartner time: Int64, since start: NetworkTime) -> Int64? {
        guard (0..<1 << 53).contains(time) else { return nil }
        let own = time - partnerAhead - start.nanoseconds / 1000
        // What is no time of this run is none at all: latencies of years would be the result.
        let slack = Self.clockSlack
        return (-slack...microseconds(loop.now(), since: start) + slack).contains(own) ? own : nil
    }
}

extension LabWireCount {
    init(_ count: RelayConversation.Count) {
        self.init(
            datagrams: count.line.sentCount + count.overflowCount, bytes: count.line.sentBytes + count.overflowBytes,
            dropped: count.line.droppedCount + count.overflowCount)
    }
}
