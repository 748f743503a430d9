internal import DequeModule
internal import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Sees which messages have left usrsctp and what is in flight, by the packets that pass, and makes lifetimes hold.
///
/// usrsctp looks at the lifetime of a message (RFC 3758) only when it is about to mark it for another transmission:
/// what waits in its queue for room in the congestion window is sent however old it is. So a message with a lifetime is
/// given to it only when it begins to go out at once, or when nothing but its turn among other streams holds it up;
/// until then it waits where it can expire (RFC 8831 section 6.6: the lifetime holds for transmissions too). What of an
/// unordered message is to leave after its lifetime does not leave, and the peer is told at once that it is given up:
/// usrsctp tells it of one such message in each round trip, and a receiver that is usrsctp holds all that follow on the
/// stream back until then.
struct TransmissionWatch {
    /// Chunks that are remembered; what is in flight before them is not counted.
    private static let memory = 16_384
    /// Messages given up that one packet tells of.
    private static let forwardLimit = 64
    /// SACKs without a chunk after which it is lost (RFC 9260 section 7.2.4).
    private static let losingReports: UInt8 = 3
    /// Ticks in which the peer is told of a message that is given up.
    private static let tellings = 3
    private static let unknownRoundTrip = Duration.milliseconds(200)
    /// The peer is told everything again no more often than this.
    private static let shortestRepetition = Duration.milliseconds(50)
    /// usrsctp does not tell the same more often.
    private static let shortestPause = Duration.milliseconds(10)

    /// A DATA chunk that was sent, or a number that usrsctp passed over when it gave up the rest of a message.
    private struct Chunk {
        /// When the lifetime of its message ends, of unordered ones with a lifetime.
        let expires: NetworkTime
        let bytes: UInt16
        let isEnd: Bool
        /// All of its message.
        let isWhole: Bool
        let isUnordered: Bool
        /// Of an unordered message that is never sent again.
        let isSentOnce: Bool
        var isAcknowledged = false
        /// SACKs that had something newer and not it, up to three.
        var missingReports: UInt8 = 0
        /// usrsctp has told the peer not to wait for it.
        var isSkipped = false
        /// usrsctp has taken it for lost, and has sent it again; or it was held here and has never left.
        var isSentAgain = false

        /// Whether the path is known not to have brought it.
        var isLost: Bool {
            // Once is enough for what would not be sent again: usrsctp has the reports that it wants before the peer's
            // answer.
            isSkipped || isSentAgain || missingReports >= (isSentOnce ? TransmissionWatch.losingReports : 1)
        }
        /// Whether it may be given up here.
        var isLimited: Bool { isSentOnce || expires != .distantFuture }
    }

    /// A message that usrsctp has.
    private struct Message {
        let stream: UInt16
        let expires: NetworkTime?
        let isUnordered: Bool
        let isSentOnce: Bool
        /// The peer can be told that it is given up.
        let canGiveUp: Bool
        /// Bytes that have not gone out.
        var byteCount: Int
        /// One of its chunks was held back.
        var isCut = false

        /// When it is given up, as far as that is seen to here.
        var limit: NetworkTime { isUnordered && canGiveUp ? expires ?? .distantFuture : .distantFuture }
    }

    /// Chunks from `firstNumber` on, those that are acknowledged among them.
    private var chunks: Deque<Chunk> = []
    private var firstNumber: UInt32?
    /// What the peer has acknowledged last.
    private var cumulative: UInt32 = 0
    private var flightBytes = 0
    /// Chunks whose message may be given up.
    private var limitedCount = 0
    /// Messages by stream that usrsctp has and of which nothing has gone out, in their order.
    private var waiting: [UInt16: Deque<Message>] = [:]
    /// The one that has gone out in part: the numbers of one message follow each other (RFC 9260 section 6.9).
    private var begun: Message?

