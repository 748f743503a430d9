internal import Wire

/// How many messages the other side of the control channel may say: bursts of 2,000, and 1,000 a second for long, which
/// is several times what eight runs need.
struct LabAllowance {
    private static let burst = 2_000.0
    private static let perSecond = 1_000.0

    private var left = Self.burst
    private var last: NetworkTime?

    /// - Throws: `protocolViolation` when this one is too much.
    mutating func take(at now: NetworkTime) throws(LabError) {
        if let last {
            let passed =
                Double(last.duration(to: now).components.attoseconds) * 1e-18
                + Double(last.duration(to: now).components.seconds)
            left = min(Self.burst, left + max(0, passed) * Self.perSecond)
        }
        last = now
        guard left >= 1 else { throw .protocolViolation("more messages than anybody needs") }
        left -= 1
    }
}
