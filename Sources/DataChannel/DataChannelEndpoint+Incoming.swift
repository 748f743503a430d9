extension DataChannelEndpoint {
    /// SCTP delivered a whole user message.
    ///
    /// Nothing a peer sends throws or traps: what cannot be used is counted in ``counters``, and a breach of protocol
    /// resets the stream it came on and no other.
    /// - Parameter ppid: in host order.
    package mutating func handleMessage(stream: UInt16, ppid: UInt32, bytes: consuming [UInt8]) {
        if case .ended = association { return }
        let payloadProtocol = PayloadProtocolIdentifier(rawValue: ppid)
        guard let identifier = StreamIdentifier(stream) else {
            counters.lateDropped += 1
            return
        }
        route(payloadProtocol, bytes, on: identifier)
    }

    private mutating func route(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: consuming [UInt8], on stream: StreamIdentifier
    ) {
        guard let channel = claims[stream], let state = channels[channel]?.state else {
            routeWithoutChannel(payloadProtocol, bytes, on: stream)
            return
        }
        switch state {
        case .open:
            deliver(payloadProtocol, bytes, to: channel)
        case .awaitingAcknowledgement:
            // The peer can only send here because it has processed our OPEN: as good as an acknowledgement.
            if payloadProtocol != .dcep { channels[channel]?.state = .open(stream) }
            deliver(payloadProtocol, bytes, to: channel)
        case .waiting:
            keepEarly(.message(payloadProtocol, bytes), on: stream)
        case .closing:
            routeWhileClosing(payloadProtocol, bytes, on: stream)
        }
    }

    private mutating func routeWithoutChannel(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: consuming [UInt8], on stream: StreamIdentifier
    ) {
        if resets[stream] != nil {
            routeWhileClosing(payloadProtocol, bytes, on: stream)
            return
        }
        if retired.contains(stream) {
            counters.lateDropped += 1
            return
        }
        guard case .up = association, let parity else {
            keepEarly(.message(payloadProtocol, bytes), on: stream)
            return
        }
        switch payloadProtocol {
        case .dcep: handleControlWithoutChannel(bytes, on: stream, ourParity: parity)
        case .string, .stringEmpty, .stringPartial, .binary, .binaryEmpty, .binaryPartial:
            if Int(stream.rawValue) < streamCount {
                keepEarly(.message(payloadProtocol, bytes), on: stream)
            } else {
                counters.lateDropped += 1
            }
        default: counters.unknownPayloadProtocol += 1
        }
    }

    /// After the peer's reset, data belongs to the stream's next life: a peer that has seen ours may reuse the
    /// identifier before the answer to our reset arrives here. Before it, data belongs to what is being closed.
    private mutating func routeWhileClosing(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: consuming [UInt8], on stream: StreamIdentifier
    ) {
        if resets[stream]?.incomingDone == true {
            keepEarly(.message(payloadProtocol, bytes), on: stream)
        } else {
            counters.lateDropped += 1
        }
    }

    // MARK: Messages of an open channel

    private mutating func deliver(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: consuming [UInt8], to channel: ChannelHandle
    ) {
        if payloadProtocol == .dcep {
            handleControl(bytes, on: channel)
            return
        }
        if !partials.isEmpty, partials[channel] != nil {
            finishPartial(payloadProtocol, bytes, of: channel)
            return
        }
        let byteCount = bytes.count
        if byteCount > localMaximumMessageBytes {
            fail(channel, .messageTooLarge(byteCount: byteCount, limit: localMaximumMessageBytes))
            return
        }
        switch payloadProtocol {
        case .binary: events.append(.message(channel, .binary(bytes)))
        case .binaryEmpty: events.append(.message(channel, .binary([])))
        case .stringEmpty: events.append(.message(channel, .text("")))
        case .string: deliverText(bytes, to: channel)
        case .stringPartial, .binaryPartial: keepPartial(payloadProtocol, bytes, of: channel)
        default: counters.unknownPayloadProtocol += 1
        }
    }

    /// Text that is not UTF-8 ends the channel: replacement characters would alter a message silently.
    private mutating func deliverText(_ bytes: [UInt8], to channel: ChannelHandle) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            fail(channel, .invalidText)
            return
        }
        events.append(.message(channel, .text(text)))
    }

    /// Fragments make sense only where none can be missing or out of place.
    private mutating func keepPartial(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: [UInt8], of channel: ChannelHandle
    ) {
        guard let parameters = channels[channel]?.parameters, parameters.ordered, parameters.reliability == .reliable
        else {
            counters.unknownPayloadProtocol += 1
            return
        }
        partials[channel] = PartialMessage(isText: payloadProtocol == .stringPartial, bytes: bytes)
    }

    private mutating func finishPartial(
        _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: [UInt8], of channel: ChannelHandle
    ) {
        guard var partial = partials.removeValue(forKey: channel) else { return }
        let fragment: PayloadProtocolIdentifier = partial.isText ? .stringPartial : .binaryPartial
        let last: PayloadProtocolIdentifier = partial.isText ? .string : .binary
        guard payloadProtocol == fragment || payloadProtocol == last else {
            // Another kind of message inside this one: the fragments never become whole.
            counters.unknownPayloadProtocol += 1
            deliver(payloadProtocol, bytes, to: channel)
            return
        }
        let byteCount = partial.bytes.count + bytes.count
        if byteCount > localMaximumMessageBytes {
            fail(channel, .messageTooLarge(byteCount: byteCount, limit: localMaximumMessageBytes))
            return
        }
        partial.bytes += bytes
        if payloadProtocol == fragment {
            partials[channel] = partial
        } else if partial.isText {
            deliverText(partial.bytes, to: channel)
        } else {
            events.append(.message(channel, .binary(partial.bytes)))
        }
    }

    // MARK: DCEP

    private mutating func handleControl(_ bytes: [UInt8], on channel: ChannelHandle) {
        let message: DCEPMessage
        do { message = try decodeControl(bytes) } catch {
            fail(channel, error)
            return
        }
        switch message {
        case .open:
            fail(channel, channels[channel]?.origin == .negotiated ? .openOnNegotiatedStream : .openOnUsedStream)
        case .acknowledgement:
            if case .awaitingAcknowledgement(let stream) = channels[channel]?.state {
                channels[channel]?.state = .open(stream)
            } else {
                counters.strayAcknowledgements += 1
            }
        }
    }

    private mutating func handleControlWithoutChannel(
        _ bytes: [UInt8], on stream: StreamIdentifier, ourParity: StreamParity
    ) {
        let parameters: DataChannelParameters
        do throws(DataChannelError) {
            switch try decodeControl(bytes) {
            case .acknowledgement:
                counters.strayAcknowledgements += 1
                return
            case .open(let asked): parameters = asked
            }
            if ourParity.contains(stream) { throw .wrongParity }
            if Int(stream.rawValue) >= streamCount {
                throw .identifierOutOfRange(stream.rawValue, streamCount: streamCount)
            }
            if peerChannelCount >= limits.peerChannelCount {
                throw .tooManyChannels(limit: limits.peerChannelCount)
            }
        } catch {
            refuseOpen(on: stream, error)
            return
        }
        let channel = insert(Channel(parameters: parameters, origin: .peer, state: .open(stream)))
        sendControl(.acknowledgement, on: stream, of: channel)
        events.append(.incoming(channel, parameters))
        replayEarly(on: stream)
    }

    private func decodeControl(_ bytes: [UInt8]) throws(DataChannelError) -> DCEPMessage {
        let nameBytes = bytes.count - DCEPMessage.openHeaderBytes
        if nameBytes > limits.nameBytes { throw .nameTooLong(byteCount: nameBytes, limit: limits.nameBytes) }
        return try DCEPMessage(decoding: bytes)
    }

    // MARK: Data before its channel

    mutating func keepEarly(_ item: EarlyStream.Item, on stream: StreamIdentifier) {
        let room = limits.earlyBytes - earlyBytes
        let kept = early[stream]?.bytes ?? 0
        // An entry that holds nothing but `overflowed` is worth its place: it remembers that data was lost here.
        if early[stream, default: EarlyStream()].append(item, limitBytes: min(limits.earlyBytesPerStream, kept + room))
        {
            earlyBytes += item.cost
        } else {
            counters.earlyDropped += 1
        }
    }

    mutating func discardEarly(on stream: StreamIdentifier) {
        if let dropped = takeEarly(on: stream) { counters.earlyDropped += dropped.items.count }
    }

    mutating func replayAllEarly() {
        for stream in early.keys.sorted() { replayEarly(on: stream) }
    }

    /// Handles what was kept for the stream as if it came now. What still has no channel is kept again.
    mutating func replayEarly(on stream: StreamIdentifier) {
        guard let waiting = takeEarly(on: stream) else { return }
        for item in waiting.items {
            switch item {
            case .message(let payloadProtocol, let bytes): route(payloadProtocol, bytes, on: stream)
            case .reset: handleIncomingReset(on: stream)
            }
        }
        guard waiting.overflowed else { return }
        guard let channel = claims[stream] else {
            early[stream, default: EarlyStream()].overflowed = true
            return
        }
        if case .open = channels[channel]?.state, channels[channel]?.parameters.reliability == .reliable {
            fail(channel, .earlyDataLost)
        }
        if waiting.resetAfterOverflow { handleIncomingReset(on: stream) }
    }

    private mutating func takeEarly(on stream: StreamIdentifier) -> EarlyStream? {
        if early.isEmpty { return nil }
        guard let stored = early.removeValue(forKey: stream) else { return nil }
        earlyBytes -= stored.bytes
        return stored
    }
}
