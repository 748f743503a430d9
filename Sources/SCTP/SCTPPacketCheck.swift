internal import Wire

/// Refuses packets that usrsctp should never see, before it sees them.
///
/// usrsctp 0.9.5.0 is from January 2021, and many of the faults that were fixed after it lie in chunk types that data
/// channels do not use and in lengths that lie. What remains here is the vocabulary of RFC 9260, RFC 3758 and RFC 6525.
struct SCTPPacketCheck {
    /// Chunk types by number (RFC 9260 section 3.2, RFC 3758, RFC 6525, RFC 4820).
    private enum Chunk: UInt8 {
        case data = 0
        case initiation = 1
        case initiationAck = 2
        case selectiveAck = 3
        case heartbeat = 4
        case heartbeatAck = 5
        case abort = 6
        case shutdown = 7
        case shutdownAck = 8
        case error = 9
        case cookieEcho = 10
        case cookieAck = 11
        case shutdownComplete = 14
        case reconfig = 130
        case pad = 132
        case forwardTSN = 192
    }

    /// Address parameters (RFC 9260 section 3.3.2.1): over DTLS there is one path, and no address belongs in a packet.
    private static let addressParameters: Set<UInt16> = [5, 6, 11]

    static let commonHeaderBytes = 12

    /// Streams with an identifier of this or more do not exist.
    let streamCount: UInt16
    let sourcePort: UInt16
    let destinationPort: UInt16

    /// Whether the packet may be handed to the library.
    func accepts(_ packet: UnsafeRawBufferPointer) -> Bool {
        do {
            var reader = ByteReader(packet.bytes)
            guard try reader.readUInt16() == sourcePort, try reader.readUInt16() == destinationPort else {
                return false
            }
            try reader.skip(8)
            // A packet without chunks is useless; one with hundreds of tiny ones only costs time.
            guard !reader.isAtEnd else { return false }
            while !reader.isAtEnd {
                guard let type = Chunk(rawValue: try reader.readUInt8()) else { return false }
                _ = try reader.readUInt8()
                let length = Int(try reader.readUInt16())
                guard length >= 4 else { return false }
                var body = try reader.subreader(length - 4)
                guard try acceptsBody(&body, of: type) else { return false }
                // The padding of the last chunk may be missing (RFC 9260 section 3.2 lets receivers accept that).
                try reader.skip(min(-length & 3, reader.remaining))
            }
            return true
        } catch {
            return false
        }
    }

    private func acceptsBody(_ body: inout ByteReader, of type: Chunk) throws(ByteReaderError) -> Bool {
        switch type {
        case .data:
            // Twelve bytes of TSN, stream, SSN and PPID, and at least one of user data.
            guard body.remaining >= 13 else { return false }
            try body.skip(4)
            return try body.readUInt16() < streamCount
        case .selectiveAck:
            try body.skip(8)
            let gaps = Int(try body.readUInt16())
            let duplicates = Int(try body.readUInt16())
            return body.remaining == 4 * (gaps + duplicates)
        case .initiation, .initiationAck:
            try body.skip(16)
            return try acceptsParameters(&body)
        case .reconfig:
            return try acceptsParameters(&body)
        case .forwardTSN:
            try body.skip(4)
            return body.remaining & 3 == 0
        case .heartbeat, .heartbeatAck:
            return body.remaining >= 4
        case .shutdown:
            return body.remaining == 4
        case .cookieAck, .shutdownAck, .shutdownComplete:
            return body.isAtEnd
        case .abort, .error:
            return try acceptsParameters(&body)
        case .cookieEcho, .pad:
            return true
        }
    }

    /// Type-length-value items, each padded to four bytes.
    private func acceptsParameters(_ body: inout ByteReader) throws(ByteReaderError) -> Bool {
        while !body.isAtEnd {
            let type = try body.readUInt16()
            let length = Int(try body.readUInt16())
            guard length >= 4, !Self.addressParameters.contains(type) else { return false }
            try body.skip(length - 4)
            try body.skip(min(-length & 3, body.remaining))
        }
        return true
    }
}
