/// The messages of a scenario.
package struct LabTraffic: Hashable, Sendable {
    /// Bytes of each message, with the header of the lab; 24 to 262,144.
    package var messageBytes: Int
    /// Messages per second, 0.001 to 1,000,000; nil for as fast as possible.
    package var rate: Double?
    /// For how long messages are sent; a millisecond to 24 hours.
    package var duration: Duration
    /// A message that took longer than this is late; up to an hour.
    package var late: Duration

    package init(messageBytes: Int, rate: Double?, duration: Duration, late: Duration) {
        self.messageBytes = messageBytes
        self.rate = rate
        self.duration = duration
        self.late = late
    }
}
