/// How hard SCTP tries to deliver the messages of a channel (RFC 8831 section 6.1, RFC 7496).
package enum DataChannelReliability: Hashable, Sendable {
    /// Until delivered.
    case reliable
    /// At most so many retransmissions of each message.
    case maxRetransmits(UInt16)
    /// (Re)transmitted for at most so many milliseconds after `send`.
    case maxPacketLifeTime(UInt16)
}
