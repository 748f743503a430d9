internal import STUN
package import Wire

/// What makes two candidates share a foundation (RFC 8445 section 5.1.1.3); the transport is always UDP.
struct FoundationKey: Hashable, Sendable {
    let type: CandidateType
    let base: IPAddress
    let server: IPAddress?
}

extension ICEAgent {
    /// Names a local address with a bound socket. Its host candidate is told at once, and the STUN servers of its
    /// family are asked about it. The order of calls is the order of preference within a family.
    ///
    /// - Parameter advertised: addresses at which somebody takes datagrams for this base and passes them on to it: they
    ///   are told as its host candidates instead of its own, which nobody learns then. Nil: its own.
    /// - Throws: ``ICEError/unusableAddress(_:)``, ``ICEError/tooManyCandidates(limit:)``, ``ICEError/ended``.
    package mutating func addLocalCandidate(
        base: TransportAddress, advertisedAs advertised: [TransportAddress]? = nil, at now: NetworkTime
    ) throws(ICEError) {
        if state.isOver { throw .ended }
        guard base.isUsableForICE else { throw .unusableAddress(base) }
        if bases.contains(where: { $0.address == base }) { return }
        guard bases.count < Self.maximumBaseCount else { throw .tooManyCandidates(limit: Self.maximumBaseCount) }

        let localPreference = localPreference(
            of: base.ip, ordinal: bases.count { $0.address.ip.family == base.ip.family })
        let host = hostCandidate(at: base, localPreference: localPreference)
        let new = Base(address: base, localPreference: localPreference, host: host)
        bases.append(new)
        if let advertised {
            advertise(advertised)
        } else {
            publish(host)
        }
        for candidate in remoteCandidates { pairUp(new, with: candidate) }
        askServers(about: base, at: now)
        settle(at: now)
    }

    private mutating func advertise(_ addresses: [TransportAddress]) {
        var ordinals: [IPAddress.Family: Int] = [:]
        for address in addresses where address.isUsableForICE {
            guard localCandidates.count < Self.maximumLocalCandidateCount else { return }
            let ordinal = ordinals[address.ip.family, default: 0]
            ordinals[address.ip.family] = ordinal + 1
            publish(hostCandidate(at: address, localPreference: localPreference(of: address.ip, ordinal: ordinal)))
        }
    }

    private mutating func hostCandidate(at address: TransportAddress, localPreference: UInt16) -> Candidate {
        Candidate(
            foundation: foundation(.host, base: address.ip, server: nil),
            priority: CandidatePriority.candidate(.host, localPreference: localPreference), address: .ip(address),
            type: .host, ufrag: localCredentials.ufrag)
    }

    private func localPreference(of address: IPAddress, ordinal: Int) -> UInt16 {
        CandidatePriority.localPreference(
            ordinal: ordinal, isIPv6: address.family == .v6,
            isLocalScope: address.isLoopback || address.isLinkLocal)
    }

    /// Names a STUN server whose address became known after the agent was made. It is asked about every base, those
    /// that come later included. Beyond eight, and after the agent's end, servers are left out.
    package mutating func addSTUNServer(_ server: TransportAddress, at now: NetworkTime) {
        guard !state.isOver, server.isUsableForICE, !stunServers.contains(server),
            stunServers.count < Gathering.maximumServerCount
        else { return }
        stunServers.append(server)
        for base in bases { ask(server, about: base.address, at: now) }
        askNextServer(at: now)
        settle(at: now)
    }

    /// All bases have been named: gathering is complete once the STUN servers have answered or had their time.
    package mutating func endOfLocalCandidates(at now: NetworkTime) {
        gathering.hasAllBases = true
        settle(at: now)
    }

    func base(_ address: TransportAddress) -> Base? {
        bases.first { $0.address == address }
    }

    mutating func foundation(_ type: CandidateType, base: IPAddress, server: IPAddress?) -> String {
        let key = FoundationKey(type: type, base: base, server: server)
        let number = foundations[key] ?? foundations.count + 1
        foundations[key] = number
        return String(number)
    }

    mutating func publish(_ candidate: Candidate) {
        localCandidates.append(candidate)
        events.append(.localCandidate(candidate))
    }

    // MARK: Server-reflexive candidates

