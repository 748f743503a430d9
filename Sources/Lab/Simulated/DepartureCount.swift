internal import Wire

/// Counts, by the packets that SCTP sends, what really left it: a message that waits outside of SCTP is not seen here.
struct DepartureCount: Sendable {
    /// Messages of each stream whose first fragment went out.
    private(set) var begun: [UInt16: Int] = [:]
    /// FORWARD TSN chunks (RFC 3758 section 3.2), by which the sender gives up what is missing.
    private(set) var forwardCount = 0
    private var highest: UInt32?

    /// A packet goes out. What is no SCTP is passed over from there on.
    mutating func handle(packet: UnsafeRawBufferPointer) {
        var reader = ByteReader(packet.bytes)
        try? readChunks(&reader)
    }

    private mutating func readChunks(_ reader: inout ByteReader) throws(ByteReaderError) {
        // Ports, verification tag and checksum.
        try reader.skip(12)
        while reader.remaining >= 4 {
            let type = try reader.readUInt8()
            let flags = try reader.readUInt8()
            let length = Int(try reader.readUInt16())
            guard length >= 4 else { return }
            var body = try reader.subreader(length - 4)
            if type == 192 { forwardCount += 1 }
            if type == 0 {
                let number = try body.readUInt32()
                // Serial number arithmetic (RFC 1982); what is not new is sent again.
                if highest.map({ number != $0 && number &- $0 < 1 << 31 }) ?? true {
                    highest = number
                    // Flag 2: the first fragment (RFC 9260 section 3.3.1).
                    if flags & 2 != 0 { begun[try body.readUInt16(), default: 0] += 1 }
                }
            }
            try reader.skip(min(-length & 3, reader.remaining))
        }
    }
}
