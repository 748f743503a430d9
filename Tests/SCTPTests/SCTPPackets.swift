import Wire

@testable import SCTP

/// Packets as usrsctp and its peer would send them, without a checksum.
enum SCTPPackets {
    /// One DATA chunk (RFC 9260 section 3.3.1).
    struct Data {
        var number: UInt32
        var stream: UInt16 = 0
        var byteCount = 100
        var begins = true
        var ends = true
        var isUnordered = true
    }

    static func packet(_ chunks: [UInt8]...) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt16(5000))
        writer.write(UInt16(5001))
        writer.write(UInt32(0x1234_5678))
        writer.write(UInt32(0))
        for chunk in chunks {
            writer.write(chunk)
            writer.pad(-chunk.count & 3)
        }
        return writer.bytes
    }

    static func data(_ data: Data) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt8(0))
        writer.write(UInt8((data.isUnordered ? 4 : 0) | (data.begins ? 2 : 0) | (data.ends ? 1 : 0)))
        writer.write(UInt16(16 + data.byteCount))
        writer.write(data.number)
        writer.write(data.stream)
        writer.write(UInt16(0))
        writer.write(UInt32(53))
        writer.pad(data.byteCount)
        return writer.bytes
    }

    static func acknowledgement(_ cumulative: UInt32, gaps: [(UInt16, UInt16)] = []) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt8(3))
        writer.write(UInt8(0))
        writer.write(UInt16(16 + 4 * gaps.count))
        writer.write(cumulative)
        writer.write(UInt32(1 << 20))
        writer.write(UInt16(gaps.count))
        writer.write(UInt16(0))
        for (start, end) in gaps {
            writer.write(start)
            writer.write(end)
        }
        return writer.bytes
    }

    static func forward(_ number: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt8(192))
        writer.write(UInt8(0))
        writer.write(UInt16(8))
        writer.write(number)
        return writer.bytes
    }

    /// Makes a peer that does not know RFC 3758 of one that does: its INIT or INIT ACK says neither the parameter
    /// (section 3.1) nor, among the extensions (RFC 5061 section 4.2.7), the chunk.
    static func hideForwardTSN(in packet: inout [UInt8]) {
        guard packet.count > 32, packet[12] == 1 || packet[12] == 2 else { return }
        var index = 32
        while index + 4 <= packet.count {
            let type = UInt16(packet[index]) << 8 | UInt16(packet[index + 1])
            let length = Int(packet[index + 2]) << 8 | Int(packet[index + 3])
            guard length >= 4, index + length <= packet.count else { return }
            // Unknown from then on, to be passed over without a word.
            if type == 0xC000 { packet[index] = 0x80 }
            if type == 0x8008 {
                for place in index + 4..<index + length where packet[place] == 192 { packet[place] = 0 }
            }
            index += (length + 3) & ~3
        }
    }
}
