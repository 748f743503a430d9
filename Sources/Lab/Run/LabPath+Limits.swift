extension LabPath {
    /// What a packet may take at most, apart from the queue before the rate.
    package var longestDelay: Duration { delay + jitter + (reorder > 0 ? reorderDelay : .zero) }

    /// What the rate needs for so many bytes behind a queue that is full; nothing where there is no limit.
    func time(of byteCount: Int) -> Duration {
        guard let rate else { return .zero }
        return .seconds(Double(byteCount) + Double(effectiveQueueBytes)) * 8 / Double(rate)
    }
}
