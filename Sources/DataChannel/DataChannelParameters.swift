/// What both ends know about a channel: the content of its OPEN message, or what they agreed on beforehand.
package struct DataChannelParameters: Hashable, Sendable {
    /// At most 65535 bytes of UTF-8; need not be unique.
    package let label: String
    /// A subprotocol's name, at most 65535 bytes of UTF-8.
    package let `protocol`: String
    /// Whether messages are delivered in the order of sending.
    package let ordered: Bool
    package let reliability: DataChannelReliability
    package let priority: DataChannelPriority

    /// - Throws: ``DataChannelError/nameTooLong(byteCount:limit:)`` when a length field of OPEN could not hold the
    ///   label or the protocol.
    package init(
        label: String, protocol: String = "", ordered: Bool = true, reliability: DataChannelReliability = .reliable,
        priority: DataChannelPriority = .low
    ) throws(DataChannelError) {
        let limit = Int(UInt16.max)
        for count in [label.utf8.count, `protocol`.utf8.count] where count > limit {
            throw .nameTooLong(byteCount: count, limit: limit)
        }
        self.label = label
        self.protocol = `protocol`
        self.ordered = ordered
        self.reliability = reliability
        self.priority = priority
    }

    /// - Throws: ``DataChannelError/conflictingReliability`` when both limits are given, and as
    ///   ``init(label:protocol:ordered:reliability:priority:)``.
    package init(label: String, options: DataChannelOptions) throws(DataChannelError) {
        let reliability: DataChannelReliability
        switch (options.maxRetransmits, options.maxPacketLifeTime) {
        case (nil, nil): reliability = .reliable
        case (let count?, nil): reliability = .maxRetransmits(count)
        case (nil, let milliseconds?): reliability = .maxPacketLifeTime(milliseconds)
        case (_?, _?): throw .conflictingReliability
        }
        try self.init(
            label: label, protocol: options.protocol, ordered: options.ordered, reliability: reliability,
            priority: options.priority)
    }
}

/// What the caller of ``DataChannelEndpoint/open(label:options:)`` may choose; W3C `RTCDataChannelInit`.
package struct DataChannelOptions: Hashable, Sendable {
    package var ordered: Bool
    /// Retransmissions of each message; excludes `maxPacketLifeTime`.
    package var maxRetransmits: UInt16?
    /// Milliseconds; excludes `maxRetransmits`.
    package var maxPacketLifeTime: UInt16?
    package var `protocol`: String
    /// The stream that both applications agreed on, 0 to 65534. Such a channel opens without DCEP. nil opens in-band.
    package var negotiatedIdentifier: UInt16?
    package var priority: DataChannelPriority

    package init(
        ordered: Bool = true, maxRetransmits: UInt16? = nil, maxPacketLifeTime: UInt16? = nil, protocol: String = "",
        negotiatedIdentifier: UInt16? = nil, priority: DataChannelPriority = .low
    ) {
        self.ordered = ordered
        self.maxRetransmits = maxRetransmits
        self.maxPacketLifeTime = maxPacketLifeTime
        self.protocol = `protocol`
        self.negotiatedIdentifier = negotiatedIdentifier
        self.priority = priority
    }
}
