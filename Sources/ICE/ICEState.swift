/// How far the agent is; the names are those of the W3C's RTCIceTransportState.
package enum ICEState: Hashable, Sendable {
    /// The peer's credentials are not known yet.
    case new
    /// Checks run, and no pair is valid yet.
    case checking
    /// At least one pair is valid: data may be sent.
    case connected
    /// A pair is nominated, both sides are out of candidates, and nothing better is left to check.
    case completed
    /// The pair in use does not answer; this may pass.
    case disconnected
    /// No pair was found, or consent ended on the last one. Final.
    case failed
    /// ``ICEAgent/close()`` was called. Final.
    case closed

    var isOver: Bool { self == .failed || self == .closed }
}