    /// What usrsctp has told the peer last, as a chunk too.
    private var forwarded: (number: UInt32, at: NetworkTime, chunk: [UInt8])?
    /// The highest of what we have told it, in each of the last ticks.
    private var told: Deque<UInt32> = []
    /// When we have told it everything.
    private var toldAll = NetworkTime.zero
    private var nextTelling = NetworkTime.zero
    /// The chunk whose round trip is being timed.
    private var timed: (number: UInt32, at: NetworkTime)?
    private var roundTrip = unknownRoundTrip
    private var isRoundTripKnown = false
    /// Ports and verification tag of our packets (RFC 9260 section 3.1).
    private var header: UInt64?

    /// usrsctp is about to take a message.
    ///
    /// - Parameters:
    ///   - expires: when its lifetime ends, where it has one.
    ///   - sentOnce: that it is never sent again.
    ///   - canGiveUp: whether the peer understands that something is given up.
    mutating func handedOver(
        stream: UInt16, byteCount: Int, ordered: Bool, expires: NetworkTime?, sentOnce: Bool, canGiveUp: Bool = true
    ) {
        waiting[stream, default: []].append(
            Message(
                stream: stream, expires: expires, isUnordered: !ordered, isSentOnce: sentOnce && !ordered && canGiveUp,
                canGiveUp: canGiveUp, byteCount: byteCount))
    }

    /// It has not taken the last one.
    mutating func refused(stream: UInt16) {
        guard var messages = waiting.removeValue(forKey: stream) else { return }
        _ = messages.popLast()
        if !messages.isEmpty { waiting[stream] = messages }
    }

    /// A packet is about to go out.
    ///
    /// - Returns: the chunks that must not, as parts of the packet.
    mutating func sent(_ packet: UnsafeRawBufferPointer, at now: NetworkTime) -> [Range<Int>] {
        var held: [Range<Int>] = []
        packet.forEachSCTPChunk { type, flags, range, body throws(ByteReaderError) in
            var passes = true
            switch type {
            case 0:
                header = packet.loadUnaligned(as: UInt64.self)
                let (number, stream) = (try body.readUInt32(), try body.readUInt16())
                passes = note(number, stream: stream, flags: flags, range.count, at: now)
            // Of ordered messages it also says which, and usrsctp itself does not repeat that with every SACK.
            case 192:
                let isNew = noteForward(through: try body.readUInt32(), at: now)
                if isNew { forwarded?.chunk = Array(packet[range]) }
                passes = isNew || range.count > 8
            default: break
            }
            if !passes { held.append(range) }
        }
        return held
    }

    /// A packet of the peer has come.
    mutating func received(_ packet: UnsafeRawBufferPointer, at now: NetworkTime) {
        packet.forEachSCTPChunk { type, _, _, body throws(ByteReaderError) in
            guard type == 3 else { return }
            let cumulative = try body.readUInt32()
            try body.skip(4)
            let gaps = Int(try body.readUInt16())
            try body.skip(2)
            acknowledge(through: cumulative, at: now)
            // Blocks come in order (RFC 9260 section 3.3.4); what comes otherwise is not walked again.
            var last: UInt16 = 0
            var newest: Int?
            for _ in 0..<gaps {
                let (start, end) = (try body.readUInt16(), try body.readUInt16())
                guard start > last, end >= start else { continue }
                last = end
                newest = acknowledge(from: cumulative, offsets: start...end, at: now) ?? newest
            }
            if let newest { reportMissing(before: newest) }
        }
    }

    /// Whether a message with a lifetime would begin to go out at once, or wait for nothing but other streams' turns.
    ///
    /// - Parameter window: the congestion window in bytes; 0 while the peer takes nothing.
    func hasRoom(window: Int, at now: NetworkTime) -> Bool {
        // Nothing holds usrsctp up, so nothing is waiting: of a message that was given up, the rest never goes out.
        if flightBytes == 0 { return true }
        var isQueued = false
        for message in waiting.values.map(\.last) + [begun] {
            guard let message else { continue }
            guard let expires = message.expires else {
                isQueued = true
                continue
            }
            if expires >= now { return false }
        }
        // usrsctp begins another packet as long as anything of the window is left.
        return isQueued || flightBytes < window
    }

