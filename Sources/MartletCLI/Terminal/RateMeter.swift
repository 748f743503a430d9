internal import Wire

/// How fast a count grows, and when it will be there.
///
/// The speed is the mean of the last 3 s, the time left follows the mean of the last 15 s: the first is to be believed,
/// the second is not to jump. Both sink while nothing comes.
struct RateMeter: Sendable {
    private struct Sample {
        var time: NetworkTime
        var bytes: Int64
    }

    static let shortWindow = Duration.seconds(3)
    static let longWindow = Duration.seconds(15)
    /// Samples closer than this are one.
    private static let grain = Duration.milliseconds(100)
    /// Nothing is said about a shorter time than this.
    private static let leastHistory = Duration.milliseconds(300)

    /// Oldest first, never empty, at most `longWindow / grain` and two.
    private var samples: [Sample]

    /// - Parameter bytes: the count at `start`.
    init(start: NetworkTime, bytes: Int64 = 0) {
        samples = [Sample(time: start, bytes: bytes)]
    }

    /// Takes note that the count is `bytes` at `now`. Counts that fall and times that run back are ignored.
    mutating func record(_ bytes: Int64, at now: NetworkTime) {
        let last = samples[samples.count - 1]
        guard bytes >= last.bytes, now >= last.time else { return }
        let isClose = samples.count > 1 && samples[samples.count - 2].time.duration(to: now) < Self.grain
        if isClose {
            samples[samples.count - 1] = Sample(time: now, bytes: bytes)
        } else {
            samples.append(Sample(time: now, bytes: bytes))
        }
        // The newest of those that lie before the window is its beginning.
        while samples.count > 2, samples[1].time.duration(to: now) >= Self.longWindow { samples.removeFirst() }
    }

    /// Bytes a second; nil while too little is known.
    func rate(at now: NetworkTime) -> Double? { mean(over: Self.shortWindow, at: now) }

    /// How long `remaining` more bytes will take; nil while nobody can say, also when nothing moves.
    func timeLeft(_ remaining: Int64, at now: NetworkTime) -> Duration? {
        guard remaining > 0 else { return .zero }
        guard let rate = mean(over: Self.longWindow, at: now), rate >= 1 else { return nil }
        return .seconds(min(Double(remaining) / rate, 1e9))
    }

    private func mean(over window: Duration, at now: NetworkTime) -> Double? {
        let start = samples.last { $0.time.duration(to: now) >= window } ?? samples[0]
        let last = samples[samples.count - 1]
        let elapsed = start.time.duration(to: now)
        guard elapsed >= Self.leastHistory else { return nil }
        return Double(last.bytes - start.bytes) / elapsed.seconds
    }
}
