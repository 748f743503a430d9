/// One piece of time of the runs of a scenario, all runs together.
package struct LabMoment: Hashable, Sendable {
    /// When it begins, in microseconds since the run's start; it ends where the next begins.
    package var start: Int64
    /// Messages accepted in it.
    package var sent: Int
    /// Messages that came in it, each once.
    package var delivered: Int
    /// Of the latency of those that came in it; nil when none did.
    package var p50: Int64?
    package var p99: Int64?

    package init(start: Int64, sent: Int, delivered: Int, p50: Int64?, p99: Int64?) {
        self.start = start
        self.sent = sent
        self.delivered = delivered
        self.p50 = p50
        self.p99 = p99
    }
}

/// One run in short.
package struct LabRunSummary: Hashable, Sendable {
    package var seed: UInt64
    package var offered: Int
    package var accepted: Int
    /// Each message once.
    package var delivered: Int
    package var late: Int
    package var damaged: Int
    /// Of the latency, in microseconds; nil when nothing came.
    package var p50: Int64?
    package var p99: Int64?
    /// See ``LabRun/clockError``.
    package var clockError: Int64?

    package init(
        seed: UInt64, offered: Int, accepted: Int, delivered: Int, late: Int, damaged: Int, p50: Int64?, p99: Int64?,
        clockError: Int64?
    ) {
        self.seed = seed
        self.offered = offered
        self.accepted = accepted
        self.delivered = delivered
        self.late = late
        self.damaged = damaged
        self.p50 = p50
        self.p99 = p99
        self.clockError = clockError
    }
}

/// What the runs of a scenario say together. Counts are sums over the runs; times are microseconds.
package struct LabResult: Hashable, Sendable {
    /// The most pieces of ``timeline``.
    package static let momentLimit = 120
    /// A message waited when it did so for longer than this.
    package static let waitingThreshold: Int64 = 1_000

    package var scenario: LabScenario
    /// Messages that were due.
    package var offered = 0
    /// Messages that the channel took.
    package var accepted = 0
    /// Messages that came, each once.
    package var delivered = 0
    /// Delivered, and later than the scenario's traffic allows.
    package var late = 0
    /// Delivered behind one with a larger number (RFC 4737, Type-P-Reordered).
    package var outOfOrder = 0
    /// Arrivals of a message that had come before.
    package var duplicated = 0
    /// Messages with wrong bytes.
    package var damaged = 0
    /// From the call of `send` to the application at the other side, and back with an echo; nil when nothing came.
    package var latency: LabDistribution?
    /// How long a message that was there waited for earlier ones; nil where this cannot be seen.
    package var waiting: LabDistribution?
    /// The share of delivered messages that waited longer than ``waitingThreshold``; nil where this cannot be seen.
    package var waitingShare: Double?
    /// Bits of delivered messages per second, over the time that messages were sent or came.
    package var goodput: Double?
    /// Bytes on the wire in both directions per byte delivered, minus one; nil where nobody counted or nothing came.
    package var overhead: Double?
    /// DATA chunks sent, and sent again; nil where the sender is not our own stack, and does not say it.
    package var packets: LabPackets?
    /// What went over the wire; nil where nobody counted.
    package var wire: LabWire?
    /// Whether messages went there and back.
    package var isRoundTrip = false
    package var timeline: [LabMoment] = []
    package var runs: [LabRunSummary] = []
    /// Attempts at runs that came to nothing, in order.
    package var failures: [LabFailure] = []

    /// A result in which nothing has been counted.
    package init(scenario: LabScenario) {
        self.scenario = scenario
    }

    /// Accepted, and never delivered.
    package var lost: Int { accepted - delivered }
    /// DATA chunks sent again; nil where nobody counted.
    package var retransmissions: Int? { packets?.retransmitted }
    /// The share of accepted messages that were delivered; nil when there were none.
    package var deliveredShare: Double? { accepted > 0 ? Double(delivered) / Double(accepted) : nil }
    package var lostShare: Double? { deliveredShare.map { 1 - $0 } }
}
