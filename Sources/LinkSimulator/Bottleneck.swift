internal import DequeModule
internal import Wire

/// A drop-tail queue served at a constant rate, exact to the bit: what division leaves over is carried on.
struct Bottleneck {
    private struct Queued {
        let leaves: NetworkTime
        let bytes: Int
    }

    private var queue: Deque<Queued> = []
    private var queuedBytes = 0
    private var busyUntil = NetworkTime.zero
    /// Nanoseconds times rate that did not make a whole nanosecond of the current busy period.
    private var remainder: UInt64 = 0

    /// Takes a datagram at `now` and returns when its last bit has left, or nil if the queue is full.
    mutating func admit(bytes: Int, rate: UInt64, queueBytes: Int, at now: NetworkTime) -> NetworkTime? {
        precondition(rate > 0, "a link needs a rate above zero")
        while let first = queue.first, first.leaves <= now {
            queue.removeFirst()
            queuedBytes -= first.bytes
        }
        if !queue.isEmpty, queuedBytes > queueBytes - bytes { return nil }
        if busyUntil <= now {
            busyUntil = now
            remainder = 0
        }
        let work = UInt64(bytes) * 8 * 1_000_000_000 + remainder
        busyUntil = NetworkTime(nanoseconds: busyUntil.nanoseconds + Int64(work / rate))
        remainder = work % rate
        queue.append(Queued(leaves: busyUntil, bytes: bytes))
        queuedBytes += bytes
        return busyUntil
    }
}
