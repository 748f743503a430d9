internal import PeerSession

/// How a channel treats its messages; W3C `RTCDataChannelInit`.
public struct DataChannelOptions: Hashable, Sendable {
    /// A hint for scheduling between channels (RFC 8831 section 6.4); W3C `RTCPriorityType`.
    public enum Priority: String, CaseIterable, Sendable {
        case veryLow = "very-low"
        case low
        case medium
        case high
    }

    /// Whether messages arrive in the order they were sent.
    public var ordered: Bool
    /// Milliseconds after which SCTP gives a message up. Excludes `maxRetransmits`.
    public var maxPacketLifeTime: UInt16?
    /// Retransmissions after which SCTP gives a message up, 0 for none. Excludes `maxPacketLifeTime`.
    public var maxRetransmits: UInt16?
    /// The name of a subprotocol, for the applications' use.
    public var `protocol`: String
    /// True when both applications make the channel with the same `id` by themselves; false announces it in-band.
    public var negotiated: Bool
    /// The stream identifier, 0 to 1023: required when `negotiated`, otherwise chosen by the engine and ignored here.
    public var id: UInt16?
    public var priority: Priority

    public init(
        ordered: Bool = true, maxPacketLifeTime: UInt16? = nil, maxRetransmits: UInt16? = nil, protocol: String = "",
        negotiated: Bool = false, id: UInt16? = nil, priority: Priority = .low
    ) {
        self.ordered = ordered
        self.maxPacketLifeTime = maxPacketLifeTime
        self.maxRetransmits = maxRetransmits
        self.protocol = `protocol`
        self.negotiated = negotiated
        self.id = id
        self.priority = priority
    }
}

/// One message of a data channel. Empty ones are messages too.
public enum DataChannelMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])

    /// Bytes of payload on the wire.
    public var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }
}

/// W3C `RTCDataChannelState`.
public enum DataChannelState: String, Sendable {
    case connecting
    case open
    case closing
    case closed
}

/// What happens to a channel, apart from messages.
public enum DataChannelEvent: Hashable, Sendable {
    case open
    /// `bufferedAmount` fell to `bufferedAmountLowThreshold` or below it.
    case bufferedAmountLow
    /// The peer, or the end of the connection, started to close the channel.
    case closing
    case error(MartletError)
    /// The last event.
    case close
}