    /// About how long it will be until the last of a message has left, if it begins now: what the window leaves in a
    /// round trip, which is twice as much in each as in the one before as long as nothing is lost (RFC 9260 section
    /// 7.2.1).
    ///
    /// What is in flight counts as sent just now, so it may be up to a round trip less. With nothing in flight it is
    /// not told: the window may be small only because nothing has been sent.
    func timeToLeave(_ byteCount: Int, window: Int) -> Duration {
        guard flightBytes > 0, window > 0 else { return .zero }
        return roundTrip * log2(1 + Double(max(0, flightBytes + byteCount - window)) / Double(window))
    }

    // MARK: - What is in flight

    /// - Returns: whether it may go out.
    private mutating func note(
        _ number: UInt32, stream: UInt16, flags: UInt8, _ byteCount: Int, at now: NetworkTime
    ) -> Bool {
        if firstNumber == nil {
            firstNumber = number
            cumulative = number &- 1
        }
        let next = (firstNumber ?? number) &+ UInt32(chunks.count)
        guard number &- next < Self.memory else {
            // It was sent before, and is sent again: whose acknowledgement comes then cannot be told (Karn's rule).
            if timed?.number == number { timed = nil }
            guard let firstNumber, number &- firstNumber < chunks.count else { return true }
            let index = Int(number &- firstNumber)
            chunks[index].isSentAgain = true
            return chunks[index].expires >= now
        }
        // usrsctp gives the rest of a message that it gives up a number of its own, which it never sends.
        for _ in 0..<(number &- next) {
            append(flags: begun?.isUnordered ?? false ? 5 : 1, byteCount: 0)
            begun = nil
            // The peer may have answered already.
            acknowledge(through: cumulative, at: now)
        }
        if flags & 2 != 0 { begin(stream) }
        let isUnordered = flags & 4 != 0
        if let begun, begun.stream != stream || begun.isUnordered != isUnordered { self.begun = nil }
        append(flags: flags, byteCount: byteCount)
        if timed == nil { timed = (number, now) }
        // Sixteen bytes of header (RFC 9260 section 3.3.1).
        begun?.byteCount -= byteCount - 16
        let isHeld = begun.map { $0.limit < now && !$0.isCut } ?? false
        if isHeld { hold(number) }
        guard flags & 1 != 0 else { return !isHeld }
        // Whose length is another was another message: nothing is known of those that wait.
        if let begun, begun.byteCount != 0 { waiting[stream] = nil }
        begun = nil
        return !isHeld
    }

    /// What is over lacks one chunk from then on. The others show the peer that it does, and by its answer usrsctp sees
    /// that the message is over, and drops the rest of it.
    private mutating func hold(_ number: UInt32) {
        begun?.isCut = true
        if timed?.number == number { timed = nil }
        chunks[chunks.count - 1].isSentAgain = true
    }

    private mutating func begin(_ stream: UInt16) {
        begun = nil
        guard var messages = waiting.removeValue(forKey: stream) else { return }
        begun = messages.popFirst()
        if !messages.isEmpty { waiting[stream] = messages }
    }

    /// - Parameter flags: 1 is the end of a message, 2 its beginning, 4 that it is unordered (RFC 9260 section 3.3.1).
    private mutating func append(flags: UInt8, byteCount: Int) {
        if chunks.count >= Self.memory { removeFirst() }
        let chunk = Chunk(
            expires: begun?.limit ?? .distantFuture, bytes: UInt16(clamping: byteCount), isEnd: flags & 1 != 0,
            isWhole: flags & 3 == 3, isUnordered: flags & 4 != 0, isSentOnce: begun?.isSentOnce ?? false)
        chunks.append(chunk)
        flightBytes += Int(chunk.bytes)
        if chunk.isLimited { limitedCount += 1 }
    }

