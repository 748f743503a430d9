internal import NetworkIO
internal import Wire

/// Limits how often one address may do something: a token bucket for each.
struct EntryBudget {
    private struct Bucket {
        /// When the bucket will be full again; each entry pushes it one interval on.
        var fullAt: NetworkTime
    }

    /// More addresses than this at work within seconds are nobody's customers. What they used up is forgotten: refusing
    /// all who come would be what they want.
    static let mostAddresses = 1 << 17

    private let interval: Duration
    private let burst: Duration
    private var buckets: [AddressGroup: Bucket] = [:]
    private var nextSweepCount = 1024

    init(perSecond: Int, burst: Int) {
        interval = .seconds(1) / max(1, perSecond)
        self.burst = interval * max(1, burst)
    }

    /// How many addresses are remembered.
    var count: Int { buckets.count }

    /// Takes one token; false when there is none.
    mutating func spend(_ address: IPAddress, at now: NetworkTime) -> Bool {
        let group = AddressGroup(address)
        let fullAt = max(buckets[group]?.fullAt ?? now, now)
        guard now.duration(to: fullAt) + interval <= burst else { return false }
        if buckets[group] == nil { makeRoom(at: now) }
        buckets[group] = Bucket(fullAt: fullAt.advanced(by: interval))
        return true
    }

    /// Forgets full buckets whenever their number has doubled, so that memory follows the addresses of some seconds.
    private mutating func makeRoom(at now: NetworkTime) {
        guard buckets.count >= nextSweepCount else { return }
        buckets = buckets.filter { $0.value.fullAt > now }
        if buckets.count >= Self.mostAddresses { buckets = [:] }
        nextSweepCount = min(Self.mostAddresses, max(1024, 2 * buckets.count))
    }
}
