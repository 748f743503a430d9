/// Closing (RFC 8831 section 6.7): each end resets its outgoing direction, and a stream is free when both are.
extension DataChannelEndpoint {
    /// The peer reset its direction of these streams; everything it sent on them has been handled before.
    ///
    /// - Parameter streams: an empty list means every stream, as in RFC 6525 section 4.1.
    package mutating func handleIncomingReset(streams: [UInt16]) {
        if case .ended = association { return }
        let affected =
            streams.isEmpty
            ? Set(claims.keys).union(early.keys).union(resets.keys).sorted() : streams.compactMap(StreamIdentifier.init)
        for stream in affected { handleIncomingReset(on: stream) }
    }

    /// The peer answered our reset of these streams: their sequence numbers start again.
    package mutating func handleOutgoingResetComplete(streams: [UInt16]) {
        for stream in streams.compactMap(StreamIdentifier.init) {
            guard resets[stream] != nil else { continue }
            resets[stream]?.outgoingDone = true
            finishIfReset(stream)
        }
    }

    /// Our reset of these streams will not happen: the peer denied it, or cannot reset streams. Their channels close
    /// with an error, and the identifiers are not used again.
    package mutating func handleOutgoingResetFailed(streams: [UInt16]) {
        for stream in streams.compactMap(StreamIdentifier.init) {
            guard let reset = resets.removeValue(forKey: stream) else { continue }
            retired.insert(stream)
            discardEarly(on: stream)
            if let channel = reset.channel {
                events.append(.error(channel, .resetFailed))
                forget(channel)
            }
        }
    }

    mutating func handleIncomingReset(on stream: StreamIdentifier) {
        if let reset = resets[stream] {
            if !reset.incomingDone {
                resets[stream]?.incomingDone = true
                finishIfReset(stream)
            } else if early[stream] != nil {
                keepEarly(.reset, on: stream)
            } else {
                counters.strayResets += 1
            }
            return
        }
        if let channel = claims[stream] {
            switch channels[channel]?.state {
            case .awaitingAcknowledgement, .open:
                events.append(.closing(channel))
                beginReset(of: channel, stream: stream, incomingDone: true)
            case .waiting, .closing, nil:
                counters.strayResets += 1
            }
            return
        }
        guard case .up(let streamCount) = association, Int(stream.rawValue) < streamCount, !retired.contains(stream)
        else {
            counters.strayResets += 1
            return
        }
        // A channel the peer negotiated and we never opened: it stays in `closing` there until we reset ours too.
        discardEarly(on: stream)
        resets[stream] = StreamReset(channel: nil, incomingDone: true)
        requestReset(of: stream)
    }

    /// The channel ends because of `error`; the peer learns it by the reset.
    mutating func fail(_ channel: ChannelHandle, _ error: DataChannelError) {
        guard let stream = channels[channel]?.state.stream else { return }
        events.append(.error(channel, error))
        events.append(.closing(channel))
        beginReset(of: channel, stream: stream, incomingDone: false)
    }

    mutating func beginReset(of channel: ChannelHandle, stream: StreamIdentifier, incomingDone: Bool) {
        channels[channel]?.state = .closing(stream)
        partials[channel] = nil
        resets[stream] = StreamReset(channel: channel, incomingDone: incomingDone)
        requestReset(of: stream)
    }

    /// Answers a DCEP message that opens nothing by resetting its stream (RFC 8832 section 6).
    mutating func refuseOpen(on stream: StreamIdentifier, _ error: DataChannelError) {
        counters.refusedOpens += 1
        events.append(.refused(stream, error))
        discardEarly(on: stream)
        // Beyond our own streams there is nothing of ours to reset.
        guard Int(stream.rawValue) < streamCount else { return }
        resets[stream] = StreamReset(channel: nil, incomingDone: false)
        requestReset(of: stream)
    }

    /// Neighbouring requests share an action, because SCTP has one request outstanding at a time. At most 128 streams
    /// in one: a request must fit a packet (1191 bytes hold 580) and a peer's patience.
    private mutating func requestReset(of stream: StreamIdentifier) {
        guard case .resetOutgoing(var streams) = actions.last, streams.count < 128 else {
            actions.append(.resetOutgoing([stream]))
            return
        }
        actions.removeLast()
        streams.append(stream)
        actions.append(.resetOutgoing(streams))
    }

    private mutating func finishIfReset(_ stream: StreamIdentifier) {
        guard let reset = resets[stream], reset.outgoingDone, reset.incomingDone else { return }
        resets[stream] = nil
        if let channel = reset.channel { forget(channel) }
        replayEarly(on: stream)
    }
}
