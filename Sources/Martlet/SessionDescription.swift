/// One side's proposal or answer; W3C `RTCSessionDescription`.
public struct SessionDescription: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case offer
        case answer
        /// Takes an offer back; `sdp` is empty.
        case rollback
    }

    public var type: Kind
    /// The description itself (RFC 8866). Contains addresses and ICE passwords: for the peer's eyes only.
    public var sdp: String

    public init(type: Kind, sdp: String) {
        self.type = type
        self.sdp = sdp
    }
}

/// A place where a peer may be reached; W3C `RTCIceCandidateInit`.
public struct ICECandidate: Hashable, Sendable {
    /// `candidate:...` (RFC 8839 section 5.1); empty for end-of-candidates.
    public var candidate: String
    public var sdpMid: String?

    public init(candidate: String, sdpMid: String? = nil) {
        self.candidate = candidate
        self.sdpMid = sdpMid
    }
}
