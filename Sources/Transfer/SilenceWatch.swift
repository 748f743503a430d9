/// Whether the other side has said nothing for too long while it had something to say.
///
/// It counts its own steps and reads no clock: time in which this program did not run (a laptop's lid was closed) is
/// not the other side's silence.
struct SilenceWatch: Sendable {
    let limit: Duration
    /// Between two looks: a tenth of the limit, 10 ms at least and 5 s at most.
    let step: Duration
    private var quiet = Duration.zero
    private var lastCount = -1

    init(limit: Duration) {
        self.limit = limit
        step = max(.milliseconds(10), min(limit / 10, .seconds(5)))
    }

    /// One look, a step after the one before.
    ///
    /// - Parameters:
    ///   - isOwed: the other side has something to say.
    ///   - heardCount: messages and frames that it has said so far.
    /// - Returns: whether it counts as gone.
    mutating func isOver(isOwed: Bool, heardCount: Int) -> Bool {
        quiet = isOwed && heardCount == lastCount ? quiet + step : .zero
        lastCount = heardCount
        return quiet >= limit
    }
}
