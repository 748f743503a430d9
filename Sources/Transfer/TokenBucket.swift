/// When bytes may go under a limit of bytes per second, as a value: time is passed in.
///
/// Whoever reserves bytes gets a place in a line; what was not used of the past is kept for a short burst only.
struct TokenBucket: Sendable {
    /// How much of unused time counts later: so short that a limit is smooth to everything behind it.
    static let burst = Duration.milliseconds(40)

    private let bytesPerSecond: Double
    /// When the line is empty, as a time since whatever the caller counts from.
    private var free = Duration.zero

    /// - Parameter bytesPerSecond: at least 1.
    init(bytesPerSecond: Int64) {
        self.bytesPerSecond = Double(max(1, bytesPerSecond))
    }

    /// How many bytes are a good lot: what goes in a fiftieth of a second, 1 KiB to a whole frame.
    var lotBytes: Int {
        Int(min(max(bytesPerSecond / 50, 1_024), Double(TransferLimits.payloadBytes)))
    }

    /// Reserves `byteCount` bytes, and returns how long to wait before they go.
    ///
    /// - Parameter now: never before that of an earlier call.
    mutating func reserve(_ byteCount: Int, at now: Duration) -> Duration {
        free = max(free, now - Self.burst)
        let wait = max(.zero, free - now)
        free += .seconds(Double(byteCount) / bytesPerSecond)
        return wait
    }
}
