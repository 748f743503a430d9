/// Which bytes of an item have come, as ranges: of an item that was given up nothing else is kept.
struct Spans: Sendable {
    /// More ranges than these are joined: then some bytes count as come that did not.
    private static let limit = 256

    /// In order, with gaps between them.
    private var ranges: [Range<Int64>] = []

    /// Adds a range.
    ///
    /// - Returns: how many of its bytes were new.
    mutating func insert(_ range: Range<Int64>) -> Int64 {
        if range.isEmpty { return 0 }
        var merged = range
        var known: Int64 = 0
        var kept: [Range<Int64>] = []
        for other in ranges {
            if other.upperBound < range.lowerBound || other.lowerBound > range.upperBound {
                kept.append(other)
            } else {
                known += Int64(other.clamped(to: range).count)
                merged = min(merged.lowerBound, other.lowerBound)..<max(merged.upperBound, other.upperBound)
            }
        }
        kept.insert(merged, at: kept.firstIndex { $0.lowerBound > merged.lowerBound } ?? kept.count)
        if kept.count > Self.limit { kept.replaceSubrange(0...1, with: [kept[0].lowerBound..<kept[1].upperBound]) }
        ranges = kept
        return Int64(range.count) - known
    }
}
