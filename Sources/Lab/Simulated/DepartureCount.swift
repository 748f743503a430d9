internal import SCTP
internal import Wire

/// Counts, by the packets that SCTP sends, what really left it: a message that waits outside of SCTP is not seen here.
struct DepartureCount: Sendable {
    /// Messages of each stream whose first fragment went out.
    private(set) var begun: [UInt16: Int] = [:]
    /// FORWARD TSN chunks (RFC 3758 section 3.2), by which the sender gives up what is missing.
    private(set) var forwardCount = 0
    private var highest: UInt32?

    /// A packet goes out.
    mutating func handle(packet: UnsafeRawBufferPointer) {
        packet.forEachSCTPChunk { type, flags, _, body throws(ByteReaderError) in
            if type == 192 { forwardCount += 1 }
            guard type == 0 else { return }
            let number = try body.readUInt32()
            // Serial number arithmetic (RFC 1982); what is not new is sent again.
            guard highest.map({ number != $0 && number &- $0 < 1 << 31 }) ?? true else { return }
            highest = number
            // Flag 2: the first fragment (RFC 9260 section 3.3.1).
            if flags & 2 != 0 { begun[try body.readUInt16(), default: 0] += 1 }
        }
    }
}
