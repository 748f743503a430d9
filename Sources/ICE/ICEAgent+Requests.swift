internal import STUN
package import Wire

extension ICEAgent {
    /// Takes a datagram whose first byte is 0 to 3 (RFC 7983 section 7).
    ///
    /// - Parameters:
    ///   - localBase: the address of the socket that received it.
    /// - Throws: ``ICEError``, for everything that is dropped without an effect.
    package mutating func handleDatagram(
        _ bytes: RawSpan, from remote: TransportAddress, to localBase: TransportAddress, at now: NetworkTime
    ) throws(ICEError) {
        if state.isOver { throw .ended }
        guard base(localBase) != nil else { throw .unknownBase(localBase) }
        let message: STUNMessage
        do { message = try STUNMessage(parsing: bytes) } catch { throw .malformedMessage(error) }
        guard message.method == .binding else { throw .unexpectedMessage }
        let key = AddressPair(base: localBase, remote: remote)
        switch message.messageClass {
        case .request: try handleRequest(message, over: key, at: now)
        case .successResponse, .errorResponse: try handleResponse(message, over: key, at: now)
        // A keepalive (RFC 8445 section 11).
        case .indication: return
        }
        settle(at: now)
    }

    /// A check of the peer's (RFC 8445 section 7.3).
    ///
    /// Requests that do not authenticate get no answer, where RFC 8489 section 9.1.3 would send 400 or 401: nobody who
    /// has our description sends one, and to strangers we need not exist.
    private mutating func handleRequest(
        _ message: STUNMessage, over key: AddressPair, at now: NetworkTime
    ) throws(ICEError) {
        let ufrag = try authenticate(message)
        let unknown = message.unknownRequiredTypes
        guard unknown.isEmpty else {
            return respond(
                to: message, over: key, .errorResponse, [.errorCode(.unknownAttribute), .unknownAttributes(unknown)])
        }
        if isLostRoleConflict(with: message) {
            return respond(to: message, over: key, .errorResponse, [.errorCode(.roleConflict)])
        }
        let mapped = apparentAddresses[key.remote] ?? key.remote
        respond(to: message, over: key, .successResponse, [.xorMappedAddress(mapped)])
        validate(key)

        let check = EarlyCheck(
            pair: key,
            priority: message.priority ?? CandidatePriority.candidate(.peerReflexive, localPreference: 0),
            usesCandidate: message.usesCandidate, ufrag: ufrag)
        if remoteCredentials == nil {
            remember(check)
        } else {
            process(check, at: now)
        }
    }

    /// Checks that a request comes from somebody who has our description.
    ///
    /// - Returns: the fragment that the sender claims as its own.
    private func authenticate(_ request: STUNMessage) throws(ICEError) -> Substring {
        guard let names = request.username?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false),
            names.count == 2, names[0] == localCredentials.ufrag
        else { throw .wrongUsername }
        if let remoteCredentials, names[1] != remoteCredentials.ufrag { throw .wrongUsername }
        guard request.messageIntegrity?.holds(underKey: localCredentials.integrityKey, by: hmac) == true else {
            throw .notAuthenticated
        }
        return names[1]
    }

    /// Whether a datagram is a check that this agent would answer, so from somebody who has our description. Changes
    /// nothing.
    package func isCheck(_ bytes: RawSpan) -> Bool {
        guard let message = try? STUNMessage(parsing: bytes), message.method == .binding,
            message.messageClass == .request
        else { return false }
        return (try? authenticate(message)) != nil
    }

    /// Settles a role conflict (RFC 8445 section 7.3.1.1): true if the peer must change, otherwise we have.
    private mutating func isLostRoleConflict(with message: STUNMessage) -> Bool {
        if role == .controlling, let theirs = message.iceControlling {
            if tieBreaker >= theirs { return true }
            switchRole()
        } else if role == .controlled, let theirs = message.iceControlled {
            if tieBreaker < theirs { return true }
            switchRole()
        }
        return false
    }

    private mutating func respond(
        to request: STUNMessage, over key: AddressPair, _ messageClass: STUNMessage.Class, _ attributes: [STUNAttribute]
    ) {
        let response = STUNMessage(messageClass, transactionID: request.transactionID, attributes: attributes)
        transmit(response.encoded(integrityKey: localCredentials.integrityKey, hmac: hmac), over: key)
    }

    private mutating func remember(_ check: EarlyCheck) {
        if let index = earlyChecks.firstIndex(where: { $0.pair == check.pair && $0.ufrag == check.ufrag }) {
            if check.usesCandidate { earlyChecks[index].usesCandidate = true }
        } else if earlyChecks.count < EarlyCheck.maximumCount {
            earlyChecks.append(check)
        }
    }

    /// Makes good what could not be done before the peer's credentials were known.
    mutating func replayEarlyChecks(at now: NetworkTime) {
        guard let remoteCredentials else { return }
        let known = earlyChecks
        earlyChecks = []
        for check in known {
            if check.ufrag == remoteCredentials.ufrag {
                process(check, at: now)
            } else {
                validated.remove(check.pair)
            }
        }
    }

    /// What an authenticated check of the peer's changes here (RFC 8445 sections 7.3.1.3 to 7.3.1.5).
    private mutating func process(_ check: EarlyCheck, at now: NetworkTime) {
        guard let base = base(check.pair.base),
            let candidate = remoteCandidate(at: check.pair.remote, priority: check.priority),
            let index = form(base, candidate, check.pair.remote, insists: true)
        else { return }
        if check.usesCandidate, role == .controlled {
            if checkList[index].isValid {
                checkList[index].isNominated = true
            } else {
                checkList[index].nominateOnSuccess = true
            }
        }
        triggerCheck(index, at: now)
    }

    mutating func switchRole() {
        role = role.opposite
        for index in checkList.pairs.indices {
            checkList[index].nomination = .none
            checkList[index].nominateOnSuccess = false
        }
        recomputePriorities()
        events.append(.roleChanged(role))
    }
}
