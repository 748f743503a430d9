/// What Martlet says of its own transport in a description.
package struct LocalTransport: Equatable, Sendable {
    package var credentials: ICECredentials
    /// Of our certificate; one by SHA-256 is enough for everybody.
    package var fingerprints: [SDPFingerprint]
    /// Words for `a=ice-options`.
    package var iceOptions: [String]
    /// As `candidate:…`, in order.
    package var candidates: [String]
    /// Says `a=end-of-candidates` after them (RFC 8840 section 4.2).
    package var isGatheringComplete: Bool

    package init(
        credentials: ICECredentials, fingerprints: [SDPFingerprint], iceOptions: [String] = ["trickle"],
        candidates: [String] = [], isGatheringComplete: Bool = false
    ) {
        self.credentials = credentials
        self.fingerprints = fingerprints
        self.iceOptions = iceOptions
        self.candidates = candidates
        self.isGatheringComplete = isGatheringComplete
    }
}
