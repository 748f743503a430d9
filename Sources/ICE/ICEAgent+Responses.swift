internal import STUN
internal import Wire

extension ICEAgent {
    /// An answer to a check or to a question about our mapped address (RFC 8445 section 7.2.5).
    mutating func handleResponse(
        _ message: STUNMessage, over key: AddressPair, at now: NetworkTime
    ) throws(ICEError) {
        if let query = gathering.queries.first(where: { $0.id == message.transactionID }) {
            guard query.question.base == key.base, query.question.server == key.remote else {
                throw .responseFromWrongAddress
            }
            return handleServerResponse(message, query: query, at: now)
        }
        guard let position = checks.firstIndex(where: { $0.id == message.transactionID }), let remoteCredentials else {
            throw .unknownTransaction
        }
        let check = checks[position]
        // The check lives on: the true answer may still come, and a forged one must not end it.
        guard check.pair == key else { throw .responseFromWrongAddress }
        guard message.messageIntegrity?.holds(underKey: remoteCredentials.integrityKey, by: hmac) == true else {
            throw .notAuthenticated
        }
        guard message.unknownRequiredTypes.isEmpty else { throw .unexpectedMessage }

        if message.messageClass == .successResponse {
            guard let mapped = message.xorMappedAddress else { throw .unexpectedMessage }
            checks.remove(at: position)
            succeeded(check, mapped: mapped, at: now)
        } else {
            guard let error = message.errorCode else { throw .unexpectedMessage }
            checks.remove(at: position)
            failed(check, error)
        }
    }

    private mutating func succeeded(_ check: Check, mapped: TransportAddress, at now: NetworkTime) {
        guard let index = checkList.index(of: check.pair) else { return }
        validate(check.pair)
        if firstValidAt == nil { firstValidAt = now }
        checkList[index].local = localCandidate(mapped: mapped, base: check.pair.base, priority: check.priority)
        checkList[index].state = .succeeded
        if let roundTripTime = check.roundTripTime(at: now) { checkList[index].roundTripTime = roundTripTime }
        let interval = jittered(check.pair == usableKey ? timing.consentInterval : timing.keepaliveInterval)
        checkList[index].consent = Consent(answeredAt: now, nextRequestAt: now.advanced(by: interval))
        for position in checks.indices where checks[position].pair == check.pair {
            // A second connectivity check has nothing left to find out.
            if checks[position].purpose == .connectivity { checks[position].supersede(at: now) }
        }
        if check.purpose == .nomination {
            checkList[index].nomination = .none
            if role == .controlling, check.role == .controlling { checkList[index].isNominated = true }
        }
        if checkList[index].nominateOnSuccess, role == .controlled {
            checkList[index].nominateOnSuccess = false
            checkList[index].isNominated = true
        }
    }

    private mutating func failed(_ check: Check, _ error: STUNErrorCode) {
        if error.code == STUNErrorCode.roleConflict.code {
            // RFC 8445 section 7.2.5.1. A second answer of the kind finds the role changed already.
            if check.role == role, !remoteIsLite {
                switchRole()
                tieBreaker = random.next()
            }
            guard let index = checkList.index(of: check.pair), !checkList[index].isValid else { return }
            checkList[index].state = .waiting
            checkList.trigger(check.pair, ahead: true)
            return
        }
        guard let index = checkList.index(of: check.pair), !check.isSuperseded else { return }
        switch check.purpose {
        case .connectivity: if checkList[index].state == .inProgress { checkList[index].state = .failed }
        case .nomination: checkList[index].nomination = .none
        case .consent: break
        }
    }

    /// The candidate of ours that the peer sees (RFC 8445 section 7.2.5.3.1): known, or peer-reflexive.
    private mutating func localCandidate(
        mapped: TransportAddress, base: TransportAddress, priority: UInt32
    ) -> Candidate {
        if let host = self.base(base)?.host, mapped == base { return host }
        let known = localCandidates + peerReflexiveCandidates
        if let candidate = known.first(where: { $0.transportAddress == mapped }) { return candidate }
        let candidate = Candidate(
            foundation: foundation(.peerReflexive, base: base.ip, server: nil), priority: priority,
            address: .ip(mapped), type: .peerReflexive, relatedAddress: base)
        if peerReflexiveCandidates.count < Self.maximumLocalCandidateCount { peerReflexiveCandidates.append(candidate) }
        return candidate
    }
}
