internal import Wire

extension LabPath {
    /// What a packet may take at most, apart from the queue before the rate.
    package var longestDelay: Duration { delay + jitter + (reorder > 0 ? reorderDelay : .zero) }

    /// When the last blackout is over.
    func lastBlackout(since start: NetworkTime) -> NetworkTime {
        blackouts.map { start.advanced(by: $0.start).advanced(by: $0.length) }.max() ?? start
    }
}
