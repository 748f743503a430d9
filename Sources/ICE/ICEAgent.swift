internal import DequeModule
package import STUN
package import Wire

/// One side of Interactive Connectivity Establishment (RFC 8445, full implementation) for one component, with
/// trickled candidates (RFC 8838) and consent (RFC 7675), as a value without sockets and without a clock.
///
/// The driver gives it datagrams whose first byte is 0 to 3, candidates and credentials from signaling, and the time;
/// after every mutation it drains ``pollTransmit()`` and ``pollEvent()`` and asks ``pollTimeout()`` when to call
/// ``handleTimeout(at:)`` next. Data may be sent as soon as ``usablePair`` is there, and is to be believed only from
/// addresses for which ``isValidated(remote:localBase:)`` holds.
package struct ICEAgent {
    /// RFC 8445 section 5.1.1 knows no bound; ours are for hosts with unusually many addresses, and for hostile peers.
    static let maximumBaseCount = 16
    static let maximumLocalCandidateCount = 64
    static let maximumRemoteCandidateCount = 100
    static let maximumValidatedCount = 256

    /// A local address with a socket, and the host candidate that it is.
    struct Base: Sendable {
        let address: TransportAddress
        let localPreference: UInt16
        let host: Candidate
    }

    package let localCredentials: ICECredentials
    package internal(set) var remoteCredentials: ICECredentials?
    package internal(set) var role: ICERole
    package internal(set) var state = ICEState.new
    /// Those that were told as events: host and server-reflexive.
    package internal(set) var localCandidates: [Candidate] = []
    /// The peer has no more candidates.
    package internal(set) var remoteCandidatesHaveEnded = false

    let timing: ICEConfiguration.Timing
    var stunServers: [TransportAddress]
    let hmac: HMACProvider
    var random: any RandomNumberGenerator
    var tieBreaker: UInt64
    var remoteIsLite = false

    var bases: [Base] = []
    /// Ours that checks have shown; they are not signalled.
    var peerReflexiveCandidates: [Candidate] = []
    /// The checkable ones of the peer's: signalled, or found by its checks.
    package internal(set) var remoteCandidates: [Candidate] = []
    /// Signalled before the credentials they belong to.
    var earlyRemoteCandidates: [Candidate] = []
    var earlyChecks: [EarlyCheck] = []
    var foundations: [FoundationKey: Int] = [:]
    var peerReflexiveFoundationCount = 0

    var checkList = CheckList()
    /// In order of their making; a few, or some tens while much is unanswered.
    var checks: [Check] = []
    var nextCheckAt = NetworkTime.zero
    var budget = UnansweredBudget()
    /// Pairs over which an authenticated message of the peer's came.
    var validated: Set<AddressPair> = []
    var gathering = Gathering()

    /// Where a peer behind a relay of ours really is: what its checks are answered with, by the address that we see.
    package var apparentAddresses: [TransportAddress: TransportAddress] = [:]

    var usableKey: AddressPair?
    var selectedKey: AddressPair?
    var firstValidAt: NetworkTime?
    /// The pairs that stand by have been asked since the usable one went silent.
    var hasAskedForReplacement = false
    /// When RFC 8863 allows failure; nil until checks may begin.
    var patienceEndsAt: NetworkTime?

    var transmits: Deque<ICETransmit> = []
    var events: Deque<ICEEvent> = []
    var deadline: NetworkTime?

    /// - Parameters:
    ///   - random: cryptographically strong in production; seeded in tests.
    ///   - hmac: HMAC-SHA1.
    package init(
        configuration: ICEConfiguration, random: any RandomNumberGenerator, hmac: @escaping HMACProvider
    ) {
        self.random = random
        self.hmac = hmac
        role = configuration.role
        timing = configuration.timing
        stunServers = Array(
            configuration.stunServers.lazy.filter(\.isUsableForICE).prefix(Gathering.maximumServerCount))
        localCredentials = configuration.credentials ?? ICECredentials(random: &self.random)
        tieBreaker = configuration.tieBreaker ?? self.random.next()
    }

    // MARK: Queries

    /// The pair data should travel over: the selected one, or before nomination the best valid one.
    package var usablePair: CandidatePair? {
        usableKey.flatMap(checkList.index).map { checkList[$0] }
    }

    /// The pair in use when it is nominated.
    package var selectedPair: CandidatePair? {
        usablePair.flatMap { $0.isNominated ? $0 : nil }
    }

    /// Whether the peer has proved by an authenticated check, of its own or answering ours, that it is at `remote` and
    /// reaches us at `localBase`. One hash lookup.
    package func isValidated(remote: TransportAddress, localBase: TransportAddress) -> Bool {
        validated.contains(AddressPair(base: localBase, remote: remote))
    }

    package mutating func pollTransmit() -> ICETransmit? { transmits.popFirst() }
    package mutating func pollEvent() -> ICEEvent? { events.popFirst() }

    /// When ``handleTimeout(at:)`` is due; nil when nothing is waited for. After `handleTimeout(at: now)` it is later
    /// than `now`.
    package func pollTimeout() -> NetworkTime? { deadline }

    // MARK: Verbs

    /// What signaling says about the peer. Checks begin, and the PAC timer with them.
    ///
    /// - Parameter isLite: the peer's description has `a=ice-lite`: it only answers, and we control.
    /// - Throws: ``ICEError/credentialsAlreadySet`` for others than before, ``ICEError/ended``.
    package mutating func setRemoteCredentials(
        _ credentials: ICECredentials, isLite: Bool = false, at now: NetworkTime
    ) throws(ICEError) {
        if state.isOver { throw .ended }
        if let remoteCredentials {
            if remoteCredentials == credentials { return }
            throw .credentialsAlreadySet
        }
        remoteCredentials = credentials
        remoteIsLite = isLite
        if isLite, role == .controlled { switchRole() }
        patienceEndsAt = now.advanced(by: timing.patience)
        let candidates = earlyRemoteCandidates
        earlyRemoteCandidates = []
        for candidate in candidates { accept(candidate) }
        replayEarlyChecks(at: now)
        settle(at: now)
    }

    /// As ``setRemoteCredentials(_:isLite:at:)``, from the two lines of a description.
    ///
    /// - Throws: also ``ICEError/invalidCredentials``.
    package mutating func setRemoteCredentials(
        ufrag: String, password: String, isLite: Bool = false, at now: NetworkTime
    ) throws(ICEError) {
        try setRemoteCredentials(ICECredentials(ufrag: ufrag, password: password), isLite: isLite, at: now)
    }

    /// The peer offered first, so it controls (RFC 8445 section 6.1.1). Only before its credentials are known.
    package mutating func becomeControlled() {
        if remoteCredentials == nil { role = .controlled }
    }

    /// Takes a candidate of the peer's; before its credentials are known, it waits for them.
    ///
    /// - Returns: false for one that is of no use: not checkable (TCP, another component, a name, an address no single
    ///   host has), of another generation, a duplicate, or beyond the 100 that are kept.
    @discardableResult
    package mutating func addRemoteCandidate(_ candidate: Candidate, at now: NetworkTime) -> Bool {
        guard !state.isOver, candidate.isCheckable else { return false }
        guard remoteCredentials != nil else {
            guard earlyRemoteCandidates.count < Self.maximumRemoteCandidateCount,
                !earlyRemoteCandidates.contains(candidate)
            else { return false }
            earlyRemoteCandidates.append(candidate)
            return true
        }
        let isNew = accept(candidate)
        settle(at: now)
        return isNew
    }

    /// The peer's `a=end-of-candidates` (RFC 8838 section 14).
    package mutating func endOfRemoteCandidates(at now: NetworkTime) {
        remoteCandidatesHaveEnded = true
        settle(at: now)
    }

    /// Ends everything at once; nothing is sent to the peer.
    package mutating func close() {
        if state == .closed { return }
        state = .closed
        forgetEverything()
        transmits.removeAll()
        events.append(.stateChanged(.closed))
    }

    /// Does what time has made due: repetitions, new checks, consent, failure.
    package mutating func handleTimeout(at now: NetworkTime) {
        if state.isOver { return }
        repeatChecks(at: now)
        renewChecks(at: now)
        gather(at: now)
        askForConsent(at: now)
        settle(at: now)
    }

    // MARK: What every mutation ends with

    /// Draws the conclusions from what has just changed, and finds the next deadline.
    mutating func settle(at now: NetworkTime) {
        if state.isOver { return }
        nominate(at: now)
        sendChecks(at: now)
        chooseUsablePair(at: now)
        reportGathering()
        updateState(at: now)
        deadline = state.isOver ? nil : nextDeadline(after: now)
    }

    mutating func transmit(_ bytes: [UInt8], over pair: AddressPair) {
        // A driver that drains never gets here with more than a few.
        if transmits.count >= 512 { transmits.removeFirst() }
        transmits.append(ICETransmit(localBase: pair.base, remote: pair.remote, bytes: bytes))
    }

    mutating func forgetEverything() {
        checkList.removeAll()
        checks.removeAll()
        validated.removeAll()
        earlyChecks.removeAll()
        earlyRemoteCandidates.removeAll()
        gathering = Gathering()
        (usableKey, selectedKey, deadline) = (nil, nil, nil)
    }
}
