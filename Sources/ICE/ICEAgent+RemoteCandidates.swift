internal import STUN
internal import Wire

/// A check of the peer's that came before its description (RFC 8445 section 7.3): answered, and remembered.
struct EarlyCheck: Sendable {
    static let maximumCount = 32

    let pair: AddressPair
    let priority: UInt32
    var usesCandidate: Bool
    /// The peer's half of the USERNAME, to be compared with its description.
    let ufrag: Substring
}

extension ICEAgent {
    /// Pairs a checkable candidate of the peer's with our bases. False if it is of another generation, known, or too
    /// many.
    @discardableResult
    mutating func accept(_ candidate: Candidate) -> Bool {
        guard let remoteCredentials, let address = candidate.transportAddress else { return false }
        if let ufrag = candidate.ufrag, ufrag != remoteCredentials.ufrag { return false }
        if let index = remoteCandidates.firstIndex(where: { $0.address == candidate.address }) {
            guard remoteCandidates[index].type == .peerReflexive else { return false }
            // What signaling says of an address found by checks is what both sides compute with.
            remoteCandidates[index] = candidate
            for index in checkList.pairs.indices where checkList[index].remoteAddress == address {
                checkList[index].remote = candidate
            }
            recomputePriorities()
            return true
        }
        guard makeRoomForRemoteCandidate(insists: false) else { return false }
        remoteCandidates.append(candidate)
        for base in bases { pairUp(base, with: candidate) }
        return true
    }

    /// Forms the pair of a base with a signalled candidate, where packets could travel between the two.
    mutating func pairUp(_ base: Base, with candidate: Candidate) {
        guard let remote = candidate.transportAddress, remote.ip.family == base.address.ip.family,
            remote.ip.isLoopback == base.address.ip.isLoopback,
            remote.ip.family == .v4 || remote.ip.isLinkLocal == base.address.ip.isLinkLocal
        else { return }
        form(base, candidate, remote, insists: false)
    }

    /// - Returns: the index of the pair, new or known; nil when the list is full of better ones.
    @discardableResult
    mutating func form(_ base: Base, _ candidate: Candidate, _ remote: TransportAddress, insists: Bool) -> Int? {
        let key = AddressPair(base: base.address, remote: remote)
        if let index = checkList.index(of: key) { return index }
        var pair = CandidatePair(
            local: base.host, remote: candidate, localBase: base.address, remoteAddress: remote)
        pair.priority = priority(of: pair)
        let heard = validated
        guard checkList.insert(pair, insists: insists, isHeard: { heard.contains($0) }) else { return nil }
        return checkList.index(of: key)
    }

    /// The candidate at the source of an authenticated check: signalled, or peer-reflexive (RFC 8445 section 7.3.1.3).
    mutating func remoteCandidate(at address: TransportAddress, priority: UInt32) -> Candidate? {
        if let known = remoteCandidates.first(where: { $0.transportAddress == address }) { return known }
        guard address.isUsableForICE, makeRoomForRemoteCandidate(insists: true) else { return nil }
        peerReflexiveFoundationCount += 1
        let candidate = Candidate(
            // No ice-char is a dash, so no signalled foundation is equal.
            foundation: "prflx-\(peerReflexiveFoundationCount)", priority: priority, address: .ip(address),
            type: .peerReflexive)
        remoteCandidates.append(candidate)
        return candidate
    }

    /// - Parameter insists: whether an unheard candidate may be forgotten for the new one.
    private mutating func makeRoomForRemoteCandidate(insists: Bool) -> Bool {
        if remoteCandidates.count < Self.maximumRemoteCandidateCount { return true }
        guard insists else { return false }
        let heard = Set(validated.map(\.remote))
        // A plain loop: Swift 6.3.1 crashes on `min(by:)` over indices here when it optimises.
        var least: (index: Int, priority: UInt32, address: TransportAddress?)?
        for (index, candidate) in remoteCandidates.enumerated() {
            let address = candidate.transportAddress
            if let address, heard.contains(address) { continue }
            if let least, least.priority <= candidate.priority { continue }
            least = (index, candidate.priority, address)
        }
        guard let least else { return false }
        remoteCandidates.remove(at: least.index)
        let address = least.address
        for index in checkList.pairs.indices.reversed() where checkList[index].remoteAddress == address {
            checkList.remove(at: index)
        }
        return true
    }

    func priority(of pair: CandidatePair) -> UInt64 {
        let local = base(pair.localBase)?.host.priority ?? pair.local.priority
        return role == .controlling
            ? CandidatePriority.pair(controlling: local, controlled: pair.remote.priority)
            : CandidatePriority.pair(controlling: pair.remote.priority, controlled: local)
    }

    mutating func recomputePriorities() {
        for index in checkList.pairs.indices { checkList[index].priority = priority(of: checkList[index]) }
    }
}
