internal import DequeModule
internal import Wire

/// Sees which messages have left usrsctp and what is in flight, by the packets that pass.
///
/// usrsctp looks at the lifetime of a message (RFC 3758) only when it is about to send it again: what waits in its queue for room in
/// the congestion window is sent however old it is. So a message with a lifetime is given to it only when it begins to go out at once,
/// or when nothing but its turn among other streams holds it up; until then it waits where it can expire
/// (RFC 8831 section 6.6: the lifetime holds for transmissions too).
struct TransmissionWatch {
    /// Chunks that are remembered; what is in flight before them is not counted.
    private static let memory = 16_384

    private struct Chunk {
        let bytes: Int
        var isInFlight = true
    }

    /// Chunks from `firstNumber` on, those that are acknowledged among them.
    private var chunks: Deque<Chunk> = []
    private var firstNumber: UInt32?
    private var flightBytes = 0
    /// Messages by stream that usrsctp has and that have not gone out whole.
    private var waiting: [UInt16: Int] = [:]
    /// Streams whose messages have a lifetime, and until when one of theirs can be waiting.
    private var limited: [UInt16: NetworkTime] = [:]

    /// usrsctp has taken a message.
    ///
    /// - Parameter expires: when its lifetime ends, where it has one.
    mutating func handedOver(stream: UInt16, expires: NetworkTime?) {
        waiting[stream, default: 0] += 1
        if let expires { limited[stream] = expires }
    }

    /// One of its messages does not wait any more.
    mutating func released(stream: UInt16) {
        guard let count = waiting[stream] else { return }
        waiting[stream] = count > 1 ? count - 1 : nil
    }

    /// A packet goes out.
    mutating func sent(_ packet: UnsafeRawBufferPointer) {
        forEachChunk(of: packet) { watch, type, flags, bytes, body throws(ByteReaderError) in
            switch type {
            case 0: watch.note(try body.readUInt32(), stream: try body.readUInt16(), isEnd: flags & 1 != 0, bytes)
            // FORWARD TSN: what was given up is not in flight, and what was left of it will not go out.
            case 192:
                watch.acknowledge(through: try body.readUInt32())
                watch.waiting = [:]
            default: break
            }
        }
    }

    /// A packet of the peer has come.
    mutating func received(_ packet: UnsafeRawBufferPointer) {
        forEachChunk(of: packet) { watch, type, _, _, body throws(ByteReaderError) in
            guard type == 3 else { return }
            let cumulative = try body.readUInt32()
            try body.skip(4)
            let gaps = Int(try body.readUInt16())
            try body.skip(2)
            watch.acknowledge(through: cumulative)
            // Blocks come in order (RFC 9260 section 3.3.4); what comes otherwise is not walked again.
            var last: UInt16 = 0
            for _ in 0..<gaps {
                let (start, end) = (try body.readUInt16(), try body.readUInt16())
                guard start > last, end >= start else { continue }
                last = end
                watch.acknowledge(from: cumulative, offsets: start...end)
            }
        }
    }

    /// Whether a message with a lifetime would begin to go out at once, or wait for nothing but other streams' turns.
    ///
    /// - Parameter window: the congestion window in bytes; 0 while the peer takes nothing.
    mutating func hasRoom(window: Int, at now: NetworkTime) -> Bool {
        if flightBytes == 0 {
            // Nothing holds usrsctp up, so nothing is waiting: of a message that was given up, the rest never goes out.
            waiting = [:]
            return true
        }
        for (stream, expires) in limited where expires < now {
            waiting[stream] = nil
            limited[stream] = nil
        }
        // usrsctp begins another packet as long as anything of the window is left.
        return waiting.isEmpty ? flightBytes < window : !waiting.keys.contains { limited[$0] != nil }
    }

    // MARK: - What is in flight

    private mutating func note(_ number: UInt32, stream: UInt16, isEnd: Bool, _ bytes: Int) {
        let first = firstNumber ?? number
        firstNumber = first
        // What is not the next one was sent before, and is sent again.
        guard number == first &+ UInt32(chunks.count) else { return }
        if chunks.count >= Self.memory { removeFirst() }
        chunks.append(Chunk(bytes: bytes))
        flightBytes += bytes
        if isEnd { released(stream: stream) }
    }

    private mutating func acknowledge(through number: UInt32) {
        // Serial number arithmetic (RFC 1982).
        while let firstNumber, !chunks.isEmpty, number &- firstNumber < 1 << 31 { removeFirst() }
    }

    private mutating func acknowledge(from cumulative: UInt32, offsets: ClosedRange<UInt16>) {
        guard let firstNumber else { return }
        let from = cumulative &+ UInt32(offsets.lowerBound) &- firstNumber
        let count = UInt32(chunks.count)
        guard from < count else { return }
        let last = min(from + UInt32(offsets.upperBound - offsets.lowerBound), count - 1)
        for index in Int(from)...Int(last) { land(index) }
    }

    private mutating func removeFirst() {
        land(0)
        chunks.removeFirst()
        firstNumber? &+= 1
    }

    private mutating func land(_ index: Int) {
        guard chunks[index].isInFlight else { return }
        chunks[index].isInFlight = false
        flightBytes -= chunks[index].bytes
    }

    /// What is no SCTP is passed over from there on.
    private mutating func forEachChunk(
        of packet: UnsafeRawBufferPointer,
        _ body: (
            _ watch: inout Self, _ type: UInt8, _ flags: UInt8, _ bytes: Int, _ reader: inout ByteReader
        ) throws(ByteReaderError) -> Void
    ) {
        do throws(ByteReaderError) {
            var reader = ByteReader(packet.bytes)
            try reader.skip(12)
            while reader.remaining >= 4 {
                let type = try reader.readUInt8()
                let flags = try reader.readUInt8()
                let length = Int(try reader.readUInt16())
                guard length >= 4 else { return }
                var chunk = try reader.subreader(length - 4)
                try body(&self, type, flags, length, &chunk)
                try reader.skip(min(-length & 3, reader.remaining))
            }
        } catch {
            // The rest of the packet says nothing.
        }
    }
}
