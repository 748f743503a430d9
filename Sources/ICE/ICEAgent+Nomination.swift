internal import Wire

extension ICEAgent {
    /// Whether a valid pair has gone silent.
    func isUnresponsive(_ pair: CandidatePair, at now: NetworkTime) -> Bool {
        guard let silentAt = unresponsiveAt(pair) else { return false }
        return silentAt <= now
    }

    func unresponsiveAt(_ pair: CandidatePair) -> NetworkTime? {
        pair.consent?.unresponsiveAt(after: timing.disconnectedAfter, roundTripTime: pair.roundTripTime)
    }

    /// The valid pair to use: one that answers before one that is silent, a nominated one before others, then by
    /// priority. Both sides come to the same pair, because only the controlling one nominates; and it may change, when
    /// a better one is nominated later or this one goes silent.
    private func bestValidPair(at now: NetworkTime, needsNomination: Bool = false) -> CandidatePair? {
        checkList.pairs.filter { $0.isValid && ($0.isNominated || !needsNomination) }.max { left, right in
            let (leftAnswers, rightAnswers) = (!isUnresponsive(left, at: now), !isUnresponsive(right, at: now))
            if leftAnswers != rightAnswers { return rightAnswers }
            if left.isNominated != right.isNominated { return right.isNominated }
            return left.priority < right.priority
        }
    }

    /// The controlling side's choice (regular nomination, RFC 8445 section 8.1.1).
    ///
    /// A pair of two host candidates with nothing better under way is nominated at once, any other after the hold-back.
    /// Unlike section 8.1.1 we nominate again when a better pair becomes valid later, or when the chosen one falls
    /// silent: full agents follow, and where one does not, its packets still arrive on a valid pair.
    mutating func nominate(at now: NetworkTime) {
        guard role == .controlling, remoteCredentials != nil, let firstValidAt else { return }
        let answering = checkList.pairs.filter { $0.isValid && !isUnresponsive($0, at: now) }
        guard let best = answering.max(by: { $0.priority < $1.priority }),
            !answering.contains(where: { $0.nomination != .none }), !best.isNominated
        else { return }
        if let chosen = bestValidPair(at: now, needsNomination: true) {
            guard isUnresponsive(chosen, at: now) || best.priority > chosen.priority else { return }
        } else {
            let isDirect = best.local.type == .host && best.remote.type == .host
            let isBest = isDirect && !checkList.pairs.contains { $0.isPending && $0.priority > best.priority }
            guard isBest || now >= firstValidAt.advanced(by: timing.nominationHoldBack) else { return }
        }
        guard let index = checkList.index(of: best.key) else { return }
        checkList[index].nomination = .wanted
        checkList.trigger(best.key, ahead: true)
    }

    /// Follows changes of the best valid pair, and tells about them.
    mutating func chooseUsablePair(at now: NetworkTime) {
        guard let best = bestValidPair(at: now) else {
            (usableKey, selectedKey) = (nil, nil)
            return
        }
        if best.key != usableKey {
            usableKey = best.key
            hasAskedForReplacement = false
            hastenConsent(of: best.key, at: now)
            events.append(.usablePairChanged(best))
        }
        if !best.isNominated {
            selectedKey = nil
        } else if best.key != selectedKey {
            selectedKey = best.key
            checkList.prune(below: best.priority)
            stopRepeating(below: best.priority, at: now)
            events.append(.pairSelected(best))
        }
    }

    /// Checks of pairs below the selected one are not repeated; an answer still makes a pair that stands by.
    private mutating func stopRepeating(below priority: UInt64, at now: NetworkTime) {
        for index in checkList.pairs.indices where checkList[index].priority < priority {
            guard checkList[index].state == .inProgress else { continue }
            checkList[index].state = .failed
            for position in checks.indices where checks[position].pair == checkList[index].key {
                checks[position].supersede(at: now)
            }
        }
    }

    /// Recomputes the state and tells when it changes.
    mutating func updateState(at now: NetworkTime) {
        let next = currentState(at: now)
        guard next != state else { return }
        state = next
        if next == .failed { forgetEverything() }
        events.append(.stateChanged(next))
    }

    private func currentState(at now: NetworkTime) -> ICEState {
        if let usable = usablePair {
            if isUnresponsive(usable, at: now) { return .disconnected }
            let isSettled =
                usable.isNominated && gathering.isComplete && remoteCandidatesHaveEnded
                && !checkList.pairs.contains { $0.isPending && $0.priority > usable.priority }
            return isSettled ? .completed : .connected
        }
        guard let patienceEndsAt else { return .new }
        if firstValidAt != nil { return checkList.hasPending ? .disconnected : .failed }
        // RFC 8863: neither an empty nor a failed list ends it earlier.
        return now < patienceEndsAt || checkList.hasPending ? .checking : .failed
    }
}
