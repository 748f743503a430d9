/// The FINGERPRINT attribute: CRC-32 (ITU-T V.42, as in zip files) of everything before it, XOR "STUN"
/// (RFC 8489 section 14.7). It tells STUN from other protocols; it protects nothing.
enum Fingerprint {
    static let attributeBytes = 8

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
    }

    static func value(of bytes: some Sequence<UInt8>) -> UInt32 {
        crc32(bytes) ^ 0x5354_554E
    }

    static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
    }
}
