import Digests
import Testing
import Wire

@testable import STUN

let hmacSHA1: HMACProvider = { HMAC.authenticationCode(.sha1, key: $0, message: $1) }
let hmacSHA256: HMACProvider = { HMAC.authenticationCode(.sha256, key: $0, message: $1) }

func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func parse(_ bytes: [UInt8]) throws(STUNError) -> STUNMessage {
    try STUNMessage(parsing: bytes.span.bytes)
}

/// The messages of RFC 5769, byte for byte.
enum RFC5769 {
    /// Section 2.1. The padding of USERNAME is spaces.
    static let request = bytes(
        hex: """
            00010058 2112a442 b7e7a701 bc34d686 fa87dfae
            80220010 5354554e 20746573 7420636c 69656e74
            00240004 6e0001ff
            80290008 932ff9b1 51263b36
            00060009 6576746a 3a683676 59202020
            00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
            80280004 e57a3bcf
            """)
    /// Section 2.2. The padding of SOFTWARE is a space.
    static let responseIPv4 = bytes(
        hex: """
            0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
            8022000b 74657374 20766563 746f7220
            00200008 0001a147 e112a643
            00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
            80280004 c07d4c96
            """)
    /// Section 2.3.
    static let responseIPv6 = bytes(
        hex: """
            01010048 2112a442 b7e7a701 bc34d686 fa87dfae
            8022000b 74657374 20766563 746f7220
            00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
            00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
            80280004 c8fb0b4c
            """)
    /// Section 2.4, without FINGERPRINT.
    static let longTermRequest = bytes(
        hex: """
            00010060 2112a442 78ad3433 c6ad72c0 29da412e
            00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
            0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
            0014000b 6578616d 706c652e 6f726700
            00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666
            """)
    static let all = [request, responseIPv4, responseIPv6, longTermRequest]
    static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)
    static let transactionID = TransactionID(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae)
}

@Suite struct RFC5769Tests {
    @Test func `the sample request is read in every field`() throws {
        let message = try parse(RFC5769.request)
        #expect(message.messageClass == .request)
        #expect(message.method == .binding)
        #expect(message.transactionID == RFC5769.transactionID)
        #expect(
            message.attributes == [
                .software("STUN test client"), .priority(0x6e00_01ff), .iceControlled(0x932f_f9b1_5126_3b36),
                .username("evtj:h6vY"),
            ])
        #expect(message.hasFingerprint)
        #expect(message.unknownRequiredTypes.isEmpty)
        #expect(try #require(message.messageIntegrity).holds(underKey: RFC5769.password, by: hmacSHA1))
    }

    @Test(arguments: [
        (RFC5769.responseIPv4, "192.0.2.1"), (RFC5769.responseIPv6, "2001:db8:1234:5678:11:2233:4455:6677"),
    ]) func `the sample responses give the mapped address`(response: [UInt8], address: String) throws {
        let message = try parse(response)
        #expect(message.messageClass == .successResponse)
        #expect(message.software == "test vector")
        #expect(message.xorMappedAddress == TransportAddress(try #require(IPAddress(address)), port: 32853))
        #expect(message.hasFingerprint)
        #expect(try #require(message.messageIntegrity).holds(underKey: RFC5769.password, by: hmacSHA1))
    }

    @Test func `the long-term request holds under the digest of its credentials`() throws {
        let message = try parse(RFC5769.longTermRequest)
        #expect(message.username == "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}")
        #expect(!message.hasFingerprint)
        // REALM and NONCE are for TURN: not understood yet, and kept.
        #expect(message.unknownRequiredTypes == [.nonce, .realm])
        // MD5 of "<username>:example.org:TheMatrIX".
        let key = bytes(hex: "e8ca7ad59d5eb0518e312911d2dab2a9")
        #expect(try #require(message.messageIntegrity).holds(underKey: key, by: hmacSHA1))
    }

    @Test(arguments: RFC5769.all) func `a wrong key and a changed byte break the integrity`(sample: [UInt8]) throws {
        let message = try parse(sample)
        #expect(!(try #require(message.messageIntegrity).holds(underKey: [1, 2, 3], by: hmacSHA1)))
        var changed = sample
        changed[27] ^= 1
        if message.hasFingerprint {
            #expect(throws: STUNError.fingerprintMismatch) { try parse(changed) }
        }
    }

    @Test(arguments: RFC5769.all) func `every truncation throws`(sample: [UInt8]) {
        for count in sample.indices {
            #expect(throws: STUNError.self, "\(count) bytes") { try parse(Array(sample[..<count])) }
        }
    }

    @Test(arguments: RFC5769.all) func `a changed bit never passes for the protected message`(sample: [UInt8]) throws {
        let original = try parse(sample)
        for bit in 0..<sample.count * 8 {
            var changed = sample
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let message = try? parse(changed) else { continue }
            // What still parses either claims to protect something else or differs behind what is protected.
            let isBehindIntegrity = bit / 8 >= sample.count - (original.hasFingerprint ? 8 : 0)
            #expect(isBehindIntegrity || message.messageIntegrity != original.messageIntegrity, "bit \(bit)")
            #expect(!message.hasFingerprint, "bit \(bit)")
        }
    }
}
