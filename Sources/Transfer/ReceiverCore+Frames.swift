/// Data frames as they arrive, in order or, when the sender said so, in any.
extension ReceiverCore {
    mutating func receive(_ frame: DataFrame) throws(TransferError) {
        switch phase {
        // Also after the end: the last frames of an item that failed may come behind everything else.
        case .receiving, .done, .settled: break
        case .awaitingOffer, .declined: throw .violation("a data frame out of place")
        }
        frameCount &+= 1
        guard frame.item < (offerIsComplete ? sizes.count : TransferLimits.items) else {
            throw .violation("a data frame of no item")
        }
        guard frame.end <= TransferLimits.largestInteger else { throw .violation("a data frame that is too far out") }
        if frame.item < sizes.count {
            guard fates[frame.item] != .complete else { throw .violation("a data frame of an item that is here") }
            try check(frame)
        }
        if intake.isUnordered { try receiveAnywhere(frame) } else { try receiveInOrder(frame) }
        try advance()
    }

    private mutating func receiveInOrder(_ frame: DataFrame) throws(TransferError) {
        guard frame.item >= arrival.item else { throw .violation("a data frame of an item that is over") }
        if frame.item == arrival.item, arrival.offset > 0 {
            guard frame.offset == arrival.offset else {
                throw .violation("a data frame at \(frame.offset) of item \(frame.item) instead of \(arrival.offset)")
            }
        } else {
            // Of two places one is right, which the control channel may still have to tell.
            let bytes = told[frame.item] ?? 0
            let isExpected =
                begun[frame.item].map { $0 == frame.offset } ?? (frame.offset == 0 || frame.offset == bytes)
            guard isExpected else {
                throw .violation("item \(frame.item) begins at \(frame.offset)")
            }
        }
        try count(Int64(frame.payloadByteCount))
        guard held.count + work.count < TransferLimits.waitingFrames else { throw .violation("too many small frames") }
        arrival = (frame.item, frame.end)
        held.append(frame)
    }

    private mutating func receiveAnywhere(_ frame: DataFrame) throws(TransferError) {
        if frame.item < current.item, isGivenUp(frame.item) {
            let new = dropped[frame.item, default: Spans()].insert(frame.offset..<frame.end)
            let counted = min(new, limit - countedBytes)
            countedBytes += counted
            if counted > 0 { work.append(.discard(byteCount: Int(counted))) }
            return try countDuplicate(frame.payloadByteCount - Int(counted))
        }
        var added = 0
        if frame.item >= current.item {
            let isCurrent = frame.item == current.item && current.isOpen
            let floor = isCurrent ? current.offset : begun[frame.item] ?? 0
            let wanted = reassembly.newByteCount(frame, from: floor)
            if wanted > limit - countedBytes {
                // What lies nearer goes first: bytes that nothing can reach yet must not keep it out for ever.
                let room = limit - countedBytes
                countedBytes -= reassembly.evict(wanted - room, behind: (frame.item, frame.offset))
            }
            // What would pass the limit was named missing before, and its repetition takes the place.
            if wanted <= limit - countedBytes { added = try reassembly.insert(frame, from: floor) }
        }
        countedBytes += Int64(added)
        try countDuplicate(frame.payloadByteCount - added)
    }

    private mutating func countDuplicate(_ byteCount: Int) throws(TransferError) {
        duplicateBytes += Int64(byteCount)
        // A network makes few; what was named missing may come twice.
        guard duplicateBytes <= namedBytes + limit, work.count < TransferLimits.waitingFrames else {
            throw .violation("too many bytes twice")
        }
    }

    private mutating func count(_ byteCount: Int64) throws(TransferError) {
        guard byteCount <= limit - countedBytes else { throw .violation("more bytes than were allowed") }
        countedBytes += byteCount
    }

    /// The next frame that can become work while the current item is open.
    mutating func nextFrame() -> DataFrame? {
        guard intake.isUnordered else {
            guard let frame = held.first, frame.item <= current.item else { return nil }
            return held.popFirst()
        }
        if isGivenUp(current.item) {
            let ranges = reassembly.drop(current.item)
            let start = begun[current.item] ?? 0
            for range in ranges + (start < current.offset ? [start..<current.offset] : []) {
                _ = dropped[current.item, default: Spans()].insert(range)
            }
            let byteCount = ranges.reduce(0) { $0 + $1.count }
            if byteCount > 0 { work.append(.discard(byteCount: byteCount)) }
            return nil
        }
        return reassembly.next(of: current.item, at: current.offset)
    }

    // MARK: What got lost

    mutating func note(markAt item: Int, _ offset: Int64) throws(TransferError) {
        guard intake.isUnordered, phase == .receiving || phase == .done || phase == .settled, item <= sizes.count,
            item == sizes.count || sizes[item] < 0 || offset <= sizes[item]
        else { throw .violation("a mark out of place") }
        // One that was said after a repetition may cross with the receipt that the repetition made possible.
        if phase == .settled { return }
        if let mark, (mark.item, mark.offset) > (item, offset) { return }
        mark = (item, offset)
        isMarkPending = true
    }

    /// Names what has not come of what was sent before the mark, after a while in which nothing came. Those bytes count
    /// as handled: the sender has used credit for them and will use it again.
    mutating func takeMissing() throws(TransferError) -> [ControlMessage.Stretch] {
        isMarkPending = false
        guard let mark else { return [] }
        var stretches: [ControlMessage.Stretch] = []
        var item = current.item
        while item < sizes.count, item <= mark.item, stretches.count < 4_000 {
            if let range = sent(of: item, before: mark) {
                for gap in reassembly.gaps(of: item, in: range) {
                    stretches.append(
                        ControlMessage.Stretch(
                            item: item, offset: gap.lowerBound, byteCount: gap.upperBound - gap.lowerBound))
                }
            }
            item += 1
        }
        // Each stretch is less than 2^53, and there are few thousands.
        let bytes = stretches.reduce(Int64(0)) { $0 + $1.byteCount }
        guard bytes <= limit, bytes <= TransferLimits.largestInteger - limit else {
            throw .violation("a mark of bytes that were not allowed")
        }
        countedBytes += bytes
        namedBytes += bytes
        handle(Int(bytes))
        if stretches.isEmpty, reassembly.byteCount == 0, !refused.isEmpty || fates.contains(.failed) {
            // What got lost of items that were given up is never named; the credit for it must not be lost too.
            let lost = max(0, limit - countedBytes)
            lostBytes += lost
            countedBytes += lost
        }
        return stretches
    }

    private func sent(of item: Int, before mark: (item: Int, offset: Int64)) -> Range<Int64>? {
        if fates[item] == .complete || isGivenUp(item) { return nil }
        if told[item] != nil, begun[item] == nil { return nil }
        let start = item == current.item && current.isOpen ? current.offset : begun[item] ?? 0
        let size = ends[item]?.size ?? sizes[item]
        let end = item < mark.item ? size : mark.offset
        return start < end ? start..<end : nil
    }
}
