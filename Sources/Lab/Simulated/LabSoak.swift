internal import LinkSimulator
internal import PeerSession
internal import Wire

/// Hours of the traffic on which usrsctp 0.9.5.0 can freeze: unordered, partially reliable messages of more than 128
/// KiB in many fragments, of which the link loses a few in a thousand; and beside them, on the same association,
/// reliable messages whose arrival shows that everything still moves.
///
/// Not thread-safe; must be closed. What hangs inside of usrsctp never returns from ``advance(events:)``: whoever cares
/// sets a ``Watchdog``.
package final class LabSoak {
    /// What one of its channels has done.
    package struct Channel: Hashable, Sendable {
        package let channel: LabChannel
        /// Messages that the channel was given; each is sent, expired, or waits.
        package fileprivate(set) var given = 0
        /// Messages that SCTP has begun to send, as seen on the wire.
        package fileprivate(set) var sent = 0
        /// Messages whose lifetime was over before SCTP could begin: they are not the traffic that is meant.
        package fileprivate(set) var expired = 0
        package fileprivate(set) var delivered = 0
        /// Simulated time from the beginning to the last message that was delivered; zero before there is one.
        package fileprivate(set) var lastDelivery = Duration.zero
        /// Messages that were due while the channel still held too much.
        package fileprivate(set) var refused = 0

        fileprivate init(_ channel: LabChannel) { self.channel = channel }
    }

    /// Both reliable kinds, and both partially reliable ones without order.
    private static let kinds = [
        LabChannel(), LabChannel(ordered: false), LabChannel(ordered: false, maxRetransmits: 0),
        LabChannel(ordered: false, maxPacketLifeTime: 600),
    ]
    /// Simulated time between two messages of a channel.
    private static let pauses: [Duration] = [.milliseconds(200), .milliseconds(200), .seconds(1), .seconds(1)]
    /// When each begins: large messages take turns, so that those with a lifetime need not spend it waiting for the
    /// others.
    private static let beginnings: [Duration] = [.zero, .zero, .zero, .milliseconds(500)]
    private static let smallBytes = 200
    /// Sizes of the large messages, from just above the half of usrsctp's default receive buffer to the largest there
    /// is.
    private static let largeBytes = 131_073...262_144
    /// Loss changes to the next of these every ten seconds.
    private static let losses = [0.001, 0.002, 0.005, 0.01]
    private static let turn = Duration.seconds(10)

    package private(set) var channels: [Channel]
    private let pair: SimulatedPair
    private let time: VirtualTime
    private var generator: SplitMix64
    private var start = NetworkTime.zero
    private var isStarted = false
    /// When the next message of each channel is due.
    private var due: [NetworkTime]
    private var movements: [SoakMovement]
    private var departures = DepartureCount()
    private var nextTurn = NetworkTime.zero
    private var turns = 0
    /// The unordered reliable messages that are missing below the highest that came.
    private var missing: Set<UInt32> = []
    private var expected: [UInt32]

    /// - Throws: ``LabError/failed(_:)``, also while this process has a connection.
    package init(seed: UInt64) throws(LabError) {
        channels = Self.kinds.map(Channel.init)
        due = Array(repeating: .zero, count: channels.count)
        movements = Self.kinds.map { SoakMovement(isReliable: $0.isReliable, start: .zero) }
        expected = Array(repeating: 0, count: channels.count)
        generator = SplitMix64(seed: seed)
        do {
            time = try VirtualTime()
            pair = try SimulatedPair(seed: seed, link: Self.link(loss: 0), channels: Self.kinds, time: time)
        } catch {
            throw .failed("the simulation cannot begin: \(error)")
        }
        do { try pair.negotiate() } catch {
            close()
            throw .failed("the simulation cannot begin: \(error)")
        }
        pair.onMessage = { [unowned self] channel, bytes in receive(bytes, on: channel) }
        pair.sender.session.packetTap = { [unowned self] packet, outgoing, _ in
            if outgoing { departures.handle(packet: packet) }
        }
    }

    /// Ends it. Idempotent.
    package func close() {
        pair.onMessage = { _, _ in }
        pair.close()
        time.end()
    }

    /// Simulated time since the two are connected.
    package var elapsed: Duration { isStarted ? start.duration(to: pair.now) : .zero }

    /// Datagrams sent in both directions, and how many of them the link lost.
    package var datagrams: (sent: Int, lost: Int) {
        let wire = pair.wire
        return (wire.forward.datagrams + wire.back.datagrams, wire.forward.dropped + wire.back.dropped)
    }

    /// How often the sender gave something up (FORWARD TSN): what usrsctp's receiver froze on.
    package var forwardCount: Int { departures.forwardCount }

    /// Goes on for about so many events, which are datagrams and timers.
    ///
    /// - Throws: ``LabError/failed(_:)`` when something does not move any more, or what came is not what was sent.
    package func advance(events: Int) throws(LabError) {
        let end = pair.eventCount + events
        while pair.eventCount < end, fault == nil { try step() }
        if let fault { throw .failed("\(fault), after \(elapsed.wholeMilliseconds / 1000) simulated seconds") }
    }

    /// What was wrong with a message.
    private var fault: String?

    private func step() throws(LabError) {
        if let failure = pair.failure { throw .failed("the simulated connection ended: \(failure)") }
        guard isStarted else {
            guard pair.isConnected else { return pair.step(until: .distantFuture) }
            begin()
            return
        }
        if pair.now >= nextTurn { turnLink() }
        for number in channels.indices where pair.now >= due[number] { sendMessage(on: number) }
        pair.flush()
        for number in channels.indices { look(at: number) }
        pair.step(until: min(nextTurn, due.min() ?? nextTurn))
    }

    private func begin() {
        isStarted = true
        start = pair.now
        nextTurn = start
        for number in channels.indices {
            due[number] = start.advanced(by: Self.beginnings[number])
            movements[number] = SoakMovement(isReliable: channels[number].channel.isReliable, start: start)
        }
    }

    private static func link(loss: Double) -> LabLink {
        var path = LabPath()
        path.delay = .milliseconds(20)
        path.loss = loss
        return LabLink(forward: path, back: path)
    }

    private func turnLink() {
        pair.setLink(Self.link(loss: Self.losses[turns % Self.losses.count]), startingAt: pair.now)
        turns += 1
        nextTurn = nextTurn.advanced(by: Self.turn)
    }

    // MARK: - Messages

    private func sendMessage(on number: Int) {
        due[number] = due[number].advanced(by: Self.pauses[number])
        guard pair.sender.heldBytes[number] <= Self.largeBytes.upperBound else {
            channels[number].refused += 1
            return
        }
        let isLarge = !channels[number].channel.isReliable
        let byteCount = isLarge ? Int.random(in: Self.largeBytes, using: &generator) : Self.smallBytes
        let message = LabMessage(
            run: UInt32(number), sequence: UInt32(truncatingIfNeeded: channels[number].given),
            sentAt: UInt64(max(0, pair.now.nanoseconds) / 1000))
        // Large ones have a plain filling: that SCTP keeps bytes is shown elsewhere, and here it is about speed.
        let bytes =
            isLarge
            ? message.encoded(byteCount: 24) + [UInt8](repeating: UInt8(number), count: byteCount - 24)
            : message.encoded(byteCount: byteCount)
        channels[number].given += 1
        pair.send(bytes, on: number)
    }

    private func receive(_ bytes: [UInt8], on number: Int) {
        guard let message = LabMessage(header: bytes[...]), message.run == UInt32(number) else {
            fault = "a message on channel \(number) is damaged"
            return
        }
        channels[number].delivered += 1
        channels[number].lastDelivery = elapsed
        movements[number].noteDelivery(at: pair.now)
        let kind = channels[number].channel
        if kind.isReliable {
            if LabMessage(bytes) == nil { fault = "a reliable message is damaged" }
            if message.sequence == expected[number] {
                expected[number] &+= 1
            } else if kind.ordered {
                fault = "an ordered message is out of order"
            } else if !missing.contains(message.sequence) {
                missing.formUnion(expected[number]..<max(expected[number], message.sequence))
                expected[number] = message.sequence &+ 1
            }
            missing.remove(message.sequence)
        }
    }

    private func look(at number: Int) {
        // The identifier of the channel is its number, and the stream's.
        let sent = departures.begun[UInt16(number)] ?? 0
        if sent > channels[number].sent { movements[number].noteDeparture(at: pair.now) }
        channels[number].sent = sent
        // One of the channels has a lifetime: all that expires is its.
        if channels[number].channel.maxPacketLifeTime != nil {
            channels[number].expired = pair.sender.session.counters.expiredMessages
        }
        if let still = movements[number].fault(at: pair.now) {
            fault = "\(still) on the channel \"\(channels[number].channel.name)\""
        }
        if missing.count > 1000 { fault = "reliable messages are missing" }
    }
}