    private mutating func askServers(about base: TransportAddress, at now: NetworkTime) {
        for server in stunServers { ask(server, about: base, at: now) }
        askNextServer(at: now)
    }

    private mutating func ask(_ server: TransportAddress, about base: TransportAddress, at now: NetworkTime) {
        // Nobody outside sees a loopback or link-local address, mapped or not.
        guard !base.ip.isLinkLocal, server.ip.family == base.ip.family, server.ip.isLoopback == base.ip.isLoopback
        else { return }
        let expiresAt = now.advanced(by: timing.gatheringLimit)
        gathering.unasked.append(.init(base: base, server: server, expiresAt: expiresAt))
    }

    /// Repeats, gives up and begins queries, and keeps mappings alive.
    mutating func gather(at now: NetworkTime) {
        gathering.queries.removeAll { $0.nextAt <= now && $0.isExhausted(at: now) }
        for index in gathering.queries.indices where gathering.queries[index].nextAt <= now {
            let query = gathering.queries[index]
            let wait = timing.retransmission * (1 << query.transmissionCount)
            gathering.queries[index].transmissionCount += 1
            gathering.queries[index].nextAt = min(now.advanced(by: wait), query.question.expiresAt)
            transmit(query.bytes, over: AddressPair(base: query.question.base, remote: query.question.server))
        }
        askNextServer(at: now)
        guard keepsMappings else { return }
        for index in gathering.mappings.indices where gathering.mappings[index].keepaliveAt <= now {
            // An indication: the NAT must see it, nobody need answer (RFC 8445 section 11).
            let bytes = STUNMessage(.indication, transactionID: .random(using: &random)).encoded()
            let mapping = gathering.mappings[index]
            gathering.mappings[index].keepaliveAt = now.advanced(by: timing.keepaliveInterval)
            transmit(bytes, over: AddressPair(base: mapping.base, remote: mapping.server))
        }
    }

    /// Once a pair is selected, its own traffic keeps what it needs.
    var keepsMappings: Bool { selectedKey == nil }

    private mutating func askNextServer(at now: NetworkTime) {
        gathering.unasked.removeAll { $0.expiresAt <= now }
        guard !gathering.unasked.isEmpty, now >= gathering.nextQueryAt else { return }
        let question = gathering.unasked.removeFirst()
        let id = TransactionID.random(using: &random)
        let bytes = STUNMessage(.request, transactionID: id).encoded()
        let nextAt = min(now.advanced(by: timing.retransmission), question.expiresAt)
        gathering.queries.append(.init(id: id, question: question, bytes: bytes, nextAt: nextAt))
        gathering.nextQueryAt = now.advanced(by: timing.pacing)
        transmit(bytes, over: AddressPair(base: question.base, remote: question.server))
    }

    /// A STUN server's answer. Attributes we do not know are no obstacle here: old servers add some that would have to
    /// be understood (RFC 3489's CHANGED-ADDRESS), and the mapped address is good all the same.
    mutating func handleServerResponse(
        _ message: STUNMessage, query: Gathering.Query, at now: NetworkTime
    ) {
        gathering.queries.removeAll { $0.id == query.id }
        guard message.messageClass == .successResponse,
            let mapped = message.xorMappedAddress ?? message.mappedAddress,
            let base = base(query.question.base)
        else { return }
        let server = query.question.server
        gathering.mappings.append(
            .init(base: base.address, server: server, keepaliveAt: now.advanced(by: timing.keepaliveInterval)))
        guard mapped.isUsableForICE, mapped.ip.family == base.address.ip.family,
            !localCandidates.contains(where: { $0.transportAddress == mapped }),
            localCandidates.count < Self.maximumLocalCandidateCount
        else { return }
        publish(
            Candidate(
                foundation: foundation(.serverReflexive, base: base.address.ip, server: server.ip),
                priority: CandidatePriority.candidate(.serverReflexive, localPreference: base.localPreference),
                address: .ip(mapped), type: .serverReflexive, relatedAddress: base.address,
                ufrag: localCredentials.ufrag))
    }

    mutating func reportGathering() {
        guard gathering.hasAllBases, gathering.isIdle, !gathering.isComplete else { return }
        gathering.isComplete = true
        events.append(.gatheringComplete)
    }
}
