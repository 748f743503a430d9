package import DTLS
internal import DataChannel
internal import Digests
package import ICE
internal import SCTP
internal import SDP
package import Wire

/// One peer connection without its sockets: ICE, DTLS, SCTP, SRTP and data channels composed, driven by hand.
///
/// After every call that takes a time, the driver takes `pollTransmit` and `outgoingRecords` until they are empty, then
/// `pollEvent`, then schedules `pollTimeout`. A class because C libraries call back into it; not thread-safe, belongs
/// to the network loop. Must be closed before it is released.
package final class PeerSession {
    /// Which layer a datagram belongs to, by its first byte (RFC 7983 section 7, updated by RFC 9443).
    private enum Demultiplexed {
        case stun
        case dtls
        case media
        case unknown

        init(firstByte: UInt8) {
            self =
                switch firstByte {
                case 0...3: .stun
                case 20...63: .dtls
                case 128...191: .media
                default: .unknown
                }
        }
    }

    /// Datagrams that were dropped, by reason.
    package struct Counters: Sendable {
        package var unknownDatagrams = 0
        package var malformedSTUN = 0
        /// DTLS or media from an address that ICE has not validated.
        package var unvalidatedDatagrams = 0
        package var mediaPackets = 0
        /// Messages whose lifetime was over before SCTP could send them.
        package var expiredMessages = 0
    }

    package internal(set) var state = SessionState.new
    package private(set) var counters = Counters()
    /// Sees every SCTP packet in the clear, between SCTP and DTLS, with the time of the call that it belongs to. The
    /// bytes are valid during the call, which must not call back into the session.
    package var packetTap: ((UnsafeRawBufferPointer, _ outgoing: Bool, NetworkTime) -> Void)? {
        didSet { connectTap() }
    }
    /// Whether application messages are taken from SCTP. False holds the peer back by its receive window.
    package var takesMessages = true
    /// Whether checks go to the candidates that the peer names. False where only those addresses count from which its
    /// own checks come: then nothing takes a way past whoever passes them on.
    package var takesRemoteCandidates = true

    let certificate: DTLSCertificate
    private let time: VirtualTime?
    var negotiation: Negotiation
    var agent: ICEAgent
    var endpoint = PeerSession.makeEndpoint()
    var transport: SecureTransport?
    var events: [PeerSessionEvent] = []
    /// The send that SCTP had no room for; everything after it waits.
    private var blockedSend: (message: OutgoingMessage, givenAt: NetworkTime)?
    private var givenAt = NetworkTime.zero
    /// Records that came before there was a transport to take them: a ClientHello may overtake the answer.
    private var earlyRecords: [[UInt8]] = []
    private var closing: Closing?
    /// The time of the call that is under way, for the tap.
    private var present = NetworkTime.zero

    private enum Closing {
        case resettingChannels(deadline: NetworkTime)
        case done
    }

    private static let earlyRecordLimit = 8
    /// How long `close` waits for channels to be reset on both sides: a few retransmission timeouts.
    private static let closeGrace = Duration.seconds(2)

    /// - Parameters:
    ///   - generator: for ICE credentials, the tie-breaker and transaction identifiers.
    ///   - patience: how long a path is looked for; nil is ICE's own. Who is patient also leaves the first word of DTLS
    ///     to whoever offered: a ClientHello that waits for an answer to be carried would be given up.
    ///   - time: the simulation that this session belongs to; nil for the real clock.
    package init(
        certificate: DTLSCertificate, generator: some RandomNumberGenerator, patience: Duration? = nil,
        time: VirtualTime? = nil
    ) {
        var generator = generator
        let credentials = ICE.ICECredentials(random: &generator)
        self.certificate = certificate
        self.time = time
        negotiation = Negotiation(
            sessionID: generator.next(), credentials: credentials, fingerprint: certificate.fingerprint)
        // Whoever offers first controls (RFC 8445 section 6.1.1); an offer of the peer changes this.
        var configuration = ICEConfiguration(role: .controlling, credentials: credentials)
        if let patience {
            configuration.timing.patience = patience
            negotiation.answersPassively = true
        }
        agent = ICEAgent(
            configuration: configuration, random: generator,
            hmac: { HMAC.authenticationCode(.sha1, key: $0, message: $1) })
    }

    static func makeEndpoint() -> DataChannelEndpoint {
        DataChannelEndpoint(localMaximumMessageBytes: SCTP.SCTPParameters.maximumMessageBytes)
    }

    // MARK: - Datagrams

    /// Handles datagrams that arrived together from one sender, each `segmentBytes` long (the last may be shorter).
    package func handleDatagrams(
        _ train: UnsafeRawBufferPointer, segmentBytes: Int, from remote: TransportAddress,
        to localBase: TransportAddress, at now: NetworkTime
    ) {
        present = now
        var isValidated: Bool?
        var start = 0
        while start < train.count {
            let end = min(start + max(segmentBytes, 1), train.count)
            let datagram = UnsafeRawBufferPointer(rebasing: train[start..<end])
            start = end
            switch Demultiplexed(firstByte: datagram[0]) {
            case .stun:
                do throws(ICEError) {
                    try agent.handleDatagram(datagram.bytes, from: remote, to: localBase, at: now)
                } catch {
                    counters.malformedSTUN += 1
                }
                isValidated = nil
                followICE(at: now)
            case .dtls, .media:
                let isKnown = isValidated ?? agent.isValidated(remote: remote, localBase: localBase)
                isValidated = isKnown
                guard isKnown else {
                    counters.unvalidatedDatagrams += 1
                    continue
                }
                handleValidated(datagram, at: now)
            case .unknown:
                counters.unknownDatagrams += 1
            }
        }
        settle(at: now)
    }

    private func handleValidated(_ datagram: UnsafeRawBufferPointer, at now: NetworkTime) {
        if Demultiplexed(firstByte: datagram[0]) == .media {
            counters.mediaPackets += 1
            transport?.handleMedia(datagram)
        } else if let transport {
            transport.handleRecord(datagram, at: now)
        } else if earlyRecords.count < Self.earlyRecordLimit {
            earlyRecords.append([UInt8](datagram))
        }
    }

    /// The next ICE datagram to be sent.
    package func pollTransmit() -> ICETransmit? {
        agent.pollTransmit()
    }

    /// Records for the peer, to be sent over `path` and then removed. Without a path they are void: everything in DTLS
    /// and SCTP is repeated until answered.
    package var outgoingRecords: DatagramBatch? {
        guard let outgoing = transport?.outgoing, !outgoing.isEmpty else { return nil }
        return outgoing
    }

    /// Where records go at present.
    package private(set) var path: CandidatePair?

    /// SHA-256 of the certificates of both sides, as long as DTLS is connected.
    package var fingerprints: (local: CertificateFingerprint, remote: CertificateFingerprint)? {
        transport?.dtls.fingerprints
    }

    // MARK: - Time

    package func handleTimeout(at now: NetworkTime) {
        present = now
        if let deadline = agent.pollTimeout(), deadline <= now { agent.handleTimeout(at: now) }
        followICE(at: now)
        transport?.handleTimeout(at: now)
        settle(at: now)
        if case .resettingChannels(let deadline) = closing, now >= deadline { finishClosing() }
    }

    package func pollTimeout() -> NetworkTime? {
        var deadlines = [agent.pollTimeout(), transport?.pollTimeout()]
        if case .resettingChannels(let deadline) = closing { deadlines.append(deadline) }
        return deadlines.compactMap(\.self).min()
    }

    /// Whether the last call stopped at a full batch of events: take them, and call `resume` for the rest.
    package private(set) var hasMore = false

    /// Messages held back by `takesMessages` are taken, and sends that waited are tried again.
    package func resume(at now: NetworkTime) {
        settle(at: now)
    }

    package func pollEvent() -> PeerSessionEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    // MARK: - Channels

    package func openChannel(
        _ label: String, _ options: SessionChannelOptions
    ) throws(PeerSessionError) -> SessionChannel {
        guard closing == nil else { throw .closed }
        do throws(DataChannelError) {
            let channel = try endpoint.open(label: label, options: options)
            // On a running association it is open at once, and its OPEN goes out with this turn.
            flushActions()
            while let event = endpoint.pollEvent() { events.append(.channel(event)) }
            return channel
        } catch {
            throw .dataChannel(error)
        }
    }

    /// Whether `send` takes a message now.
    package var canSend: Bool { blockedSend == nil && closing == nil }

    /// Hands one message to SCTP. Call only while `canSend`; the message is kept until SCTP has room for it, or until
    /// its lifetime is over (``Counters/expiredMessages``).
    ///
    /// - Parameter time: when the application gave the message, which is when a lifetime begins; nil is now.
    package func send(
        _ message: SessionMessage, on channel: SessionChannel, givenAt time: NetworkTime? = nil, at now: NetworkTime
    ) throws(PeerSessionError) {
        present = now
        // While messages are taken none waits in the endpoint: the next one that comes out is this one.
        givenAt = time ?? now
        do throws(DataChannelError) {
            try endpoint.send(message, on: channel)
        } catch {
            throw .dataChannel(error)
        }
        flushActions()
    }

    package func closeChannel(_ channel: SessionChannel, at now: NetworkTime) {
        endpoint.close(channel)
        settle(at: now)
    }

    package func streamIdentifier(of channel: SessionChannel) -> UInt16? {
        endpoint.streamIdentifier(of: channel)?.rawValue
    }

    /// Channels that are not closed.
    package var openChannelCount: Int { endpoint.openChannels.count }

    /// The largest message that the peer takes, as far as we send.
    package var maximumMessageBytes: Int {
        min(endpoint.remoteMaximumMessageBytes ?? .max, SCTP.SCTPParameters.maximumMessageBytes)
    }

    // MARK: - The layers' reports

    /// Moves everything that is ready between the layers.
    func settle(at now: NetworkTime) {
        present = now
        hasMore = false
        var moved = true
        while moved, !hasMore {
            moved = false
            while !hasMore, let event = transport?.pollEvent(takesMessages: takesMessages) {
                handle(event, at: now)
                moved = true
                while let event = endpoint.pollEvent() { events.append(.channel(event)) }
                // Whoever takes the events decides whether the next message is still wanted.
                hasMore = events.count >= Self.eventBatch
            }
            flushActions()
            while let event = endpoint.pollEvent() { events.append(.channel(event)) }
        }
        if case .resettingChannels = closing, endpoint.openChannels.isEmpty { finishClosing() }
    }

    /// Events after which the driver gets its turn: with the largest messages, 4 MiB.
    private static let eventBatch = 16

    private func handle(_ event: SecureTransport.Event, at now: NetworkTime) {
        switch event {
        case .connected: change(to: .connected)
        case .failed(let error): fail(error)
        case .closedByPeer: fail(.sctpLost(.shutDownByPeer), end: .closedByPeer)
        case .sctp(.up(let outgoing, let incoming)):
            endpoint.associationUp(outgoingStreams: Int(outgoing), incomingStreams: Int(incoming))
        case .sctp(.message(let message)):
            endpoint.handleMessage(
                stream: message.stream, ppid: message.protocolIdentifier, bytes: message.bytes)
        case .sctp(.incomingReset(let streams)): endpoint.handleIncomingReset(streams: streams)
        case .sctp(.outgoingResetDone(let streams)): endpoint.handleOutgoingResetComplete(streams: streams)
        case .sctp(.outgoingResetFailed(let streams)): endpoint.handleOutgoingResetFailed(streams: streams)
        case .sctp(.lost(let reason)):
            // Cause 12 is "user-initiated": the peer closed the connection in its own way.
            let isOrderly = reason == .shutDownByPeer || reason == .abortedByPeer(cause: 12)
            fail(.sctpLost(reason), end: isOrderly ? .closedByPeer : .failed("the SCTP association was lost"))
        }
    }

    /// Hands the endpoint's actions to SCTP in order, until it has no room.
    func flushActions() {
        guard let association = transport?.association else { return }
        transport?.catchUp(to: present)
        while true {
            if let (message, givenAt) = blockedSend {
                guard send(message, givenAt: givenAt, to: association) else { return }
                blockedSend = nil
            }
            switch endpoint.pollAction() {
            case .send(let message): blockedSend = (message, givenAt)
            case .resetOutgoing(let streams): association.resetOutgoing(streams: streams.map(\.rawValue))
            case nil: return
            }
        }
    }

    /// False when there is no room now.
    private func send(
        _ message: OutgoingMessage, givenAt time: NetworkTime, to association: SCTPAssociation
    ) -> Bool {
        let reliability: SCTPReliability
        switch message.reliability {
        case .reliable: reliability = .reliable
        case .maxRetransmits(let count): reliability = .maximumRetransmits(count)
        case .maxPacketLifeTime(let milliseconds):
            let left = Int64(milliseconds) - max(0, time.duration(to: present).wholeMilliseconds)
            // A lifetime of 0 is one transmission, at once (RFC 8831 section 6.6).
            guard left > 0 || left == 0 && milliseconds == 0 else {
                counters.expiredMessages += 1
                return true
            }
            reliability = .maximumLifetime(UInt16(clamping: max(left, 1)))
        }
        do throws(SCTPError) {
            return try association.send(
                message.bytes, stream: message.stream.rawValue, protocolIdentifier: message.payloadProtocol.rawValue,
                ordered: message.ordered, reliability: reliability)
        } catch .notConnected {
            return false
        } catch .lifetimeTooShort {
            // Begun too late it would only take the place of those that can still be in time. What was given just now
            // waits for a tick, so that whoever sends as fast as possible does not throw away faster than time goes by.
            guard time.duration(to: present) >= SCTPStack.tick else { return false }
            counters.expiredMessages += 1
            return true
        } catch {
            fail(.sctp(error))
            return true
        }
    }

    func followICE(at now: NetworkTime) {
        while let event = agent.pollEvent() {
            switch event {
            case .localCandidate(let candidate):
                negotiation.add(localCandidate: candidate.line)
                events.append(.localCandidate(candidate.line, mid: negotiation.mid))
            case .gatheringComplete:
                negotiation.isGatheringComplete = true
                events.append(.gatheringComplete)
            case .stateChanged(let iceState):
                events.append(.iceStateChange(iceState))
                followICEState(iceState)
            case .usablePairChanged(let pair), .pairSelected(let pair):
                path = pair
            case .roleChanged:
                break
            }
        }
        startTransport(at: now)
    }

    private func followICEState(_ iceState: ICEState) {
        switch iceState {
        case .checking: if state == .new { change(to: .connecting) }
        case .disconnected: if state == .connected { change(to: .disconnected) }
        case .connected, .completed: if state == .disconnected { change(to: .connected) }
        case .failed: fail(.noPath)
        case .new, .closed: break
        }
    }

    /// Begins DTLS as soon as there is a path to try it on and a description to check the peer against.
    func startTransport(at now: NetworkTime) {
        present = now
        guard transport == nil, closing == nil, path != nil, let remote = negotiation.remote else { return }
        do throws(PeerSessionError) {
            let transport = try SecureTransport(
                role: remote.isDTLSClientHere ? .client : .server, certificate: certificate,
                acceptable: remote.fingerprints, sctpPort: remote.sctpPort, acknowledgeEvery: remote.isMartlet ? 4 : 2,
                time: time)
            self.transport = transport
            connectTap()
            transport.start(at: now)
            for record in earlyRecords { record.withUnsafeBytes { transport.handleRecord($0, at: now) } }
            earlyRecords = []
        } catch {
            fail(error)
        }
    }

    private func connectTap() {
        guard let transport, let packetTap else {
            transport?.packetTap = nil
            return
        }
        transport.packetTap = { [unowned self] packet, outgoing in packetTap(packet, outgoing, present) }
    }

    func change(to newState: SessionState) {
        guard state != newState, state != .closed else { return }
        if case .failed = state, newState != .closed { return }
        state = newState
        events.append(.stateChange(newState))
    }

    func fail(_ error: PeerSessionError, end: AssociationEnd = .failed("the connection failed")) {
        if error != .sctpLost(.protocolViolation) { takeWhatArrived() }
        endpoint.associationLost(end)
        while let event = endpoint.pollEvent() { events.append(.channel(event)) }
        blockedSend = nil
        if closing != nil || end == .closedByPeer {
            finishClosing()
        } else {
            // Without consent nothing may be sent any more (RFC 7675 section 5.1); otherwise the peer learns why.
            if error == .noPath { path = nil }
            transport?.close()
            change(to: .failed(error))
        }
    }

    /// SCTP has acknowledged these messages, so the peer believes that they arrived; at most a receive buffer of them.
    private func takeWhatArrived() {
        while let event = transport?.association?.pollEvent() {
            guard case .message(let message) = event else { continue }
            endpoint.handleMessage(
                stream: message.stream, ppid: message.protocolIdentifier, bytes: message.bytes)
        }
    }

    // MARK: - Closing

    /// Closes every channel, waits briefly for the peer's side of it, then ends the association and DTLS and falls
    /// silent. State `closed` comes when that is done. Idempotent.
    package func close(at now: NetworkTime) {
        guard closing == nil else { return }
        present = now
        closing = .resettingChannels(deadline: now.advanced(by: Self.closeGrace))
        // Closing channels drop messages, and the answers to our resets come behind them.
        takesMessages = true
        for channel in endpoint.openChannels { endpoint.close(channel) }
        if transport?.association == nil { finishClosing() }
        settle(at: now)
    }

    private func finishClosing() {
        if case .done = closing { return }
        closing = .done
        endpoint.associationLost(.closedHere)
        while let event = endpoint.pollEvent() { events.append(.channel(event)) }
        blockedSend = nil
        transport?.close()
        agent.close()
        events.append(.iceStateChange(.closed))
        negotiation.close()
        events.append(.signalingStateChange(.closed))
        change(to: .closed)
    }
}
