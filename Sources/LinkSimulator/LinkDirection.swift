internal import DequeModule
package import Wire

/// One direction of a link, carrying anything that has a size.
package struct LinkDirection<Payload> {
    private struct Flight {
        let arrives: NetworkTime
        /// Position in the order of sending.
        let number: Int
        let bytes: Int
        let payload: Payload
    }

    /// A change concerns what is sent afterwards.
    package var settings: LinkSettings
    package private(set) var statistics = LinkStatistics()
    /// Bytes of the datagrams on the way, duplicates and those that wait for the rate included.
    package private(set) var flightBytes = 0
    /// Datagrams on the way, likewise.
    package var flightCount: Int { flights.count }

    private var bottleneck = Bottleneck()
    private var isBad = false
    /// Sorted by arrival, and where that is equal, by when they were put in.
    private var flights: Deque<Flight> = []
    private var latestInOrder = NetworkTime.zero
    private var highestDelivered = -1

    // One generator for each impairment, drawn from once per datagram: changing the delay of a test does not change
    // which datagrams are lost.
    private var lossGenerator: SplitMix64
    private var burstGenerator: SplitMix64
    private var jitterGenerator: SplitMix64
    private var reorderGenerator: SplitMix64
    private var duplicateGenerator: SplitMix64

    /// - Parameter generator: gives the seeds of the direction's own ones.
    package init(settings: LinkSettings, generator: inout SplitMix64) {
        self.settings = settings
        lossGenerator = generator.fork()
        burstGenerator = generator.fork()
        jitterGenerator = generator.fork()
        reorderGenerator = generator.fork()
        duplicateGenerator = generator.fork()
    }

    /// When the next datagram arrives; nil while nothing is on the way.
    package var nextArrival: NetworkTime? { flights.first?.arrives }

    /// Takes a datagram.
    ///
    /// - Parameters:
    ///   - bytes: its size, without the header that the settings add.
    ///   - now: not before that of any earlier call.
    package mutating func send(_ payload: Payload, bytes: Int, at now: NetworkTime) {
        let number = statistics.sentCount
        statistics.sentCount += 1
        statistics.sentBytes += bytes
        let isLost = drawLoss()
        let isHeldBack = reorderGenerator.chance(settings.reorder)
        let isDoubled = duplicateGenerator.chance(settings.duplicate)
        let jitter = drawJitter()
        let secondJitter = drawJitter()

        if let mtu = settings.mtu, bytes > mtu {
            statistics.oversizeDropCount += 1
            return
        }
        guard let leaves = departure(bytes: bytes, at: now) else {
            statistics.queueDropCount += 1
            return
        }
        if settings.blackouts.contains(where: { $0.contains(leaves) }) {
            statistics.blackoutDropCount += 1
            return
        }
        if isLost {
            statistics.lostCount += 1
            return
        }
        var arrives = leaves.advanced(by: settings.delay + jitter)
        if settings.jitterKeepsOrder { arrives = max(arrives, latestInOrder) }
        if isHeldBack {
            statistics.heldBackCount += 1
            arrives = arrives.advanced(by: settings.reorderDelay)
        } else {
            latestInOrder = max(latestInOrder, arrives)
        }
        insert(Flight(arrives: arrives, number: number, bytes: bytes, payload: payload))
        if isDoubled {
            statistics.duplicatedCount += 1
            let again = max(arrives, leaves.advanced(by: settings.delay + secondJitter))
            insert(Flight(arrives: again, number: number, bytes: bytes, payload: payload))
        }
    }

    /// The earliest datagram that has arrived by `now`, and when it did.
    package mutating func receive(at now: NetworkTime) -> (payload: Payload, arrived: NetworkTime)? {
        guard let first = flights.first, first.arrives <= now else { return nil }
        flights.removeFirst()
        flightBytes -= first.bytes
        statistics.deliveredCount += 1
        statistics.deliveredBytes += first.bytes
        if first.number < highestDelivered { statistics.reorderedCount += 1 }
        highestDelivered = max(highestDelivered, first.number)
        return (first.payload, first.arrives)
    }

    private mutating func departure(bytes: Int, at now: NetworkTime) -> NetworkTime? {
        guard let rate = settings.rate else { return now }
        return bottleneck.admit(
            bytes: bytes + settings.headerBytes, rate: rate, queueBytes: settings.queueBytes, at: now)
    }

    private mutating func drawLoss() -> Bool {
        var isLost = lossGenerator.chance(settings.loss)
        if let burst = settings.burstLoss {
            if burstGenerator.chance(isBad ? burst.badToGood : burst.goodToBad) { isBad.toggle() }
            if burstGenerator.chance(isBad ? burst.lossInBad : burst.lossInGood) { isLost = true }
        }
        return isLost
    }

    private mutating func drawJitter() -> Duration {
        .nanoseconds(Int64(jitterGenerator.nextUnit() * Double(settings.jitter.wholeNanoseconds)))
    }

    private mutating func insert(_ flight: Flight) {
        flightBytes += flight.bytes
        var low = 0
        var high = flights.count
        // Most datagrams arrive after all others.
        if let last = flights.last, last.arrives <= flight.arrives { low = high }
        while low < high {
            let middle = (low + high) / 2
            if flights[middle].arrives <= flight.arrives { low = middle + 1 } else { high = middle }
        }
        flights.insert(flight, at: low)
    }
}
