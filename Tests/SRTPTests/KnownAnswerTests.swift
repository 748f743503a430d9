import SRTP
import Testing

/// Packets whose protected form is known: they show that keys and salts are cut from the exporter's bytes in the right
/// order. The first uses the master key and salt of RFC 3711 appendix B.3; both answers are what libsrtp checks itself
/// by.
@Suite struct KnownAnswerTests {
    static let plain: [UInt8] =
        [0x80, 0x0F, 0x12, 0x34, 0xDE, 0xCA, 0xFB, 0xAD, 0xCA, 0xFE, 0xBA, 0xBE] + Array(repeating: 0xAB, count: 16)

    /// Keys of the client as given, of the server all zero.
    func material(key: [UInt8], salt: [UInt8]) -> [UInt8] {
        key + Array(repeating: 0, count: key.count) + salt + Array(repeating: 0, count: salt.count)
    }

    @Test func `counter mode with SHA-1 gives the known packet`() throws {
        let key: [UInt8] = [
            0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39,
        ]
        let salt: [UInt8] = [0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6]
        let known: [UInt8] =
            Self.plain.prefix(12) + [
                0x4E, 0x55, 0xDC, 0x4C, 0xE7, 0x99, 0x78, 0xD8, 0x8C, 0xA4, 0xD2, 0x15, 0x94, 0x9D, 0x24, 0x02, 0xB7,
                0x8D, 0x6A, 0xCC, 0x99, 0xEA, 0x17, 0x9B, 0x8D, 0xBB,
            ]
        let keys = material(key: key, salt: salt)
        let client = try SRTPSession(profile: .aes128CMSHA1, keyingMaterial: keys, isDTLSClient: true)
        let server = try SRTPSession(profile: .aes128CMSHA1, keyingMaterial: keys, isDTLSClient: false)
        #expect(try client.protect(Self.plain) == known)
        #expect(try server.open(known).packet == Self.plain)
    }

    @Test func `Galois counter mode gives the known packet`() throws {
        let keys = material(key: Array(0..<16), salt: Array(0xA0...0xAB))
        let known: [UInt8] =
            Self.plain.prefix(12) + [
                0xC5, 0x00, 0x2E, 0xDE, 0x04, 0xCF, 0xDD, 0x2E, 0xB9, 0x11, 0x59, 0xE0, 0x88, 0x0A, 0xA0, 0x6E, 0xD2,
                0x97, 0x68, 0x26, 0xF7, 0x96, 0xB2, 0x01, 0xDF, 0x31, 0x31, 0xA1, 0x27, 0xE8, 0xA3, 0x92,
            ]
        let client = try SRTPSession(profile: .aeadAES128GCM, keyingMaterial: keys, isDTLSClient: true)
        let server = try SRTPSession(profile: .aeadAES128GCM, keyingMaterial: keys, isDTLSClient: false)
        #expect(try client.protect(Self.plain) == known)
        #expect(try server.open(known).packet == Self.plain)
    }
}
