internal import Wire

/// Limits how often one address may create or join: a token bucket for each.
struct EntryBudget {
    private struct Bucket {
        /// When the bucket will be full again; each entry pushes it one interval on.
        var fullAt: NetworkTime
    }

    /// An IPv4 address or the network half of an IPv6 address, of which one customer usually has all the rest.
    private struct Source: Hashable {
        let family: IPAddress.Family
        let bits: UInt64

        init(_ address: IPAddress) {
            if address.family == .v4 || address.isIPv4Mapped {
                (family, bits) = (.v4, address.low & 0xFFFF_FFFF)
            } else {
                (family, bits) = (.v6, address.high)
            }
        }
    }

    private let interval: Duration
    private let burst: Duration
    private var buckets: [Source: Bucket] = [:]
    private var nextSweepCount = 1024

    init(perSecond: Int, burst: Int) {
        interval = .seconds(1) / max(1, perSecond)
        self.burst = interval * max(1, burst)
    }

    /// How many addresses are remembered.
    var count: Int { buckets.count }

    /// Takes one token; false when there is none.
    mutating func spend(_ address: IPAddress, at now: NetworkTime) -> Bool {
        let source = Source(address)
        let fullAt = max(buckets[source]?.fullAt ?? now, now)
        guard now.duration(to: fullAt) + interval <= burst else { return false }
        if buckets[source] == nil { makeRoom(at: now) }
        buckets[source] = Bucket(fullAt: fullAt.advanced(by: interval))
        return true
    }

    /// Forgets full buckets whenever their number has doubled, so that memory follows the addresses of some seconds.
    private mutating func makeRoom(at now: NetworkTime) {
        guard buckets.count >= nextSweepCount else { return }
        buckets = buckets.filter { $0.value.fullAt > now }
        nextSweepCount = max(1024, 2 * buckets.count)
    }
}
