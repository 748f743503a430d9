/// What one channel has done lately.
package struct LabLiveFigures: Hashable, Sendable {
    /// Messages that were accepted in this time.
    package var accepted = 0
    /// How many of those have come by now, each once.
    package var delivered = 0
    /// Messages that were due, and that the channel did not take.
    package var refused = 0
    /// Of the latency of what came in this time, in microseconds; nil when nothing did.
    package var p50: Int64?
    package var p99: Int64?
    /// How long messages that were there waited for earlier ones, at the 99th percentile; nil where this cannot be
    /// seen.
    package var waitingP99: Int64?
    /// The longest that one waited; nil where this cannot be seen.
    package var longestWait: Int64?
    /// Messages of which it was seen how long they waited.
    package var waitingCount = 0
    /// The share that waited longer than ``LabResult/waitingThreshold``; nil where this cannot be seen.
    package var waitingShare: Double?

    package init() {}

    /// The share of accepted messages that came; nil when there were none.
    package var deliveredShare: Double? { accepted > 0 ? Double(delivered) / Double(accepted) : nil }
}

/// One second of a channel.
package struct LabLiveMoment: Hashable, Sendable {
    /// The share that came of what was sent in it; nil when nothing was, or when it is too early to say.
    package var deliveredShare: Double?
    /// Of the latency of what came in it, in microseconds; nil when nothing did.
    package var p99: Int64?

    package init(deliveredShare: Double? = nil, p99: Int64? = nil) {
        self.deliveredShare = deliveredShare
        self.p99 = p99
    }
}

/// One channel of the live view.
package struct LabLiveStrip: Hashable, Sendable {
    package var channel: LabChannel
    /// The last ten seconds, and the last sixty.
    package var recent: LabLiveFigures
    package var minute: LabLiveFigures
    /// The last sixty seconds, or as many as there were, one by one; the last is the present one.
    package var history: [LabLiveMoment]

    package init(
        channel: LabChannel, recent: LabLiveFigures = .init(), minute: LabLiveFigures = .init(),
        history: [LabLiveMoment] = []
    ) {
        self.channel = channel
        self.recent = recent
        self.minute = minute
        self.history = history
    }
}
