internal import Wire

extension STUNMessage {
    /// The message as it goes on the wire, with MESSAGE-INTEGRITY when a key is given, and FINGERPRINT as the last
    /// attribute unless told otherwise.
    ///
    /// - Parameters:
    ///   - integrityKey: for short-term credentials the bytes of the password (RFC 8489 section 9.1.1).
    ///   - hmac: HMAC-SHA1; not called without a key.
    package func encoded(
        integrityKey: [UInt8]? = nil, hmac: HMACProvider = { _, _ in [] }, fingerprint: Bool = true
    ) -> [UInt8] {
        var writer = ByteWriter(reserving: 160)
        writer.write(messageClass.rawValue | method.typeField)
        writer.write(UInt16(0))
        writer.write(Self.magicCookie)
        writer.write(transactionID.high)
        writer.write(transactionID.low)
        for attribute in attributes {
            var value = ByteWriter()
            attribute.writeValue(to: &value, transactionID: transactionID)
            Self.append(attribute.type, value.bytes, to: &writer)
        }
        if let integrityKey {
            // The length counts the attribute that is about to be made.
            writer.patch(UInt16(clamping: writer.count + 24 - Self.headerBytes), at: 2)
            Self.append(.messageIntegrity, hmac(integrityKey, writer.bytes), to: &writer)
        }
        if fingerprint {
            writer.patch(UInt16(clamping: writer.count + Fingerprint.attributeBytes - Self.headerBytes), at: 2)
            var value = ByteWriter()
            value.write(Fingerprint.value(of: writer.bytes))
            Self.append(.fingerprint, value.bytes, to: &writer)
        }
        writer.patch(UInt16(clamping: writer.count - Self.headerBytes), at: 2)
        return writer.bytes
    }

    private static func append(_ type: STUNAttributeType, _ value: [UInt8], to writer: inout ByteWriter) {
        writer.write(type.rawValue)
        writer.write(UInt16(clamping: value.count))
        writer.write(value)
        writer.pad(-value.count & 3)
    }
}
