/// One channel, from `open` or a peer's OPEN until both directions of its stream have been reset.
struct Channel {
    enum State {
        /// The association is not up, or (nil) not even the stream is known, because the DTLS role is not.
        case waiting(StreamIdentifier?)
        /// Our OPEN is out and nothing has come back: usable, but everything we send is ordered behind the OPEN.
        case awaitingAcknowledgement(StreamIdentifier)
        case open(StreamIdentifier)
        /// Our direction is being reset; `StreamReset` knows how far it got.
        case closing(StreamIdentifier)

        var stream: StreamIdentifier? {
            switch self {
            case .waiting(let stream): stream
            case .awaitingAcknowledgement(let stream), .open(let stream), .closing(let stream): stream
            }
        }
    }

    enum Origin {
        /// Opened here, announced by our OPEN.
        case local
        /// Opened here under an identifier the applications agreed on; no DCEP.
        case negotiated
        /// Opened by the peer's OPEN.
        case peer
    }

    let parameters: DataChannelParameters
    let origin: Origin
    var state: State
}

/// The closing of a stream in both directions (RFC 8831 section 6.7).
///
/// It lives from our reset request until our request was answered *and* the peer's own reset arrived. Every reset we
/// ask for has one of these behind it that still expects the peer's, which is why two ends that both answer resets of
/// streams they do not know cannot answer each other for ever.
struct StreamReset {
    /// The channel that closes; nil when the stream never had one here.
    let channel: ChannelHandle?
    var outgoingDone = false
    var incomingDone: Bool
}

/// Messages that came on a stream before there was a channel to take them.
///
/// Unordered data can overtake its OPEN (RFC 8832 section 6), a peer may use a negotiated channel before our
/// application opens its side, and a reused stream may carry a new OPEN before our reset of the old one is answered.
struct EarlyStream {
    enum Item {
        case message(PayloadProtocolIdentifier, [UInt8])
        /// The peer reset the stream after what came before.
        case reset
    }

    /// Counted for each item on top of its bytes, so that a flood of one-byte messages is bounded too.
    static let itemOverheadBytes = 64

    private(set) var items: [Item] = []
    /// What the items cost.
    private(set) var bytes = 0
    /// Something did not fit, so everything after it was dropped too: what is kept is a gapless beginning.
    var overflowed = false
    /// A reset came after the overflow. It costs nothing and must not be lost, or its channel would never close.
    private(set) var resetAfterOverflow = false

    /// Keeps the item and returns true, or returns false if it does not fit.
    mutating func append(_ item: Item, limitBytes: Int) -> Bool {
        let cost = item.cost
        if overflowed || cost > limitBytes - bytes {
            overflowed = true
            if case .reset = item { resetAfterOverflow = true }
            return false
        }
        items.append(item)
        bytes += cost
        return true
    }
}

extension EarlyStream.Item {
    var cost: Int {
        switch self {
        case .message(_, let payload): EarlyStream.itemOverheadBytes + payload.count
        case .reset: EarlyStream.itemOverheadBytes
        }
    }
}

/// The fragments of a message in the deprecated form, under PPID 52 or 54, until the last one under 53 or 51.
struct PartialMessage {
    let isText: Bool
    var bytes: [UInt8]
}
