internal import Synchronization

/// A limit of bytes per second, shared by all transfers that have it in their options.
public final class RateLimit: Sendable {
    private let bucket: Mutex<TokenBucket>
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    /// File bytes that go in one lot.
    let lotBytes: Int

    /// - Parameter bytesPerSecond: file bytes, at least 1.
    public init(bytesPerSecond: Int64) {
        let bucket = TokenBucket(bytesPerSecond: bytesPerSecond)
        lotBytes = bucket.lotBytes
        self.bucket = Mutex(bucket)
        start = clock.now
    }

    /// How long the caller has to wait before these bytes go; their place is taken.
    func reserve(_ byteCount: Int) -> Duration {
        bucket.withLock { $0.reserve(byteCount, at: clock.now - start) }
    }
}
