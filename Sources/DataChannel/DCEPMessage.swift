internal import Wire

/// A message of the Data Channel Establishment Protocol (RFC 8832 section 5), sent with PPID 50.
///
/// DATA_CHANNEL_OPEN:
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+---------------+-------------------------------+
/// |  Type = 0x03  | Channel Type  |            Priority           |
/// +---------------+---------------+-------------------------------+
/// |                     Reliability Parameter                     |
/// +-------------------------------+-------------------------------+
/// |         Label Length          |        Protocol Length        |
/// +-------------------------------+-------------------------------+
/// |                      Label, then Protocol                     |
/// +---------------------------------------------------------------+
/// ```
/// DATA_CHANNEL_ACK is the single byte 0x02.
package enum DCEPMessage: Hashable, Sendable {
    case open(DataChannelParameters)
    case acknowledgement

    /// Bytes of an OPEN before its label.
    package static let openHeaderBytes = 12

    /// Parses a whole message.
    ///
    /// The reliability parameter is 32 bits on the wire and 16 in the API: larger values are clamped to 65535. For
    /// reliable channels it is ignored (section 5.1).
    /// - Throws: ``DataChannelError/truncated(needed:available:)``, ``DataChannelError/trailingBytes(count:)``,
    ///   ``DataChannelError/unknownMessageType(_:)``, ``DataChannelError/unknownChannelType(_:)`` or
    ///   ``DataChannelError/invalidText``.
    package init(decoding bytes: [UInt8]) throws(DataChannelError) {
        // Safe: the bytes of UInt8 have no padding, and the span does not outlive `bytes`.
        var reader = unsafe ByteReader(bytes.span.bytes)
        let type: UInt8
        do { type = try reader.readUInt8() } catch { throw DataChannelError(error) }
        switch type {
        case Code.acknowledgement: self = .acknowledgement
        case Code.open: self = .open(try Self.readOpen(&reader))
        default: throw .unknownMessageType(type)
        }
        if !reader.isAtEnd { throw .trailingBytes(count: reader.remaining) }
    }

    /// The message's bytes.
    package var encoded: [UInt8] {
        guard case .open(let parameters) = self else { return [Code.acknowledgement] }
        let label = parameters.label.utf8
        let subprotocol = parameters.protocol.utf8
        let (kind, limit): (UInt8, UInt16) =
            switch parameters.reliability {
            case .reliable: (Code.reliable, 0)
            case .maxRetransmits(let count): (Code.limitedRetransmissions, count)
            case .maxPacketLifeTime(let milliseconds): (Code.limitedLifeTime, milliseconds)
            }
        var writer = ByteWriter(reserving: Self.openHeaderBytes + label.count + subprotocol.count)
        writer.write(Code.open)
        writer.write(parameters.ordered ? kind : kind | Code.unordered)
        writer.write(parameters.priority.rawValue)
        writer.write(UInt32(limit))
        // DataChannelParameters admits nothing longer than these fields hold.
        writer.write(UInt16(truncatingIfNeeded: label.count))
        writer.write(UInt16(truncatingIfNeeded: subprotocol.count))
        writer.write(label)
        writer.write(subprotocol)
        return writer.bytes
    }

    private enum Code {
        static let acknowledgement: UInt8 = 0x02
        static let open: UInt8 = 0x03
        static let reliable: UInt8 = 0x00
        static let limitedRetransmissions: UInt8 = 0x01
        static let limitedLifeTime: UInt8 = 0x02
        /// Added to the channel type.
        static let unordered: UInt8 = 0x80
    }

    private static func readOpen(_ reader: inout ByteReader) throws(DataChannelError) -> DataChannelParameters {
        let fields: (type: UInt8, priority: UInt16, limit: UInt32, label: String, subprotocol: String)
        do throws(ByteReaderError) {
            let type = try reader.readUInt8()
            let priority = try reader.readUInt16()
            let limit = try reader.readUInt32()
            let labelCount = Int(try reader.readUInt16())
            let protocolCount = Int(try reader.readUInt16())
            fields = (type, priority, limit, try reader.readText(labelCount), try reader.readText(protocolCount))
        } catch {
            throw DataChannelError(error)
        }
        let reliability: DataChannelReliability
        switch fields.type & ~Code.unordered {
        case Code.reliable: reliability = .reliable
        case Code.limitedRetransmissions: reliability = .maxRetransmits(UInt16(clamping: fields.limit))
        case Code.limitedLifeTime: reliability = .maxPacketLifeTime(UInt16(clamping: fields.limit))
        default: throw .unknownChannelType(fields.type)
        }
        return try DataChannelParameters(
            label: fields.label, protocol: fields.subprotocol, ordered: fields.type & Code.unordered == 0,
            reliability: reliability, priority: DataChannelPriority(rawValue: fields.priority))
    }
}
