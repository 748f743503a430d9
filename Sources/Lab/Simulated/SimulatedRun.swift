internal import PeerSession
internal import Wire

/// One run in virtual time: connects, sends what the traffic says, and waits for what comes.
///
/// Driven in slices, so that whoever drives it can do something else in between. Must be closed.
final class SimulatedRun {
    private enum Phase {
        case connecting(deadline: NetworkTime)
        case sending
        /// Everything was sent, at this time.
        case waiting(since: NetworkTime)
        case over
    }

    /// The number that its messages carry. Each association has but one run.
    private static let number: UInt32 = 1
    /// For how long the two may take to connect: the handshake takes five round trips, of two minutes at most.
    private static let connectPatience = Duration.seconds(900)

    private let scenario: LabScenario
    let pair: SimulatedPair
    private let patience: LabPatience
    private var phase: Phase
    private var recorder: LabRecorder
    private var trace = SCTPTrace(run: number)
    private var start = NetworkTime.zero
    /// Messages that were due so far.
    private var dueCount = 0

    init(_ scenario: LabScenario, seed: UInt64, time: VirtualTime) throws {
        self.scenario = scenario
        patience = LabPatience(
            scenario.channel, over: scenario.link, messageBytes: scenario.traffic.messageBytes)
        recorder = LabRecorder(seed: seed)
        pair = try SimulatedPair(seed: seed, link: scenario.link.unimpaired, channels: [scenario.channel], time: time)
        phase = .connecting(deadline: pair.now.advanced(by: Self.connectPatience))
        // Each side tells what it alone can see: what was sent, and what came.
        pair.sender.session.packetTap = { [unowned self] packet, outgoing, now in
            if outgoing { trace.handle(packet: packet, outgoing: true, at: now) }
        }
        pair.receiver.session.packetTap = { [unowned self] packet, outgoing, now in
            if !outgoing { trace.handle(packet: packet, outgoing: false, at: now) }
        }
        pair.onMessage = { [unowned self] _, bytes in receive(bytes) }
        do { try pair.negotiate() } catch {
            pair.close()
            throw error
        }
    }

    func close() {
        pair.onMessage = { _, _ in }
        pair.close()
    }

    /// How far it is.
    var progress: LabProgress { recorder.progress(at: elapsed(pair.now)) }

    /// What was measured. Call when `advance` has returned true.
    func finished() -> LabRun {
        recorder.finished(wire: pair.wire, packets: trace.packets)
    }

    /// Goes on for about so many events.
    ///
    /// - Returns: whether the run is over.
    func advance(events: Int) throws(LabError) -> Bool {
        let end = pair.eventCount + events
        while pair.eventCount < end {
            if let failure = pair.failure { throw .failed("the simulated connection ended: \(failure)") }
            switch phase {
            case .connecting(let deadline): try connect(until: deadline)
            case .sending: send()
            case .waiting(let since): try wait(since: since)
            case .over: return true
            }
        }
        return false
    }

    private func connect(until deadline: NetworkTime) throws(LabError) {
        guard pair.isConnected else {
            guard pair.now < deadline else { throw .noConnection("the simulated sides do not connect") }
            return pair.step(until: deadline)
        }
        start = pair.now
        pair.replaceLink(scenario.link, startingAt: start)
        phase = .sending
    }

    // MARK: - Sending

    private func send() {
        let end = start.advanced(by: scenario.traffic.duration)
        var next = end
        if let rate = scenario.traffic.rate {
            while dueTime(rate) <= pair.now, dueTime(rate) < end, !recorder.isFull {
                dueCount += 1
                if pair.sender.heldBytes[0] <= holdLimit { sendMessage() } else { recorder.refuse() }
            }
            next = min(end, dueTime(rate))
        } else if pair.now < end {
            while pair.sender.heldBytes[0] < holdLimit, !recorder.isFull { sendMessage() }
        }
        pair.flush()
        guard pair.now < end, !recorder.isFull else {
            phase = .waiting(since: pair.now)
            return
        }
        pair.step(until: next)
    }

    /// When the next message is due.
    private func dueTime(_ rate: Double) -> NetworkTime {
        start.advanced(by: .nanoseconds(Int64(min(Double(dueCount) * 1e9 / rate, 1e18))))
    }

    /// What a channel may hold when another message is due.
    private var holdLimit: Int { max(262_144, 8 * scenario.traffic.messageBytes) }

    private func sendMessage() {
        let at = elapsed(pair.now)
        guard let sequence = recorder.accept(at: at) else { return }
        let message = LabMessage(run: Self.number, sequence: sequence, sentAt: UInt64(clamping: at))
        pair.send(message.encoded(byteCount: scenario.traffic.messageBytes), on: 0)
        // One by one: SCTP has room or not, and the channel holds what it has no room for.
        pair.flush()
    }

    // MARK: - Receiving

    private func receive(_ bytes: [UInt8]) {
        guard bytes.count == scenario.traffic.messageBytes, let message = LabMessage(bytes), message.run == Self.number
        else { return recorder.receiveDamaged() }
        let arrived = trace.takeArrival(of: message.sequence)
        let waited = arrived.map { $0.duration(to: pair.now).wholeNanoseconds / 1000 }
        if !recorder.receive(sequence: message.sequence, at: elapsed(pair.now), waited: waited) {
            recorder.receiveDamaged()
        }
    }

    private func wait(since end: NetworkTime) throws(LabError) {
        guard !recorder.isComplete else {
            phase = .over
            return
        }
        let last = recorder.lastReceptionAt.map { start.advanced(by: .microseconds($0)) }
        switch patience.verdict(at: pair.now, start: start, over: end, lastArrival: last) {
        case .over: phase = .over
        case .endless: throw .failed("messages did not end to come, long after the last was sent")
        case .wait(let deadline): pair.step(until: deadline)
        }
    }

    private func elapsed(_ time: NetworkTime) -> Int64 { start.duration(to: time).wholeNanoseconds / 1000 }
}
