package import Wire

/// The two addresses between which packets travel: our base and the peer's address. It identifies a pair, because
/// reflexive candidates of ours send from their base (RFC 8445 section 6.1.2.4).
struct AddressPair: Hashable, Sendable {
    let base: TransportAddress
    let remote: TransportAddress
}

/// A local and a remote candidate, and what checks have found about the path between them
/// (RFC 8445 section 6.1.2.6).
package struct CandidatePair: Sendable {
    enum State: Hashable, Sendable {
        /// Waits until a pair of the same foundation is done.
        case frozen
        case waiting
        case inProgress
        /// A check was answered: the pair is valid.
        case succeeded
        case failed
    }

    /// What the controlling side wants of a valid pair.
    enum Nomination: Hashable, Sendable {
        case none
        case wanted
        case inFlight
    }

    /// The candidate that packets appear to come from: the host candidate until a check has shown another.
    package internal(set) var local: Candidate
    package internal(set) var remote: Candidate
    /// The address of the socket to send from.
    package let localBase: TransportAddress
    package let remoteAddress: TransportAddress
    /// Whether the controlling side chose it.
    package internal(set) var isNominated = false
    /// The last one measured, without those of repeated requests.
    package internal(set) var roundTripTime: Duration?

    var state = State.frozen
    var priority: UInt64 = 0
    var nomination = Nomination.none
    /// The peer has nominated the pair, and our own check on it has yet to succeed.
    var nominateOnSuccess = false
    /// Kept while the pair is valid.
    var consent: Consent?

    var key: AddressPair { AddressPair(base: localBase, remote: remoteAddress) }
    var isValid: Bool { state == .succeeded }
    /// Whether a check may still make it valid.
    var isPending: Bool { state == .frozen || state == .waiting || state == .inProgress }

    func sharesFoundation(with other: CandidatePair) -> Bool {
        local.foundation == other.local.foundation && remote.foundation == other.remote.foundation
    }
}
