/// Frames that came before others that belong in front of them, each byte once.
struct Reassembly: Sendable {
    /// Frames of one item: more than a window of frames of a sensible size, and few enough to be put in order.
    private static let framesPerItem = 16_384

    /// In order, without overlaps.
    private struct Lane: Sendable {
        var frames: [DataFrame] = []
        var head = 0

        mutating func popFirst() -> DataFrame? {
            guard head < frames.count else { return nil }
            let frame = frames[head]
            head += 1
            if head > 64, head * 2 > frames.count {
                frames.removeFirst(head)
                head = 0
            }
            return frame
        }

        /// The first frame that ends behind `offset`.
        func index(behind offset: Int64) -> Int {
            var (low, high) = (head, frames.count)
            while low < high {
                let middle = (low + high) / 2
                if frames[middle].end <= offset { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private var lanes: [Int: Lane] = [:]
    private(set) var frameCount = 0
    private(set) var byteCount = 0

    /// Keeps what is new of a frame.
    ///
    /// - Parameter floor: bytes of the item that are over.
    /// - Returns: how many bytes were new.
    mutating func insert(_ frame: DataFrame, from floor: Int64) throws(TransferError) -> Int {
        var lane = lanes.removeValue(forKey: frame.item) ?? Lane()
        defer { if lane.head < lane.frames.count { lanes[frame.item] = lane } }
        var index = lane.index(behind: max(floor, frame.offset))
        var start = max(floor, frame.offset)
        var added = 0
        while start < frame.end {
            let next = index < lane.frames.count ? lane.frames[index] : nil
            if let next, next.offset <= start {
                start = next.end
                index += 1
                continue
            }
            let end = min(frame.end, next?.offset ?? frame.end)
            guard let piece = frame.part(start..<end) else { break }
            guard lane.frames.count - lane.head < Self.framesPerItem, frameCount < TransferLimits.waitingFrames else {
                throw .violation("too many small frames")
            }
            lane.frames.insert(piece, at: index)
            index += 1
            frameCount += 1
            added += piece.payloadByteCount
            start = end
        }
        byteCount += added
        return added
    }

    /// How much of a frame ``insert(_:from:)`` would keep.
    func newByteCount(_ frame: DataFrame, from floor: Int64) -> Int64 {
        guard frame.end > floor else { return 0 }
        return gaps(of: frame.item, in: max(floor, frame.offset)..<frame.end).reduce(0) { $0 + Int64($1.count) }
    }

    /// Drops frames from the far end, none of which lies before this place, until they had so many bytes or there are
    /// no more of them.
    ///
    /// - Returns: how many bytes they had.
    mutating func evict(_ wanted: Int64, behind place: (item: Int, offset: Int64)) -> Int64 {
        var evicted: Int64 = 0
        while evicted < wanted, let item = lanes.keys.max(), let last = lanes[item]?.frames.last,
            (item, last.offset) >= place
        {
            lanes[item]?.frames.removeLast()
            if let lane = lanes[item], lane.head == lane.frames.count { lanes[item] = nil }
            frameCount -= 1
            byteCount -= last.payloadByteCount
            evicted += Int64(last.payloadByteCount)
        }
        return evicted
    }

    /// Takes the frame that holds this byte, cut so that it begins there.
    mutating func next(of item: Int, at offset: Int64) -> DataFrame? {
        while let first = lanes[item].flatMap({ $0.head < $0.frames.count ? $0.frames[$0.head] : nil }) {
            if first.offset > offset { return nil }
            _ = lanes[item]?.popFirst()
            frameCount -= 1
            byteCount -= first.payloadByteCount
            if let lane = lanes[item], lane.head == lane.frames.count { lanes[item] = nil }
            // What is behind the place already came of a beginning that the sender did not want to go on from.
            if first.end > offset { return first.part(offset..<first.end) }
        }
        return nil
    }

    /// Drops the frames of an item, and tells where they were.
    mutating func drop(_ item: Int) -> [Range<Int64>] {
        guard let lane = lanes.removeValue(forKey: item) else { return [] }
        let ranges = lane.frames[lane.head...].map { $0.offset..<$0.end }
        frameCount -= ranges.count
        byteCount -= ranges.reduce(0) { $0 + $1.count }
        return ranges
    }

    /// The stretches of `range` that have not come.
    func gaps(of item: Int, in range: Range<Int64>) -> [Range<Int64>] {
        guard let lane = lanes[item] else { return range.isEmpty ? [] : [range] }
        var gaps: [Range<Int64>] = []
        var start = range.lowerBound
        for frame in lane.frames[lane.index(behind: start)...] where start < range.upperBound {
            if frame.offset > start { gaps.append(start..<min(frame.offset, range.upperBound)) }
            start = max(start, frame.end)
        }
        if start < range.upperBound { gaps.append(start..<range.upperBound) }
        return gaps
    }
}

extension DataFrame {
    /// The place behind the payload.
    var end: Int64 { offset + Int64(payloadByteCount) }

    /// A stretch of the item that lies within the frame, as a frame of its own.
    fileprivate func part(_ range: Range<Int64>) -> DataFrame? {
        if range == offset..<end { return self }
        return try? DataFrame(
            Self.part(
                of: message, item: item, offset: offset, start: Int(range.lowerBound - offset), count: range.count))
    }
}
