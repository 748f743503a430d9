/// Places for labels beside each other that shall not overlap.
enum PlotSpread {
    /// Moves places apart as little as possible, keeping their order, so that two neighbours are at least `gap` from
    /// each other and all lie within `range`. Where there is no room for that, they lie in equal distances.
    static func places(_ wanted: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double] {
        guard !wanted.isEmpty else { return [] }
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        let room = range.upperBound - range.lowerBound
        let gap = wanted.count > 1 ? min(gap, room / Double(wanted.count - 1)) : gap
        /// Neighbours that touch, moved as one.
        var clusters: [(start: Double, count: Int)] = []
        for index in order {
            clusters.append((PlotNumber.finite(wanted[index]).clamped(to: range), 1))
            while clusters.count > 1 {
                let last = clusters[clusters.count - 1]
                let before = clusters[clusters.count - 2]
                guard before.start + Double(before.count) * gap > last.start else { break }
                let count = before.count + last.count
                // What all of them want, on average, for the first of the two together.
                let start =
                    (before.start * Double(before.count)
                        + (last.start - Double(before.count) * gap) * Double(last.count)) / Double(count)
                let end = range.upperBound - Double(count - 1) * gap
                clusters.removeLast(2)
                clusters.append((min(max(start, range.lowerBound), max(end, range.lowerBound)), count))
            }
        }
        var places = wanted
        var next = order.makeIterator()
        for cluster in clusters {
            for step in 0..<cluster.count {
                guard let index = next.next() else { break }
                places[index] = cluster.start + Double(step) * gap
            }
        }
        return places
    }
}
