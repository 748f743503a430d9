internal import Wire

/// When a valid pair was last answered and is asked again (RFC 7675).
///
/// A request that goes unanswered is followed by two probes, half a second apart, before the regular rhythm goes on:
/// so one lost datagram does not look like a lost path, and a lost path is noticed within a second or two.
struct Consent: Hashable, Sendable {
    private(set) var lastResponseAt: NetworkTime
    var nextRequestAt: NetworkTime
    /// When the first request after the last response went out.
    private(set) var unansweredSince: NetworkTime?
    private var probeCount = 0

    static let maximumProbeCount = 2

    init(answeredAt now: NetworkTime, nextRequestAt: NetworkTime) {
        lastResponseAt = now
        self.nextRequestAt = nextRequestAt
    }

    mutating func answered(at now: NetworkTime, nextRequestAt: NetworkTime) {
        self = Consent(answeredAt: now, nextRequestAt: nextRequestAt)
    }

    /// Records a request: the next one is a probe, or comes with the regular interval.
    mutating func requested(at now: NetworkTime, interval: Duration, probeInterval: Duration) {
        if unansweredSince == nil { unansweredSince = now }
        let isProbeNext = probeCount < Self.maximumProbeCount
        probeCount = isProbeNext ? probeCount + 1 : 0
        nextRequestAt = now.advanced(by: isProbeNext ? probeInterval : interval)
    }

    /// From when on silence means that the pair is unresponsive; nil while nothing is unanswered.
    func unresponsiveAt(after limit: Duration, roundTripTime: Duration?) -> NetworkTime? {
        guard let unansweredSince else { return nil }
        let patience = max(.seconds(1), (roundTripTime ?? .zero) * 3)
        return max(unansweredSince.advanced(by: patience), lastResponseAt.advanced(by: limit))
    }
}
