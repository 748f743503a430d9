internal import STUN
internal import Wire

/// A Binding request to a peer that waits for its answer (RFC 8445 section 7.2.4).
struct Check: Sendable {
    enum Purpose: Hashable, Sendable {
        case connectivity
        /// Carries USE-CANDIDATE on a pair that is valid already.
        case nomination
        /// Sent once; only the rhythm of ``Consent`` repeats it (RFC 7675 section 5.1).
        case consent
    }

    /// Rc and Rm of RFC 8489 section 6.2.1.
    static let maximumTransmissionCount = 7
    private static let lastWaitFactor = 16
    /// How long an answer to a check that was sent anew, or sent only once, is still worth having.
    static let afterlife: Duration = .seconds(10)

    let id: TransactionID
    let pair: AddressPair
    let purpose: Purpose
    /// Our role when it was made: a 487 tells about this one.
    let role: ICERole
    let bytes: [UInt8]
    /// The PRIORITY it carries, which a peer-reflexive candidate that it discovers takes over.
    let priority: UInt32
    private let retransmissionTimeout: Duration
    private(set) var transmissionCount = 1
    private(set) var sentAt: NetworkTime
    /// When it is sent again, or given up.
    private(set) var nextAt: NetworkTime
    /// No longer repeated, and no failure when it times out.
    private(set) var isSuperseded = false

    init(
        id: TransactionID, pair: AddressPair, purpose: Purpose, role: ICERole, bytes: [UInt8], priority: UInt32,
        retransmissionTimeout: Duration, at now: NetworkTime
    ) {
        self.id = id
        self.pair = pair
        self.purpose = purpose
        self.role = role
        self.bytes = bytes
        self.priority = priority
        self.retransmissionTimeout = retransmissionTimeout
        sentAt = now
        nextAt = now.advanced(by: purpose == .consent ? Self.afterlife : retransmissionTimeout)
    }

    var isExhausted: Bool {
        isSuperseded || purpose == .consent || transmissionCount >= Self.maximumTransmissionCount
    }

    mutating func transmittedAgain(at now: NetworkTime) {
        transmissionCount += 1
        sentAt = now
        let factor =
            transmissionCount < Self.maximumTransmissionCount ? 1 << (transmissionCount - 1) : Self.lastWaitFactor
        nextAt = now.advanced(by: retransmissionTimeout * factor)
    }

    mutating func supersede(at now: NetworkTime) {
        if isSuperseded { return }
        isSuperseded = true
        nextAt = now.advanced(by: Self.afterlife)
    }

    /// The time to an answer at `now`; nil when it is unclear which transmission was answered.
    func roundTripTime(at now: NetworkTime) -> Duration? {
        transmissionCount == 1 ? sentAt.duration(to: now) : nil
    }
}
