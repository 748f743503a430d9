package import LinkSimulator
package import Wire

/// Loss in bursts: a chain of two states that loses everything while bad (``GilbertElliott``).
package struct LabBurst: Hashable, Sendable {
    /// Packets lost in a row, on average; 1 to 10,000.
    package var meanLength: Double
    /// Share of all packets lost, 0 up to but not including 1.
    package var share: Double

    package init(meanLength: Double, share: Double) {
        self.meanLength = meanLength
        self.share = share
    }
}

/// A time for which nothing passes, since the start of the run.
package struct LabBlackout: Hashable, Sendable {
    package var start: Duration
    package var length: Duration

    package init(start: Duration, length: Duration) {
        self.start = start
        self.length = length
    }
}

/// What one direction of the link between the two sides does to packets. The default does nothing.
package struct LabPath: Hashable, Sendable {
    /// Probability that a packet is lost, independent of the others, 0 to 1.
    package var loss = 0.0
    /// Loss in bursts, in addition to `loss`.
    package var burst: LabBurst?
    /// Time on the way, 0 to a minute.
    package var delay = Duration.zero
    /// Added to each delay: uniform between zero and this; 0 to a minute. It does not change the order of packets:
    /// whatever had less waits for those before it, as in a queue. What changes the order is `reorder`.
    package var jitter = Duration.zero
    /// Probability that a packet is held back by `reorderDelay`, so that later ones overtake it, 0 to 1.
    package var reorder = 0.0
    package var reorderDelay = Duration.zero
    /// Probability that a packet arrives twice, 0 to 1.
    package var duplicate = 0.0
    /// Bits per second, with the headers of IPv4 and UDP; 1,000 to 10^12; nil for no limit.
    package var rate: UInt64?
    /// Room of the drop-tail queue before the rate limit. Nil: what the rate carries in 200 ms, and 16 KiB at least.
    package var queueBytes: Int?
    package var blackouts: [LabBlackout] = []

    package init() {}

    /// The direction while the two sides connect, and when a run is over: as long as this one, and otherwise perfect.
    package var unimpaired: LabPath {
        var path = LabPath()
        path.delay = delay
        return path
    }

    /// Room of the queue before the rate limit in bytes, as it is.
    package var effectiveQueueBytes: Int {
        if let queueBytes { return queueBytes }
        return rate.map { max(16_384, Int(clamping: $0 / 40)) } ?? .max
    }

    /// This direction for the simulator.
    ///
    /// - Parameter start: when the run begins: the blackouts count from there.
    package func settings(startingAt start: NetworkTime) -> LinkSettings {
        var settings = LinkSettings(delay: delay, loss: loss, rate: rate, queueBytes: effectiveQueueBytes)
        settings.burstLoss = burst.map { GilbertElliott(meanBurst: $0.meanLength, averageLoss: $0.share) }
        settings.jitter = jitter
        settings.jitterKeepsOrder = true
        settings.reorder = reorder
        settings.reorderDelay = reorderDelay
        settings.duplicate = duplicate
        settings.headerBytes = 28
        settings.blackouts = blackouts.map { blackout in
            let begin = start.advanced(by: blackout.start)
            return begin..<max(begin, begin.advanced(by: blackout.length))
        }
        return settings
    }
}

/// Both directions between the two sides of a scenario.
package struct LabLink: Hashable, Sendable {
    /// From the sender of the messages to their receiver.
    package var forward: LabPath
    /// From the receiver to the sender: acknowledgements.
    package var back: LabPath

    package init(forward: LabPath = LabPath(), back: LabPath = LabPath()) {
        self.forward = forward
        self.back = back
    }

    /// See ``LabPath/unimpaired``.
    package var unimpaired: LabLink { LabLink(forward: forward.unimpaired, back: back.unimpaired) }
}
