internal import STUN
internal import Wire

extension ICEAgent {
    /// The longest first retransmission timeout. RFC 8445 section 14.3 lets it grow with the check list, to five
    /// seconds for a hundred pairs, after which a dead list would take six minutes to fail.
    private static let maximumRetransmission: Duration = .seconds(1)

    /// Begins one check if the pacing allows it and there is one to begin (RFC 8445 section 6.1.4.2).
    mutating func sendChecks(at now: NetworkTime) {
        guard remoteCredentials != nil else { return }
        checkList.thaw()
        guard now >= nextCheckAt else { return }
        while let index = checkList.next() {
            let isNomination = checkList[index].nomination == .wanted
            if sendCheck(index, isNomination ? .nomination : .connectivity, at: now) {
                nextCheckAt = now.advanced(by: timing.pacing)
                return
            }
            // Nothing may be sent there any more.
            checkList[index].nomination = .none
            if !checkList[index].isValid { checkList[index].state = .failed }
            checkList.thaw()
        }
    }

    /// Sends a Binding request over a pair. False if the pair has used up what unanswered addresses get.
    @discardableResult
    mutating func sendCheck(_ index: Int, _ purpose: Check.Purpose, at now: NetworkTime) -> Bool {
        let pair = checkList[index]
        guard let remoteCredentials, let base = base(pair.localBase), mayTransmit(to: pair.key) else { return false }
        let id = TransactionID.random(using: &random)
        let priority = CandidatePriority.candidate(.peerReflexive, localPreference: base.localPreference)
        // On the selected pair the flag is repeated, so that a peer which missed a change learns of it.
        let nominates = role == .controlling && (purpose == .nomination || pair.isNominated && pair.key == selectedKey)
        let request = STUNMessage(
            .request, transactionID: id,
            attributes: [
                .username("\(remoteCredentials.ufrag):\(localCredentials.ufrag)"), .priority(priority),
                role == .controlling ? .iceControlling(tieBreaker) : .iceControlled(tieBreaker),
            ] + (nominates ? [.useCandidate] : []))
        let bytes = request.encoded(integrityKey: remoteCredentials.integrityKey, hmac: hmac)

        let busyCount = checkList.pairs.count { $0.state == .waiting || $0.state == .inProgress }
        let timeout = max(timing.retransmission, min(timing.pacing * busyCount, Self.maximumRetransmission))
        checks.append(
            Check(
                id: id, pair: pair.key, purpose: purpose, role: role, bytes: bytes, priority: priority,
                retransmissionTimeout: timeout, at: now))
        switch purpose {
        case .connectivity: checkList[index].state = .inProgress
        case .nomination: checkList[index].nomination = .inFlight
        case .consent: break
        }
        transmit(bytes, over: pair.key)
        return true
    }

    /// Repeats what was not answered in time, and gives up what was repeated enough.
    mutating func repeatChecks(at now: NetworkTime) {
        for check in checks where check.nextAt <= now {
            guard let position = checks.firstIndex(where: { $0.id == check.id }) else { continue }
            if check.isExhausted || checkList.index(of: check.pair) == nil || !mayTransmit(to: check.pair) {
                checks.remove(at: position)
                if !check.isSuperseded { gaveUp(check) }
            } else {
                checks[position].transmittedAgain(at: now)
                transmit(check.bytes, over: check.pair)
            }
        }
    }

    /// Whoever has more patience than a check's life asks again, when every check was in vain: the peer may not know
    /// our description yet, and what a firewall lets back in is forgotten after half a minute of silence.
    mutating func renewChecks(at now: NetworkTime) {
        guard usableKey == nil, checks.isEmpty, !checkList.hasPending, let patienceEndsAt, now < patienceEndsAt else {
            return
        }
        for index in checkList.pairs.indices where checkList[index].state == .failed {
            checkList[index].state = .waiting
        }
    }

    private mutating func gaveUp(_ check: Check) {
        guard let index = checkList.index(of: check.pair) else { return }
        switch check.purpose {
        case .connectivity: if checkList[index].state == .inProgress { checkList[index].state = .failed }
        case .nomination: checkList[index].nomination = .none
        case .consent: break
        }
    }

    /// Checks a pair because its peer has just done so (RFC 8445 section 7.3.1.4).
    mutating func triggerCheck(_ index: Int, at now: NetworkTime) {
        let key = checkList[index].key
        switch checkList[index].state {
        case .succeeded: return
        case .inProgress:
            // Ours may have died at a NAT which only now lets it through: ask anew, still listening for the old answer.
            for position in checks.indices where checks[position].pair == key { checks[position].supersede(at: now) }
        case .waiting, .frozen, .failed: break
        }
        checkList[index].state = .waiting
        checkList.trigger(key)
    }

    private mutating func mayTransmit(to key: AddressPair) -> Bool {
        validated.contains { $0.remote.ip == key.remote.ip } || budget.take(for: key.remote.ip)
    }

    /// Remembers that the peer was heard on a pair.
    mutating func validate(_ key: AddressPair) {
        if validated.count < Self.maximumValidatedCount { validated.insert(key) }
    }
}
