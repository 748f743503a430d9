package import Wire

/// What the driver of an agent is told, in order.
package enum ICEEvent: Sendable {
    /// A candidate to be signalled to the peer now (RFC 8838).
    case localCandidate(Candidate)
    /// No more local candidates will come: signal the end of candidates.
    case gatheringComplete
    case stateChanged(ICEState)
    case roleChanged(ICERole)
    /// Data should travel over this pair from now on. It is valid, and may not be nominated yet.
    case usablePairChanged(CandidatePair)
    /// The usable pair is nominated: it is the selected pair, until another is reported.
    case pairSelected(CandidatePair)
}

/// A datagram to be sent from the socket bound to `localBase`.
package struct ICETransmit: Hashable, Sendable {
    package let localBase: TransportAddress
    package let remote: TransportAddress
    package let bytes: [UInt8]
}
