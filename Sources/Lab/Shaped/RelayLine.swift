internal import LinkSimulator
internal import Wire

/// One direction through a relay, with a bound on what it holds.
struct RelayLine<Payload> {
    private var current: LinkDirection<Payload>
    /// The lines before this one, while something is on its way over them.
    private var former: [LinkDirection<Payload>] = []
    private(set) var overflowCount = 0
    private(set) var overflowBytes = 0

    /// - Parameter generator: gives the seeds of what the line does.
    init(_ settings: LinkSettings, generator: inout SplitMix64) {
        current = LinkDirection(settings: Self.bounded(settings), generator: &generator)
    }

    /// Turns at the line: what is sent from now on is treated otherwise.
    mutating func change(to settings: LinkSettings) {
        current.settings = Self.bounded(settings)
    }

    /// Puts another line in the place of this one, whose doings depend on the generator alone and not on what went over
    /// the one before. What is on its way still arrives, in its time.
    mutating func replace(by settings: LinkSettings, generator: inout SplitMix64) {
        if current.flightCount > 0 { former.append(current) }
        self.current = LinkDirection(settings: Self.bounded(settings), generator: &generator)
        (overflowCount, overflowBytes) = (0, 0)
    }

    /// Since the line was made or replaced.
    var statistics: LinkStatistics { current.statistics }

    var nextArrival: NetworkTime? {
        former.reduce(current.nextArrival) { earliest, line in
            guard let next = line.nextArrival else { return earliest }
            return earliest.map { min($0, next) } ?? next
        }
    }

    mutating func send(_ payload: Payload, bytes: Int, at now: NetworkTime) {
        let held = former.reduce(current.flightBytes) { $0 + $1.flightBytes }
        let count = former.reduce(current.flightCount) { $0 + $1.flightCount }
        guard held <= RelayConversation.byteLimit - bytes, count < RelayConversation.datagramLimit else {
            overflowCount += 1
            overflowBytes += bytes
            return
        }
        current.send(payload, bytes: bytes, at: now)
    }

    /// The earliest datagram that has arrived by `now`.
    mutating func receive(at now: NetworkTime) -> Payload? {
        guard let next = nextArrival, next <= now else { return nil }
        for index in former.indices where former[index].nextArrival == next {
            let payload = former[index].receive(at: now)?.payload
            if former[index].flightCount == 0 { former.remove(at: index) }
            return payload
        }
        return current.receive(at: now)?.payload
    }

    /// A queue before a rate holds what the relay holds at most, and no rate is so low that its times have no end.
    private static func bounded(_ settings: LinkSettings) -> LinkSettings {
        var settings = settings
        settings.queueBytes = min(settings.queueBytes, RelayConversation.byteLimit)
        settings.rate = settings.rate.map { max($0, 1000) }
        return settings
    }
}
