package import Wire

/// One of the two ends of a ``SimulatedLink``.
package enum LinkEnd: Hashable, Sendable, CaseIterable {
    case a
    case b

    package var other: LinkEnd { self == .a ? .b : .a }
}

/// A link between two ends in virtual time: datagrams go in at an instant the caller names and come out, or do not, as
/// the settings of their direction say. The same seed and the same calls give the same outcome.
///
/// The caller moves time: it never goes back, and after jumping to ``nextArrival()`` it takes everything that
/// ``receive(at:)`` has.
package struct SimulatedLink {
    private var fromA: LinkDirection<[UInt8]>
    private var fromB: LinkDirection<[UInt8]>

    /// - Parameters:
    ///   - seed: print it when a test fails.
    ///   - settings: of the direction from A to B.
    ///   - reverse: of the direction from B to A; nil for the same settings.
    package init(seed: UInt64, settings: LinkSettings = LinkSettings(), reverse: LinkSettings? = nil) {
        var generator = SplitMix64(seed: seed)
        fromA = LinkDirection(settings: settings, generator: &generator)
        fromB = LinkDirection(settings: reverse ?? settings, generator: &generator)
    }

    /// The settings of the direction that begins at `end`. A change concerns datagrams sent afterwards.
    package func settings(from end: LinkEnd) -> LinkSettings { end == .a ? fromA.settings : fromB.settings }

    package mutating func setSettings(_ settings: LinkSettings, from end: LinkEnd) {
        if end == .a { fromA.settings = settings } else { fromB.settings = settings }
    }

    /// The statistics of the direction that begins at `end`.
    package func statistics(from end: LinkEnd) -> LinkStatistics { end == .a ? fromA.statistics : fromB.statistics }

    package mutating func send(_ bytes: [UInt8], from end: LinkEnd, at now: NetworkTime) {
        if end == .a {
            fromA.send(bytes, bytes: bytes.count, at: now)
        } else {
            fromB.send(bytes, bytes: bytes.count, at: now)
        }
    }

    /// When the next datagram arrives at either end; nil while nothing is on the way.
    package func nextArrival() -> NetworkTime? {
        guard let first = fromA.nextArrival else { return fromB.nextArrival }
        return fromB.nextArrival.map { min(first, $0) } ?? first
    }

    /// The earliest datagram that has arrived by `now`, with the end it arrived at. At equal times B's come first.
    package mutating func receive(at now: NetworkTime) -> (end: LinkEnd, bytes: [UInt8])? {
        let isForA = (fromB.nextArrival ?? .distantFuture) < (fromA.nextArrival ?? .distantFuture)
        if isForA { return fromB.receive(at: now).map { (.a, $0.payload) } }
        return fromA.receive(at: now).map { (.b, $0.payload) }
    }
}
