package import Wire

/// What one direction of a simulated link does to datagrams. The default does nothing: every datagram arrives at the
/// instant it was sent.
///
/// Impairments apply in this order: blackouts, MTU and queue decide whether a datagram enters; the rate says when it
/// leaves; loss takes it after it used the rate, as on a radio link; delay, jitter and holding back say when it
/// arrives; duplication adds a second one with jitter of its own.
package struct LinkSettings: Hashable, Sendable {
    /// Probability that a datagram is lost, independent of the others, 0 to 1.
    package var loss = 0.0
    /// Loss in bursts, in addition to `loss`.
    package var burstLoss: GilbertElliott?
    /// Time on the way. Not negative.
    package var delay = Duration.zero
    /// Added to each delay: uniform between zero and this. Not negative.
    package var jitter = Duration.zero
    /// Whether a datagram with less jitter waits for those before it. Without this, jitter reorders.
    package var jitterKeepsOrder = false
    /// Probability that a datagram is held back by `reorderDelay`, so that later ones overtake it, 0 to 1.
    package var reorder = 0.0
    package var reorderDelay = Duration.zero
    /// Probability that a datagram arrives twice, 0 to 1.
    package var duplicate = 0.0
    /// Bits per second, above zero; nil for no limit. Counts `headerBytes` too.
    package var rate: UInt64?
    /// Bytes added to each datagram when it uses the rate and the queue: 28 for IPv4 and UDP, 48 for IPv6.
    package var headerBytes = 0
    /// Room of the drop-tail queue before the rate limit, in bytes, with the datagram that is being sent. An idle
    /// link takes any datagram. Without a rate there is no queue.
    package var queueBytes = Int.max
    /// A datagram that would leave within one of these is lost.
    package var blackouts: [Range<NetworkTime>] = []
    /// Larger datagrams are dropped, in bytes of payload; nil for no limit.
    package var mtu: Int?

    package init() {}

    /// A path with delay, and optionally loss and a rate with a queue.
    package init(delay: Duration, loss: Double = 0, rate: UInt64? = nil, queueBytes: Int = .max) {
        self.delay = delay
        self.loss = loss
        self.rate = rate
        self.queueBytes = queueBytes
    }
}
