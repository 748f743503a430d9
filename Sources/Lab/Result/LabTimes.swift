/// Times of many messages, in microseconds, in bounded memory: each of them while they are few, and how many lie in
/// each of many narrow ranges when they are more.
///
/// Ranges are powers of two, each cut into 2^`bits` equal parts, so that times below 2^`bits` have one each, and no
/// other is wider than 1/2^`bits` of its times. What is read from a range is its middle: off by 1/2^(`bits` + 1) at
/// most.
struct LabTimes: Sendable {
    private(set) var count = 0
    /// The largest; 0 when there are none. Exact, whatever their number.
    private(set) var largest: Int64 = 0
    private let exactLimit: Int
    private let bits: Int
    private var sum = 0.0
    /// All of them, or none.
    private var values: [Int64] = []
    /// How many lie in each range; empty while `values` holds them.
    private var ranges: [UInt32] = []

    /// - Parameters:
    ///   - exactLimit: so many are kept as they are.
    ///   - bits: how narrow the ranges are, of which there are (63 - `bits`) · 2^`bits` at most.
    init(exactLimit: Int, bits: Int) {
        self.exactLimit = exactLimit
        self.bits = bits
    }

    /// The mean; exact, whatever their number.
    var mean: Double { count > 0 ? sum / Double(count) : 0 }

    /// Whether each is kept as it is.
    var isExact: Bool { ranges.isEmpty }

    /// - Parameter time: one below 0 counts as 0.
    mutating func add(_ time: Int64) {
        let time = max(0, time)
        count += 1
        sum += Double(time)
        largest = max(largest, time)
        if isExact, values.count < exactLimit { return values.append(time) }
        if isExact {
            for value in values { addToRange(value) }
            values = []
        }
        addToRange(time)
    }

    mutating func add(_ other: LabTimes) {
        if other.isExact {
            for value in other.values { add(value) }
            return
        }
        precondition(bits == other.bits, "times in other ranges")
        for value in values { addToRange(value) }
        values = []
        if ranges.count < other.ranges.count {
            ranges += repeatElement(0, count: other.ranges.count - ranges.count)
        }
        for (index, number) in other.ranges.enumerated() { ranges[index] &+= number }
        count += other.count
        sum += other.sum
        largest = max(largest, other.largest)
    }

    /// The times of these ranks, which grow and are 1 to ``count``.
    func values(ofRanks ranks: [Int]) -> [Int64] {
        if isExact {
            let sorted = values.sorted()
            return ranks.map { sorted[$0 - 1] }
        }
        var found: [Int64] = []
        var (index, below) = (0, 0)
        for rank in ranks {
            while below + Int(ranges[index]) < rank {
                below += Int(ranges[index])
                index += 1
            }
            // The last is known, and no other is larger.
            found.append(rank == count ? largest : min(middle(ofRange: index), largest))
        }
        return found
    }

    private mutating func addToRange(_ time: Int64) {
        let index = range(of: time)
        if index >= ranges.count { ranges += repeatElement(0, count: index + 1 - ranges.count) }
        ranges[index] &+= 1
    }

    private func range(of time: Int64) -> Int {
        let power = max(0, 63 - time.leadingZeroBitCount - bits)
        return power << bits + Int(time >> power)
    }

    private func middle(ofRange index: Int) -> Int64 {
        // Behind the first 2^bits, which have a range each, every 2^bits are one power.
        let power = max(0, index >> bits - 1)
        return Int64(index - power << bits) << power + (Int64(1) << power - 1) / 2
    }
}
