/// How far a run is, as the partner knows it: by what it does itself, and by what the conductor tells of its own part.
package struct LabPartnerFigures: Sendable, Equatable {
    /// Messages that were sent; nil where the conductor sends, and does not tell.
    package var sent: Int?
    /// Messages that came, each once; nil where the conductor receives, and does not tell.
    package var arrived: Int?

    package init(sent: Int? = nil, arrived: Int? = nil) {
        self.sent = sent
        self.arrived = arrived
    }
}

/// What a conductor tells of its own part in a run, checked: it need not, but what it tells has to be possible.
struct LabHearsay {
    /// Messages that the conductor has sent; nil when it did not tell.
    private(set) var sent: Int?
    /// Messages that have come to the conductor, each once; nil when it did not tell.
    private(set) var arrived: Int?
    private var offered = 0
    private var came = LabSequenceSet()
    private var lastAt: Int64 = 0
    private var damaged = 0

    /// - Throws: `protocolViolation` for counts that cannot be.
    mutating func hearSent(offered: Int, accepted: Int) throws(LabError) {
        let before = sent ?? 0
        guard offered >= self.offered, accepted >= before, offered - self.offered >= accepted - before else {
            throw .protocolViolation("counts that go back")
        }
        guard accepted <= LabRecorder.messageLimit else {
            throw .protocolViolation("more messages sent than a run has")
        }
        self.offered = offered
        sent = accepted
    }

    /// - Parameter accepted: how many messages this side has sent.
    /// - Throws: `protocolViolation` for arrivals that cannot be.
    mutating func hearReceived(_ arrivals: [LabArrival], damaged: Int, accepted: Int) throws(LabError) {
        for arrival in arrivals {
            guard arrival.at >= lastAt else { throw .protocolViolation("a clock that goes back") }
            lastAt = arrival.at
            guard Int(arrival.sequence) < accepted else { throw .protocolViolation("a message that was never sent") }
            came.insert(arrival.sequence)
        }
        guard damaged == 0 || damaged >= self.damaged else { throw .protocolViolation("counts that go back") }
        self.damaged = max(self.damaged, damaged)
        arrived = came.count
    }
}

/// Numbers of messages, a bit each: 128 KiB at most.
struct LabSequenceSet {
    private(set) var count = 0
    private var words: [UInt64] = []

    /// Adds a number below `LabRecorder.messageLimit`; another changes nothing.
    mutating func insert(_ sequence: UInt32) {
        guard sequence < LabRecorder.messageLimit else { return }
        let (index, bit) = (Int(sequence) / 64, UInt64(1) << (sequence % 64))
        if index >= words.count { words += repeatElement(0, count: index + 1 - words.count) }
        guard words[index] & bit == 0 else { return }
        words[index] |= bit
        count += 1
    }
}
