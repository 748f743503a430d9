/// That a message came.
package struct LabReception: Hashable, Sendable {
    /// The message's number.
    package var sequence: UInt32
    /// When the application got it, in microseconds since the run's start.
    package var at: Int64
    /// Microseconds for which all its bytes had been there before the application got it: it waited for earlier
    /// ones. Nil where this cannot be seen.
    package var waited: Int64?

    package init(sequence: UInt32, at: Int64, waited: Int64? = nil) {
        self.sequence = sequence
        self.at = at
        self.waited = waited
    }
}

/// What went over the wire in one direction during a run.
package struct LabWireCount: Hashable, Sendable {
    /// Datagrams that were sent.
    package var datagrams: Int
    /// Their bytes, payload of UDP.
    package var bytes: Int
    /// How many of them the link lost, for whatever reason.
    package var dropped: Int

    package init(datagrams: Int = 0, bytes: Int = 0, dropped: Int = 0) {
        self.datagrams = datagrams
        self.bytes = bytes
        self.dropped = dropped
    }
}

/// What went over the wire during a run.
package struct LabWire: Hashable, Sendable {
    /// From the sender of the messages to their receiver.
    package var forward: LabWireCount
    package var back: LabWireCount

    package init(forward: LabWireCount = LabWireCount(), back: LabWireCount = LabWireCount()) {
        self.forward = forward
        self.back = back
    }
}

/// DATA chunks that the sender's SCTP sent: known where the sender is our own stack, or a partner that says it.
package struct LabPackets: Hashable, Sendable {
    /// All, those that were sent again included.
    package var dataChunks: Int
    /// Those that were sent again.
    package var retransmitted: Int

    package init(dataChunks: Int = 0, retransmitted: Int = 0) {
        self.dataChunks = dataChunks
        self.retransmitted = retransmitted
    }
}

/// One run of a scenario: when each message was sent, and when it came. Times are microseconds since the run's start in
/// the conductor's clock.
package struct LabRun: Hashable, Sendable {
    package var seed: UInt64
    /// Messages that were due, accepted by the channel or not.
    package var offeredCount: Int
    /// When each accepted message was handed to the channel, by sequence number.
    package var sentAt: [Int64]
    /// In the order of arrival; a message that came twice is there twice.
    package var receptions: [LabReception]
    /// Messages whose bytes were wrong.
    package var damagedCount: Int
    /// Nil where nobody counted.
    package var wire: LabWire?
    /// Nil where the sender is not our own stack, and does not say it.
    package var packets: LabPackets?
    /// Whether messages were sent there and back by an echo.
    package var isRoundTrip: Bool
    /// Microseconds by which times of the two sides may be wrong against each other; nil where both have one clock.
    package var clockError: Int64?

    package init(
        seed: UInt64, offeredCount: Int = 0, sentAt: [Int64] = [], receptions: [LabReception] = [],
        damagedCount: Int = 0,
        wire: LabWire? = nil, packets: LabPackets? = nil, isRoundTrip: Bool = false, clockError: Int64? = nil
    ) {
        self.seed = seed
        self.offeredCount = offeredCount
        self.sentAt = sentAt
        self.receptions = receptions
        self.damagedCount = damagedCount
        self.wire = wire
        self.packets = packets
        self.isRoundTrip = isRoundTrip
        self.clockError = clockError
    }
}
