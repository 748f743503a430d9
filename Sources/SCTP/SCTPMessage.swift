/// One user message with what SCTP knows of it.
package struct SCTPMessage: Equatable, Sendable {
    package var stream: UInt16
    /// Payload protocol identifier, in host order.
    package var protocolIdentifier: UInt32
    package var bytes: [UInt8]

    package init(stream: UInt16, protocolIdentifier: UInt32, bytes: [UInt8]) {
        self.stream = stream
        self.protocolIdentifier = protocolIdentifier
        self.bytes = bytes
    }
}

/// How hard SCTP tries to deliver a message (RFC 3758, RFC 7496).
package enum SCTPReliability: Equatable, Sendable {
    case reliable
    /// Retransmissions before a message is given up, 0 for none.
    case maximumRetransmits(UInt16)
    /// Milliseconds after which a message is given up.
    case maximumLifetime(UInt16)
}

/// What an association has to say, in order.
package enum SCTPEvent: Equatable, Sendable {
    /// The association is up, with this many streams each way.
    case up(outgoingStreams: UInt16, incomingStreams: UInt16)
    case message(SCTPMessage)
    /// The peer reset its outgoing side of these streams (RFC 6525 section 5.2.2); an empty list means all.
    case incomingReset(streams: [UInt16])
    /// Our request to reset these streams was carried out.
    case outgoingResetDone(streams: [UInt16])
    /// Our request was refused; the streams go on.
    case outgoingResetFailed(streams: [UInt16])
    case lost(SCTPLossReason)
}
