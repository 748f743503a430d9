/// What a datagram on a transport shared by RTP and RTCP is (RFC 5761 section 4, RFC 7983 section 7).
package enum RTPPacketKind: Sendable, Equatable {
    case rtp
    case rtcp

    /// Looks at the first two bytes: 128 to 191 is version 2, and a second byte of 192 to 223 is an RTCP packet type.
    /// Nil for everything else, and for less than two bytes.
    package init?(_ packet: UnsafeRawBufferPointer) {
        guard packet.count >= 2, 128...191 ~= packet[0] else { return nil }
        self = 192...223 ~= packet[1] ? .rtcp : .rtp
    }

    /// Bytes before the payload that every packet of the kind has.
    var headerByteCount: Int {
        switch self {
        case .rtp: 12
        case .rtcp: 8
        }
    }

    /// Where the synchronization source of the sender stands.
    var sourceOffset: Int {
        switch self {
        case .rtp: 8
        case .rtcp: 4
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The synchronization source of an RTP or RTCP packet, when the fixed header is there.
    func source(_ kind: RTPPacketKind) -> UInt32? {
        guard count >= kind.headerByteCount else { return nil }
        return UInt32(bigEndian: loadUnaligned(fromByteOffset: kind.sourceOffset, as: UInt32.self))
    }

    /// Whether fixed header, contributing sources and header extension of an RTP packet end inside the first `limit`
    /// bytes (RFC 3550 section 5.3).
    func hasWholeRTPHeader(within limit: Int) -> Bool {
        guard limit >= 12, count >= limit else { return false }
        var end = 12 + 4 * Int(self[0] & 0x0F)
        if self[0] & 0x10 != 0 {
            guard end + 4 <= limit else { return false }
            end += 4 + 4 * Int(UInt16(bigEndian: loadUnaligned(fromByteOffset: end + 2, as: UInt16.self)))
        }
        return end <= limit
    }
}
