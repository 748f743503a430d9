internal import Wire

extension STUNMessage {
    /// Reads the one message that `bytes` must be.
    ///
    /// Attributes behind MESSAGE-INTEGRITY are ignored, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT
    /// (RFC 8489 section 14.5). A FINGERPRINT is checked; integrity is not, because only the caller knows the key.
    /// - Throws: ``STUNError``; every proper prefix of a message throws.
    package init(parsing bytes: RawSpan) throws(STUNError) {
        var reader = ByteReader(bytes)
        let header: Header
        do { header = try Header(from: &reader) } catch { throw STUNError(error) }
        guard header.type & 0xC000 == 0, header.cookie == Self.magicCookie,
            let messageClass = Class(rawValue: header.type & 0x110)
        else { throw .notSTUN }
        guard header.length == reader.remaining, header.length.isMultiple(of: 4) else {
            throw .lengthMismatch(claimed: header.length, available: reader.remaining)
        }
        self.init(messageClass, Method(typeField: header.type), transactionID: header.transactionID)
        var count = 0
        while !reader.isAtEnd {
            count += 1
            if count > Self.maximumAttributeCount { throw .tooManyAttributes(limit: Self.maximumAttributeCount) }
            let raw: RawAttribute
            do { raw = try RawAttribute(from: &reader) } catch { throw STUNError(error) }
            switch raw.type {
            case .fingerprint:
                let claim = raw.value.reduce(0) { $0 << 8 | UInt32($1) }
                guard raw.value.count == 4, reader.isAtEnd,
                    Fingerprint.value(of: Self.prefix(of: bytes, count: raw.start)) == claim
                else { throw .fingerprintMismatch }
                hasFingerprint = true
            case .messageIntegrity:
                guard raw.value.count == 20 else { throw .malformedAttribute(raw.type) }
                messageIntegrity = messageIntegrity ?? Self.integrity(raw, of: bytes)
            case .messageIntegritySHA256:
                guard (16...32).contains(raw.value.count), raw.value.count.isMultiple(of: 4) else {
                    throw .malformedAttribute(raw.type)
                }
                messageIntegritySHA256 = messageIntegritySHA256 ?? Self.integrity(raw, of: bytes)
            default:
                // What stands behind the integrity is not protected by it.
                if messageIntegrity != nil || messageIntegritySHA256 != nil { continue }
                guard let attribute = STUNAttribute(raw.type, value: raw.value, transactionID: transactionID) else {
                    throw .malformedAttribute(raw.type)
                }
                attributes.append(attribute)
            }
        }
    }

    private static func integrity(_ raw: RawAttribute, of bytes: RawSpan) -> MessageIntegrity {
        var protected = prefix(of: bytes, count: raw.start)
        let length = raw.start + 4 + raw.value.count - headerBytes
        protected[2] = UInt8(truncatingIfNeeded: length >> 8)
        protected[3] = UInt8(truncatingIfNeeded: length)
        return MessageIntegrity(code: raw.value, protectedBytes: protected)
    }

    /// The first `count` bytes, which have been read before.
    private static func prefix(of bytes: RawSpan, count: Int) -> [UInt8] {
        var reader = ByteReader(bytes)
        return (try? reader.readBytes(count)) ?? []
    }

    private struct Header {
        let type: UInt16
        let length: Int
        let cookie: UInt32
        let transactionID: TransactionID

        init(from reader: inout ByteReader) throws(ByteReaderError) {
            type = try reader.readUInt16()
            length = Int(try reader.readUInt16())
            cookie = try reader.readUInt32()
            let high = try reader.readUInt32()
            transactionID = TransactionID(high: high, low: try reader.readUInt64())
        }
    }

    private struct RawAttribute {
        /// Where its type field begins in the message.
        let start: Int
        let type: STUNAttributeType
        let value: [UInt8]

        init(from reader: inout ByteReader) throws(ByteReaderError) {
            start = reader.offset
            type = STUNAttributeType(rawValue: try reader.readUInt16())
            value = try reader.readBytes(Int(try reader.readUInt16()))
            try reader.skip(-value.count & 3)
        }
    }
}

extension STUNMessage.Method {
    /// The method's bits in the message type, between which the class has two of its own (RFC 8489 section 5).
    init(typeField: UInt16) {
        self.init(rawValue: typeField & 0xF | typeField >> 1 & 0x70 | typeField >> 2 & 0xF80)
    }

    var typeField: UInt16 { rawValue & 0xF | (rawValue & 0x70) << 1 | (rawValue & 0xF80) << 2 }
}
