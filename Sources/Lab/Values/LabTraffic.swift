/// The messages of a scenario.
package struct LabTraffic: Hashable, Sendable {
    /// What ``messageBytes`` may be: from the lab's header to the longest lab message.
    package static let sizes = LabMessage.headerBytes...LabMessage.byteLimit
    /// What ``rate`` may be.
    package static let rates = 0.01...100_000.0
    /// What ``duration`` may be; whoever writes a plan may ask for ``longestWritten``.
    package static let durations = Duration.milliseconds(100) ... .seconds(86_400)
    /// The longest ``duration`` that may be written in a plan: its runs are watched, one after the other.
    package static let longestWritten = Duration.seconds(3_600)
    /// What ``late`` may be.
    package static let limits = Duration.milliseconds(1) ... .seconds(3_600)

    /// Bytes of each message, with the header of the lab.
    package var messageBytes: Int
    /// Messages per second; nil for as fast as possible.
    package var rate: Double?
    /// For how long messages are sent. Those of the live view are sent until they are stopped.
    package var duration: Duration
    /// A message that took longer than this is late.
    package var late: Duration

    package init(messageBytes: Int, rate: Double?, duration: Duration, late: Duration) {
        self.messageBytes = messageBytes
        self.rate = rate
        self.duration = duration
        self.late = late
    }
}
