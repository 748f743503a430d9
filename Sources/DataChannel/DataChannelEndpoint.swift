internal import DequeModule

/// One end of all data channels of one SCTP association (RFC 8831, RFC 8832), without the association.
///
/// The owner calls the verbs for the application and `handle...` for what SCTP reports, and after each call takes
/// actions and events until both are empty. Nothing here needs a clock or randomness. Payloads are passed on, never
/// copied; texts are, once, when they become or cease to be a `String`.
///
/// Stream identifiers are assigned when the DTLS role is known: even ones to the client, odd ones to the server, the
/// lowest free one first (RFC 8832 section 6). Identifiers that the applications negotiated are taken from the start.
package struct DataChannelEndpoint {
    enum Association {
        case connecting
        case up(streamCount: Int)
        case ended(AssociationEnd)
    }

    package let limits: Limits
    /// The largest message the peer accepts, in bytes; nil for any. 65536 until its description says otherwise.
    package var remoteMaximumMessageBytes: Int? = 65536
    /// The largest message we accept, in bytes: what our description announces. A larger one costs the peer its
    /// channel.
    package var localMaximumMessageBytes: Int
    package internal(set) var counters = Counters()

    var association = Association.connecting
    /// nil until the DTLS role is known.
    var parity: StreamParity?
    var channels: [ChannelHandle: Channel] = [:]
    /// Which channel a stream belongs to, from the assignment of the identifier until both directions are reset.
    var claims: [StreamIdentifier: ChannelHandle] = [:]
    var resets: [StreamIdentifier: StreamReset] = [:]
    /// Streams that could not be reset: their sequence numbers do not start at zero, so nobody can use them again.
    var retired: Set<StreamIdentifier> = []
    var early: [StreamIdentifier: EarlyStream] = [:]
    /// The sum over `early`.
    var earlyBytes = 0
    var partials: [ChannelHandle: PartialMessage] = [:]
    var peerChannelCount = 0
    var actions: Deque<Action> = []
    var events: Deque<Event> = []
    private var nextHandle = 0

    /// - Parameter localMaximumMessageBytes: what we announce as `max-message-size`; 256 KiB is also what browsers send
    ///   at most.
    package init(limits: Limits = Limits(), localMaximumMessageBytes: Int = 262_144) {
        self.limits = limits
        self.localMaximumMessageBytes = localMaximumMessageBytes
    }

    package mutating func pollAction() -> Action? { actions.popFirst() }

    package mutating func pollEvent() -> Event? { events.popFirst() }

    // MARK: What is known about a channel

    /// nil after ``Event/closed(_:)``.
    package func state(of channel: ChannelHandle) -> ChannelState? {
        switch channels[channel]?.state {
        case .waiting: .connecting
        case .awaitingAcknowledgement, .open: .open
        case .closing: .closing
        case nil: nil
        }
    }

    /// nil before the identifier is assigned, and after ``Event/closed(_:)``.
    package func streamIdentifier(of channel: ChannelHandle) -> StreamIdentifier? { channels[channel]?.state.stream }

    package func parameters(of channel: ChannelHandle) -> DataChannelParameters? { channels[channel]?.parameters }

    /// Channels that are not closed, in the order they were opened.
    package var openChannels: [ChannelHandle] { channels.keys.sorted() }

    // MARK: Verbs of the application

    /// Opens a channel; ``Event/opened(_:)`` follows when the association is up, at once if it is.
    ///
    /// - Throws: ``DataChannelError/conflictingReliability``, ``DataChannelError/nameTooLong(byteCount:limit:)``,
    ///   ``DataChannelError/illegalIdentifier(_:)``, ``DataChannelError/identifierInUse(_:)``,
    ///   ``DataChannelError/associationEnded(_:)``, and where the number of streams is known already
    ///   ``DataChannelError/identifierOutOfRange(_:streamCount:)`` and
    ///   ``DataChannelError/noIdentifierLeft(streamCount:)``. Where it is not, these two come later as
    ///   ``Event/error(_:_:)``.
    package mutating func open(
        label: String, options: DataChannelOptions = DataChannelOptions()
    ) throws(DataChannelError) -> ChannelHandle {
        if case .ended(let end) = association { throw .associationEnded(end) }
        let parameters = try DataChannelParameters(label: label, options: options)
        var stream: StreamIdentifier?
        var origin = Channel.Origin.local
        if let number = options.negotiatedIdentifier {
            stream = try negotiatedStream(number)
            origin = .negotiated
        } else if let parity {
            guard let free = lowestFreeStream(parity) else { throw .noIdentifierLeft(streamCount: streamCount) }
            stream = free
        }
        let channel = insert(Channel(parameters: parameters, origin: origin, state: .waiting(stream)))
        establish(channel)
        return channel
    }

    /// Sends one message: one ``Action/send(_:)`` follows.
    ///
    /// Until the peer's acknowledgement or first message arrives, messages of an unordered channel are sent in order
    /// behind its OPEN (RFC 8832 section 6).
    /// - Throws: ``DataChannelError/notOpen``, or ``DataChannelError/messageTooLarge(byteCount:limit:)``, after which
    ///   the channel is as it was.
    package mutating func send(_ message: DataChannelMessage, on channel: ChannelHandle) throws(DataChannelError) {
        guard let entry = channels[channel] else { throw .notOpen }
        let ordered: Bool
        let stream: StreamIdentifier
        switch entry.state {
        case .awaitingAcknowledgement(let identifier): (stream, ordered) = (identifier, true)
        case .open(let identifier): (stream, ordered) = (identifier, entry.parameters.ordered)
        case .waiting, .closing: throw .notOpen
        }
        let byteCount = message.byteCount
        if let limit = remoteMaximumMessageBytes, byteCount > limit {
            throw .messageTooLarge(byteCount: byteCount, limit: limit)
        }
        let (payloadProtocol, bytes) = message.payload
        actions.append(
            .send(
                OutgoingMessage(
                    channel: channel, stream: stream, payloadProtocol: payloadProtocol, bytes: bytes, ordered: ordered,
                    reliability: entry.parameters.reliability)))
    }

    /// Closes a channel: what was sent is delivered, what still arrives is dropped, and ``Event/closed(_:)`` follows
    /// when both directions are reset. Does nothing to a channel that is closing or closed.
    package mutating func close(_ channel: ChannelHandle) {
        switch channels[channel]?.state {
        case .waiting: forget(channel)
        case .awaitingAcknowledgement(let stream), .open(let stream):
            beginReset(of: channel, stream: stream, incomingDone: false)
        case .closing, nil: break
        }
    }

    // MARK: What the owner learns

    /// The DTLS handshake has decided who is client. Assigns identifiers to the channels that wait for one, in the
    /// order they were opened. Only the first call counts.
    package mutating func roleKnown(isDTLSClient: Bool) {
        if case .ended = association { return }
        if parity != nil { return }
        let parity = isDTLSClient ? StreamParity.even : .odd
        self.parity = parity
        for channel in openChannels {
            guard case .waiting(nil) = channels[channel]?.state else { continue }
            guard let stream = lowestFreeStream(parity) else {
                refuse(channel, .noIdentifierLeft(streamCount: streamCount))
                continue
            }
            claims[stream] = channel
            channels[channel]?.state = .waiting(stream)
        }
        establishAll()
    }

    /// The association is up with so many streams each way (1 to 65535). Opens what waits; channels with identifiers
    /// beyond either count get ``Event/error(_:_:)`` and ``Event/closed(_:)``.
    package mutating func associationUp(outgoingStreams: Int, incomingStreams: Int) {
        guard case .connecting = association else { return }
        association = .up(streamCount: Self.usableStreams(outgoingStreams, incomingStreams))
        establishAll()
    }

    /// Streams were added to the association (RFC 6525 section 4.5 and 4.6). Counts never shrink.
    package mutating func streamCountsChanged(outgoingStreams: Int, incomingStreams: Int) {
        guard case .up(let count) = association else { return }
        association = .up(streamCount: max(count, Self.usableStreams(outgoingStreams, incomingStreams)))
    }

    /// The association is gone. Every channel closes, with an error first unless the end was ours or the channel was
    /// closing anyway. Actions not taken yet are void. Only the first call counts.
    package mutating func associationLost(_ end: AssociationEnd) {
        if case .ended = association { return }
        association = .ended(end)
        for channel in openChannels {
            if case .closing = channels[channel]?.state {
            } else if end != .closedHere {
                events.append(.error(channel, .associationEnded(end)))
            }
            events.append(.closed(channel))
        }
        channels.removeAll()
        claims.removeAll()
        resets.removeAll()
        retired.removeAll()
        early.removeAll()
        earlyBytes = 0
        partials.removeAll()
        actions.removeAll()
        peerChannelCount = 0
    }

    // MARK: Identifiers

    private static func usableStreams(_ outgoing: Int, _ incoming: Int) -> Int {
        max(0, min(outgoing, incoming, Int(UInt16.max)))
    }

    /// What we may use: a channel needs its stream in both directions. All of them while the count is unknown.
    var streamCount: Int {
        if case .up(let count) = association { count } else { Int(UInt16.max) }
    }

    private func negotiatedStream(_ number: UInt16) throws(DataChannelError) -> StreamIdentifier {
        guard let stream = StreamIdentifier(number) else { throw .illegalIdentifier(number) }
        if Int(number) >= streamCount { throw .identifierOutOfRange(number, streamCount: streamCount) }
        if isTaken(stream) { throw .identifierInUse(number) }
        return stream
    }

    private func isTaken(_ stream: StreamIdentifier) -> Bool {
        claims[stream] != nil || resets[stream] != nil || retired.contains(stream)
    }

    /// Passes over streams that carry early data too: the peer takes them for a negotiated channel.
    private func lowestFreeStream(_ parity: StreamParity) -> StreamIdentifier? {
        for number in stride(from: Int(parity.rawValue), to: streamCount, by: 2) {
            guard let stream = StreamIdentifier(UInt16(truncatingIfNeeded: number)) else { return nil }
            if !isTaken(stream), early[stream] == nil { return stream }
        }
        return nil
    }

    // MARK: Beginning and end of a channel

    mutating func insert(_ channel: Channel) -> ChannelHandle {
        let handle = ChannelHandle(rawValue: nextHandle)
        nextHandle += 1
        channels[handle] = channel
        if let stream = channel.state.stream { claims[stream] = handle }
        if channel.origin == .peer { peerChannelCount += 1 }
        return handle
    }

    /// Forgets the channel and says so.
    mutating func forget(_ channel: ChannelHandle) {
        guard let entry = channels.removeValue(forKey: channel) else { return }
        if let stream = entry.state.stream { claims[stream] = nil }
        if entry.origin == .peer { peerChannelCount -= 1 }
        partials[channel] = nil
        events.append(.closed(channel))
    }

    private mutating func refuse(_ channel: ChannelHandle, _ error: DataChannelError) {
        events.append(.error(channel, error))
        forget(channel)
    }

    private mutating func establishAll() {
        guard case .up = association else { return }
        for channel in openChannels { establish(channel) }
        if parity != nil { replayAllEarly() }
    }

    /// Opens the channel if it waits for nothing but this.
    private mutating func establish(_ channel: ChannelHandle) {
        guard case .up(let streamCount) = association, let entry = channels[channel],
            case .waiting(let stream?) = entry.state
        else { return }
        if Int(stream.rawValue) >= streamCount {
            refuse(channel, .identifierOutOfRange(stream.rawValue, streamCount: streamCount))
            return
        }
        if entry.origin == .negotiated {
            channels[channel]?.state = .open(stream)
        } else {
            sendControl(.open(entry.parameters), on: stream, of: channel)
            channels[channel]?.state = .awaitingAcknowledgement(stream)
        }
        events.append(.opened(channel))
        replayEarly(on: stream)
    }

    /// DCEP is ordered and reliable whatever the channel is (RFC 8832 section 6).
    mutating func sendControl(_ message: DCEPMessage, on stream: StreamIdentifier, of channel: ChannelHandle) {
        actions.append(
            .send(
                OutgoingMessage(
                    channel: channel, stream: stream, payloadProtocol: .dcep, bytes: message.encoded, ordered: true,
                    reliability: .reliable)))
    }
}
