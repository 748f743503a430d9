package import Wire

/// What an agent is told at the start.
package struct ICEConfiguration: Sendable {
    package var role: ICERole
    /// Ours; random when nil.
    package var credentials: ICECredentials?
    /// Decides role conflicts (RFC 8445 section 5.2); random when nil.
    package var tieBreaker: UInt64?
    /// Asked for our reflexive address from every base of their family. At most eight are used.
    package var stunServers: [TransportAddress]
    package var timing: Timing

    package init(
        role: ICERole, credentials: ICECredentials? = nil, tieBreaker: UInt64? = nil,
        stunServers: [TransportAddress] = [], timing: Timing = Timing()
    ) {
        self.role = role
        self.credentials = credentials
        self.tieBreaker = tieBreaker
        self.stunServers = stunServers
        self.timing = timing
    }

    /// The agent's intervals. All must be positive.
    package struct Timing: Sendable {
        /// Ta, between the first transmissions of two checks (RFC 8445 section 14.2).
        package var pacing: Duration = .milliseconds(50)
        /// The smallest first retransmission timeout (RFC 8445 section 14.3).
        package var retransmission: Duration = .milliseconds(500)
        /// How long after the first valid pair the controlling side waits for a better one before it nominates.
        /// Data flows meanwhile, so this costs no latency.
        package var nominationHoldBack: Duration = .milliseconds(100)
        /// A STUN server that has not answered by then is given up.
        package var gatheringLimit: Duration = .seconds(3)
        /// Between consent requests on the pair in use, times 0.8 to 1.2 (RFC 7675 section 5.1).
        package var consentInterval: Duration = .seconds(5)
        /// Between requests on valid pairs that stand by, and between keepalives to STUN servers
        /// (RFC 8445 section 11).
        package var keepaliveInterval: Duration = .seconds(15)
        /// Silence after which the pair in use counts as disconnected.
        package var disconnectedAfter: Duration = .seconds(5)
        /// Silence after which consent has ended (RFC 7675 section 5.1).
        package var consentExpiry: Duration = .seconds(30)
        /// The PAC timer: no failure earlier, whatever the check list holds (RFC 8863 section 4). 39.5 s is the life of
        /// one check: 500 ms * (1 + 2 + 4 + 8 + 16 + 32 + 16).
        package var patience: Duration = .milliseconds(39_500)

        package init() {}
    }
}