    private mutating func acknowledge(through number: UInt32, at now: NetworkTime) {
        if number.isAfter(cumulative) { cumulative = number }
        while let firstNumber, !chunks.isEmpty, !firstNumber.isAfter(number) { removeFirst() }
        if let timed, !timed.number.isAfter(number) { finishTiming(at: now) }
    }

    /// - Returns: the place of the newest of them that had not been acknowledged.
    private mutating func acknowledge(
        from cumulative: UInt32, offsets: ClosedRange<UInt16>, at now: NetworkTime
    ) -> Int? {
        guard let firstNumber else { return nil }
        let from = cumulative &+ UInt32(offsets.lowerBound) &- firstNumber
        let count = UInt32(chunks.count)
        guard from < count else { return nil }
        let last = min(from + UInt32(offsets.upperBound - offsets.lowerBound), count - 1)
        var newest: Int?
        for index in Int(from)...Int(last) where !chunks[index].isAcknowledged {
            land(index)
            chunks[index].isAcknowledged = true
            newest = index
        }
        if let timed, (from...last).contains(timed.number &- firstNumber) { finishTiming(at: now) }
        return newest
    }

    /// What was sent before what has come now, and has not come, is missing once more (RFC 9260 section 7.2.4).
    private mutating func reportMissing(before newest: Int) {
        guard limitedCount > 0 else { return }
        for index in 0..<newest
        where chunks[index].isLimited && !chunks[index].isAcknowledged
            && chunks[index].missingReports < Self.losingReports
        {
            chunks[index].missingReports += 1
        }
    }

    private mutating func finishTiming(at now: NetworkTime) {
        guard let timed else { return }
        self.timed = nil
        // Smoothed as in RFC 9260 section 6.3.1.
        let sample = timed.at.duration(to: now)
        roundTrip = isRoundTripKnown ? (roundTrip * 7 + sample) / 8 : sample
        isRoundTripKnown = true
    }

    /// What is given up is acknowledged when the peer has been told, which says nothing about the path.
    private mutating func stopTiming(through number: UInt32) {
        if let timed, !timed.number.isAfter(number) { self.timed = nil }
    }

    private mutating func removeFirst() {
        land(0)
        let chunk = chunks.removeFirst()
        if chunk.isLimited { limitedCount -= 1 }
        firstNumber? &+= 1
    }

    private mutating func land(_ index: Int) {
        guard !chunks[index].isAcknowledged, !chunks[index].isSkipped else { return }
        flightBytes -= Int(chunks[index].bytes)
    }

    // MARK: - What is given up

    /// usrsctp tells the peer what it has given up.
    ///
    /// - Returns: whether that is new. It answers every SACK with it, and usrsctp as a receiver every one of these with
    ///   a SACK: pairs of them multiply until they fill the path.
    private mutating func noteForward(through number: UInt32, at now: NetworkTime) -> Bool {
        if let firstNumber, !firstNumber.isAfter(number) {
            for index in 0..<min(chunks.count, Int(number &- firstNumber) + 1) {
                land(index)
                chunks[index].isSkipped = true
            }
        }
        stopTiming(through: number)
        if let forwarded, !number.isAfter(forwarded.number), now < forwarded.at.advanced(by: pause) { return false }
        forwarded = (number, now, [])
        return true
    }

    /// The time between two packets of usrsctp that say the same: four in a round trip, as each may be lost.
    private var pause: Duration { max(roundTrip / 4, Self.shortestPause) }

    /// The time between two packets that tell the peer everything.
    private var repetition: Duration { max(roundTrip, Self.shortestRepetition) }

