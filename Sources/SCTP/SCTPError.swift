/// What went wrong in the SCTP layer.
package enum SCTPError: Error, Equatable, Sendable {
    /// usrsctp refused a call; `code` is its errno.
    case library(operation: String, code: Int32)
    /// The association is not up (yet, or any more).
    case notConnected
    /// The message could not all leave within its lifetime.
    case lifetimeTooShort
    /// The message is longer than the association can ever hold in its send buffer.
    case messageTooLarge(bytes: Int, limit: Int)
    /// The stream identifier is not below the number of streams agreed with the peer.
    case noSuchStream(UInt16)
}

/// Why an association ended.
package enum SCTPLossReason: Equatable, Sendable {
    /// The peer sent an ABORT, with the error cause code of RFC 9260 section 3.3.10, if it named one (12 is
    /// "user-initiated").
    case abortedByPeer(cause: UInt16?)
    /// The peer shut the association down in good order.
    case shutDownByPeer
    /// The association could not be set up.
    case refused
    /// The peer sent what the protocol forbids, such as a message beyond every announced limit.
    case protocolViolation
}
