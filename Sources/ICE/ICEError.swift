package import STUN
package import Wire

/// Why a datagram was dropped or a verb refused. None of these ends the agent.
package enum ICEError: Error, Equatable, Sendable {
    /// The bytes are not a STUN message.
    case malformedMessage(STUNError)
    /// STUN, but nothing an ICE agent takes part in: another method, or a response without what it must carry.
    case unexpectedMessage
    /// The datagram arrived at an address that is not among our bases.
    case unknownBase(TransportAddress)
    /// No MESSAGE-INTEGRITY, or one that does not hold under the password it must hold under.
    case notAuthenticated
    /// The USERNAME is missing or does not name us and our peer.
    case wrongUsername
    /// A response to nothing we asked, or to something long forgotten.
    case unknownTransaction
    /// A response from another address than the one asked (RFC 8445 section 7.2.5.2.1).
    case responseFromWrongAddress
    /// The agent has failed or was closed.
    case ended
    /// A username fragment or password that RFC 8839 section 5.4 does not allow.
    case invalidCredentials
    /// The peer's credentials are known and these are others; changing them is an ICE restart.
    case credentialsAlreadySet
    /// An address that no candidate can have: unspecified, multicast, or port 0.
    case unusableAddress(TransportAddress)
    /// More candidates than the agent keeps.
    case tooManyCandidates(limit: Int)
    /// Text that is not a candidate attribute; the part that does not fit.
    case invalidCandidate(String)
}