    /// The packet that tells the peer what is given up by now, once in every tick; its checksum is to be filled in.
    ///
    /// It has a FORWARD TSN (RFC 3758 section 3.2) for each message, and not one for all: usrsctp as a receiver drops
    /// what is whole and before the number, where it has not delivered it. Each is told in three ticks, as packets get
    /// lost, and again in every round trip.
    mutating func forwardPacket(at now: NetworkTime) -> [UInt8]? {
        guard let header, now >= nextTelling else { return nil }
        let unheard = takeUnheard(at: now)
        guard limitedCount > 0 || unheard != nil else { return nil }
        nextTelling = now.advanced(by: SCTPStack.tick)
        let numbers = takeDue(at: now, isSaidAnyway: unheard != nil)
        guard !numbers.isEmpty || unheard != nil else { return nil }
        var writer = ByteWriter()
        writer.write(UInt64(bigEndian: header))
        writer.write(UInt32(0))
        for number in numbers {
            writer.write(UInt8(192))
            writer.write(UInt8(0))
            writer.write(UInt16(8))
            writer.write(number)
        }
        if let unheard { writer.write(unheard) }
        return writer.bytes
    }

    /// What usrsctp has told the peer, when it has not answered for a round trip. Of a message whose rest it gives up
    /// when nothing else is in flight it tells once, without a timer: were that packet lost, the stream could never be
    /// closed.
    private mutating func takeUnheard(at now: NetworkTime) -> [UInt8]? {
        guard let told = forwarded, told.number.isAfter(cumulative), now >= told.at.advanced(by: repetition) else {
            return nil
        }
        forwarded?.at = now
        return told.chunk
    }

    /// What is given up by now and to be told: what is new in the last ticks, and now and then all. (All of it with
    /// every tick would be half of what a link of 1 Mbit/s carries.)
    ///
    /// - Parameter isSaidAnyway: a higher number is told with it; the receiver drops what is whole before that if it
    ///   has not heard of those in between.
    private mutating func takeDue(at now: NetworkTime, isSaidAnyway: Bool) -> [UInt32] {
        var numbers = givenUp(at: now)
        guard let last = numbers.last else {
            told = []
            return []
        }
        if isSaidAnyway || now >= toldAll.advanced(by: repetition) || told.count < Self.tellings {
            toldAll = now
        } else if let floor = told.first {
            numbers.removeAll { !$0.isAfter(floor) }
        }
        stopTiming(through: last)
        told.append(last)
        if told.count > Self.tellings { told.removeFirst() }
        return numbers
    }

    /// The last numbers of messages that are given up, as long as nothing is before them that may still come.
    ///
    /// A message whose lifetime is over is given up when it is known to be lost: usrsctp takes what the peer then
    /// acknowledges for delivered, and would go on as if the path had brought it.
    private func givenUp(at now: NetworkTime) -> [UInt32] {
        guard let firstNumber, firstNumber == cumulative &+ 1 else { return [] }
        var numbers: [UInt32] = []
        var index = 0
        while index < chunks.count, numbers.count < Self.forwardLimit {
            let head = chunks[index]
            var (isThere, isWhole, isLost) = (true, false, false)
            while index < chunks.count, !isWhole {
                isThere = isThere && chunks[index].isAcknowledged
                isLost = isLost || chunks[index].isLost && !chunks[index].isAcknowledged
                isWhole = chunks[index].isEnd
                index += 1
            }
            if isThere, isWhole { continue }
            let isOver = head.isSkipped || head.isSentOnce || head.expires < now
            // Of ordered ones the peer would have to be told the stream and its number, which usrsctp does.
            // What has not gone out whole is left to usrsctp, which drops the rest.
            guard head.isUnordered, isLost, isOver, isWhole || head.isSkipped else { break }
            // Messages of one packet that have come behind it were delivered at once, and are told with it: usrsctp as
            // a receiver takes the number for the one before the next message of several packets, and waits for that
            // for ever where another lies between.
            while index < chunks.count, chunks[index].isWhole, chunks[index].isAcknowledged { index += 1 }
            numbers.append(firstNumber &+ UInt32(index - 1))
        }
        return numbers
    }
}

extension UInt32 {
    /// Serial number arithmetic (RFC 1982).
    fileprivate func isAfter(_ other: UInt32) -> Bool { Int32(bitPattern: self &- other) > 0 }
}
