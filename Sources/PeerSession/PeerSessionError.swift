package import DTLS
package import DataChannel
package import SCTP
package import SDP

/// What went wrong in a session, translated from the layers below at this one place.
package enum PeerSessionError: Error, Equatable, Sendable {
    /// A description cannot be read or does not fit the negotiation.
    case description(SDPError)
    /// The call does not fit the signaling state, as in RFC 8829 section 3.5.
    case wrongSignalingState(SignalingState, call: String)
    /// The local description is not the one that was created last.
    case modifiedDescription
    /// The peer's description asks for what is not supported, such as an ICE restart.
    case unsupported(String)
    case dtls(DTLSError)
    case sctp(SCTPError)
    case sctpLost(SCTPLossReason)
    case dataChannel(DataChannelError)
    /// No path to the peer was found, or consent for it expired (RFC 7675).
    case noPath
    /// A simulation has this process's SCTP to itself, or cannot have it because a connection uses it.
    case clockInUse
    case closed
}

/// W3C `RTCSignalingState`, less the provisional answers that nobody uses.
package enum SignalingState: String, Sendable {
    case stable
    case haveLocalOffer = "have-local-offer"
    case haveRemoteOffer = "have-remote-offer"
    case closed
}

/// W3C `RTCPeerConnectionState`.
package enum SessionState: Equatable, Sendable {
    case new
    case connecting
    case connected
    case disconnected
    case failed(PeerSessionError)
    case closed
}
