package import Wire

/// One attribute of a STUN message with its value decoded, except those that protect the message.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Type                  |            Length             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Value, padded to a multiple of four bytes ...
/// ```
/// RFC 8489 section 14; the ICE attributes: RFC 8445 section 16.1.
package enum STUNAttribute: Hashable, Sendable {
    case mappedAddress(TransportAddress)
    /// The address itself, unmasked.
    case xorMappedAddress(TransportAddress)
    case username(String)
    case errorCode(STUNErrorCode)
    case unknownAttributes([STUNAttributeType])
    case priority(UInt32)
    case useCandidate
    /// The sender is controlled; its tie-breaker.
    case iceControlled(UInt64)
    /// The sender is controlling; its tie-breaker.
    case iceControlling(UInt64)
    case software(String)
    /// An attribute this codec has no case for, as it came.
    case other(STUNAttributeType, [UInt8])

    package var type: STUNAttributeType {
        switch self {
        case .mappedAddress: .mappedAddress
        case .xorMappedAddress: .xorMappedAddress
        case .username: .username
        case .errorCode: .errorCode
        case .unknownAttributes: .unknownAttributes
        case .priority: .priority
        case .useCandidate: .useCandidate
        case .iceControlled: .iceControlled
        case .iceControlling: .iceControlling
        case .software: .software
        case .other(let type, _): type
        }
    }
}

extension STUNAttribute {
    /// Decodes a value without its padding. Nil if it cannot be a value of this type.
    init?(_ type: STUNAttributeType, value: [UInt8], transactionID: TransactionID) {
        // Bytes of UInt8 have no padding that could be left uninitialised.
        var reader = unsafe ByteReader(value.span.bytes)
        guard let attribute = try? STUNAttribute(type, from: &reader, transactionID: transactionID) else { return nil }
        self = attribute
    }

    private init?(
        _ type: STUNAttributeType, from reader: inout ByteReader, transactionID: TransactionID
    ) throws(ByteReaderError) {
        switch type {
        case .mappedAddress:
            guard let address = try Self.readAddress(from: &reader) else { return nil }
            self = .mappedAddress(address)
        case .xorMappedAddress:
            guard let address = try Self.readAddress(from: &reader) else { return nil }
            self = .xorMappedAddress(transactionID.masking(address))
        case .username: self = .username(try reader.readText(reader.remaining))
        case .errorCode:
            try reader.skip(2)
            let (hundreds, rest) = (Int(try reader.readUInt8() & 7), Int(try reader.readUInt8()))
            guard (3...6).contains(hundreds), rest < 100 else { return nil }
            // The phrase is for people: bytes that are not UTF-8 are repaired, not refused.
            let reason = String(decoding: try reader.readBytes(reader.remaining), as: UTF8.self)
            self = .errorCode(STUNErrorCode(hundreds * 100 + rest, reason))
        case .unknownAttributes:
            var types: [STUNAttributeType] = []
            while !reader.isAtEnd { types.append(STUNAttributeType(rawValue: try reader.readUInt16())) }
            self = .unknownAttributes(types)
        case .priority: self = .priority(try reader.readUInt32())
        case .useCandidate: self = .useCandidate
        case .iceControlled: self = .iceControlled(try reader.readUInt64())
        case .iceControlling: self = .iceControlling(try reader.readUInt64())
        case .software: self = .software(String(decoding: try reader.readBytes(reader.remaining), as: UTF8.self))
        default: self = .other(type, try reader.readBytes(reader.remaining))
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func readAddress(from reader: inout ByteReader) throws(ByteReaderError) -> TransportAddress? {
        try reader.skip(1)
        let family = try reader.readUInt8()
        let port = try reader.readUInt16()
        switch family {
        case 1: return TransportAddress(IPAddress(v4: try reader.readUInt32()), port: port)
        case 2:
            let high = try reader.readUInt64()
            return TransportAddress(IPAddress(v6High: high, low: try reader.readUInt64()), port: port)
        default: return nil
        }
    }

    /// Appends the value, without type, length and padding.
    func writeValue(to writer: inout ByteWriter, transactionID: TransactionID) {
        switch self {
        case .mappedAddress(let address): Self.write(address, to: &writer)
        case .xorMappedAddress(let address): Self.write(transactionID.masking(address), to: &writer)
        case .username(let text), .software(let text): writer.write(text: text)
        case .errorCode(let error):
            writer.pad(2)
            writer.write(UInt8(truncatingIfNeeded: error.code / 100))
            writer.write(UInt8(truncatingIfNeeded: error.code % 100))
            writer.write(text: error.reason)
        case .unknownAttributes(let types): for type in types { writer.write(type.rawValue) }
        case .priority(let value): writer.write(value)
        case .useCandidate: break
        case .iceControlled(let tieBreaker), .iceControlling(let tieBreaker): writer.write(tieBreaker)
        case .other(_, let bytes): writer.write(bytes)
        }
    }

    private static func write(_ address: TransportAddress, to writer: inout ByteWriter) {
        writer.write(UInt8(0))
        writer.write(UInt8(address.ip.family == .v4 ? 1 : 2))
        writer.write(address.port)
        writer.write(address.ip.bytes)
    }
}
