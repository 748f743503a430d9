internal import Wire

extension ICEAgent {
    /// Valid pairs besides the usable one that are kept ready to take over.
    private static let maximumStandbyCount = 3
    private static let minimumProbeInterval: Duration = .milliseconds(500)

    /// Asks on valid pairs whether the peer still agrees, and ends those on which it has not said so for 30 seconds
    /// (RFC 7675 section 5.1).
    mutating func askForConsent(at now: NetworkTime) {
        for index in checkList.pairs.indices {
            guard let consent = checkList[index].consent, now >= expiry(of: consent) else { continue }
            checkList[index].state = .failed
            checkList[index].consent = nil
            checkList[index].isNominated = false
            checkList[index].nomination = .none
            validated.remove(checkList[index].key)
        }
        if let usable = usablePair, isUnresponsive(usable, at: now), !hasAskedForReplacement {
            hasAskedForReplacement = true
            for index in checkList.pairs.indices { checkList[index].consent?.nextRequestAt = now }
        }
        let refreshed = refreshedKeys
        for index in checkList.pairs.indices where !refreshed.contains(checkList[index].key) {
            guard let consent = checkList[index].consent, consent.nextRequestAt <= now else { continue }
            let later = now.advanced(by: timing.keepaliveInterval)
            checkList[index].consent?.nextRequestAt = later
        }
        for key in refreshed {
            guard let index = checkList.index(of: key), var consent = checkList[index].consent,
                consent.nextRequestAt <= now
            else { continue }
            let interval = key == usableKey ? timing.consentInterval : timing.keepaliveInterval
            let probe = max(Self.minimumProbeInterval, (checkList[index].roundTripTime ?? .zero) * 3 / 2)
            consent.requested(at: now, interval: jittered(interval), probeInterval: probe)
            checkList[index].consent = consent
            sendCheck(index, .consent, at: now)
        }
    }

    /// Brings the next request forward to the rhythm of the pair in use.
    mutating func hastenConsent(of key: AddressPair, at now: NetworkTime) {
        guard let index = checkList.index(of: key), let consent = checkList[index].consent else { return }
        let soon = now.advanced(by: jittered(timing.consentInterval))
        checkList[index].consent?.nextRequestAt = min(consent.nextRequestAt, soon)
    }

    /// The pairs that are asked: the one in use and the best of those that stand by. The others end unasked, and come
    /// back when the peer checks them.
    private var refreshedKeys: [AddressPair] {
        let standby = checkList.pairs
            .filter { $0.isValid && $0.key != usableKey }
            .sorted { $0.priority > $1.priority }
            .prefix(Self.maximumStandbyCount)
        return (usableKey.map { [$0] } ?? []) + standby.map(\.key)
    }

    private func expiry(of consent: Consent) -> NetworkTime {
        consent.lastResponseAt.advanced(by: timing.consentExpiry)
    }

    /// RFC 7675 section 5.1: the interval times 0.8 to 1.2, so that two peers do not fall into step.
    mutating func jittered(_ interval: Duration) -> Duration {
        interval * Double.random(in: 0.8...1.2, using: &random)
    }

    // MARK: Deadlines

    /// The next instant at which ``handleTimeout(at:)`` would do something; later than `now` when everything due at
    /// `now` has been done.
    func nextDeadline(after now: NetworkTime) -> NetworkTime? {
        var times = checks.map(\.nextAt)
        if remoteCredentials != nil, checkList.hasWork { times.append(nextCheckAt) }
        if let time = gathering.deadline(keepsMappings: keepsMappings) { times.append(time) }
        for pair in checkList.pairs {
            guard let consent = pair.consent else { continue }
            times.append(expiry(of: consent))
            if let silentAt = unresponsiveAt(pair), silentAt > now { times.append(silentAt) }
        }
        for key in refreshedKeys {
            if let consent = checkList.index(of: key).flatMap({ checkList[$0].consent }) {
                times.append(consent.nextRequestAt)
            }
        }
        if usableKey == nil, let patienceEndsAt, patienceEndsAt > now { times.append(patienceEndsAt) }
        if role == .controlling, selectedKey == nil, let firstValidAt {
            let nominationAt = firstValidAt.advanced(by: timing.nominationHoldBack)
            if nominationAt > now { times.append(nominationAt) }
        }
        return times.min()
    }
}
