/// How long to wait between attempts: half a second at first, then longer each time, up to five seconds.
struct Backoff: Sendable {
    static let first = Duration.milliseconds(500)
    static let longest = Duration.seconds(5)

    private var next = first

    /// The time before the next attempt.
    mutating func take() -> Duration {
        defer { next = min(Self.longest, next * 2) }
        return next
    }
}
