import Digests
import Testing
import Wire

@testable import STUN

@Suite struct MessageTests {
    static let address4 = TransportAddress(IPAddress(v4: 0xC000_0201), port: 4242)
    static let address6 = TransportAddress(IPAddress(v6High: 0x2001_0db8_0000_0001, low: 0x1122_3344), port: 1)
    static let id = TransactionID(high: 0x0102_0304, low: 0x0506_0708_090A_0B0C)

    @Test(
        arguments: [
            STUNAttribute.mappedAddress(address4), .mappedAddress(address6), .xorMappedAddress(address4),
            .xorMappedAddress(address6), .username("a:b"), .username(""), .errorCode(.roleConflict),
            .unknownAttributes([.realm, .nonce, .priority]), .priority(.max), .useCandidate, .iceControlled(.max),
            .iceControlling(0), .software("Martlet é"), .other(STUNAttributeType(rawValue: 0xC057), [1, 2, 3]),
        ], [false, true]) func `each attribute comes back as it was written`(
            attribute: STUNAttribute, isProtected: Bool
        ) throws
    {
        let message = STUNMessage(.successResponse, transactionID: Self.id, attributes: [attribute, .priority(7)])
        let encoded = message.encoded(integrityKey: isProtected ? [9, 9] : nil, hmac: hmacSHA1)
        #expect(encoded.count.isMultiple(of: 4))
        let parsed = try parse(encoded)
        #expect(parsed.attributes == message.attributes)
        #expect(parsed.hasFingerprint)
        #expect(parsed.messageIntegrity?.holds(underKey: [9, 9], by: hmacSHA1) == (isProtected ? true : nil))
    }

    // The four classes around the twelve bits of the method: RFC 8489 section 5, figure 3.
    @Test(arguments: [
        (STUNMessage.Class.request, 1, 0x0001), (.indication, 1, 0x0011), (.successResponse, 1, 0x0101),
        (.errorResponse, 1, 0x0111), (.request, 0xFFF, 0x3EEF), (.errorResponse, 0xFFF, 0x3FFF),
        (.errorResponse, 3, 0x0113), (.request, 0x80, 0x0200),
    ]) func `class and method interleave in the type field`(
        messageClass: STUNMessage.Class, method: UInt16, field: UInt16
    ) throws {
        let message = STUNMessage(messageClass, .init(rawValue: method), transactionID: Self.id)
        let encoded = message.encoded()
        #expect(UInt16(encoded[0]) << 8 | UInt16(encoded[1]) == field)
        let parsed = try parse(encoded)
        #expect(parsed.messageClass == messageClass)
        #expect(parsed.method.rawValue == method)
    }

    @Test func `the fingerprint is the zip checksum`() {
        #expect(Fingerprint.crc32("123456789".utf8) == 0xCBF4_3926)
        #expect(Fingerprint.crc32([]) == 0)
    }

    @Test func `unknown attributes are kept, and those that must be known are named`() throws {
        let optional = STUNAttribute.other(STUNAttributeType(rawValue: 0xC057), [0, 1, 2, 3])
        let required = STUNAttribute.other(STUNAttributeType(rawValue: 0x7FFF), [])
        let message = STUNMessage(.request, transactionID: Self.id, attributes: [optional, required])
        let parsed = try parse(message.encoded())
        #expect(parsed.attributes == [optional, required])
        #expect(parsed.unknownRequiredTypes.map(\.rawValue) == [0x7FFF])
    }

    @Test func `of two equal attributes the first counts`() throws {
        let message = STUNMessage(
            .request, transactionID: Self.id, attributes: [.priority(1), .priority(2), .username("a"), .username("b")])
        let parsed = try parse(message.encoded())
        #expect(parsed.priority == 1)
        #expect(parsed.username == "a")
    }

    // RFC 8489 section 14.5
    @Test func `attributes behind the integrity are ignored`() throws {
        var encoded = STUNMessage(.request, transactionID: Self.id).encoded(
            integrityKey: [1], hmac: hmacSHA1, fingerprint: false)
        encoded += [0x00, 0x25, 0, 0]  // USE-CANDIDATE, which the code does not cover
        encoded[3] += 4
        let parsed = try parse(encoded)
        #expect(!parsed.usesCandidate)
        #expect(parsed.messageIntegrity?.holds(underKey: [1], by: hmacSHA1) == true)
    }

    // RFC 8489 section 14.6
    @Test(arguments: [16, 20, 32]) func `a SHA-256 integrity is recognised, cut or whole`(count: Int) throws {
        var encoded = STUNMessage(.request, transactionID: Self.id, attributes: [.priority(5)]).encoded(
            fingerprint: false)
        var covered = encoded
        covered[3] += UInt8(4 + count)
        encoded += [0x00, 0x1C, 0, UInt8(count)] + hmacSHA256([7], covered).prefix(count)
        encoded[3] += UInt8(4 + count)
        let parsed = try parse(encoded)
        #expect(parsed.messageIntegrity == nil)
        #expect(parsed.messageIntegritySHA256?.holds(underKey: [7], by: hmacSHA256) == true)
        #expect(parsed.messageIntegritySHA256?.holds(underKey: [8], by: hmacSHA256) == false)
        #expect(parsed.unknownRequiredTypes.isEmpty)
    }

    @Test(arguments: [
        // type, length, value
        "0020 0008 0003 1234 01020304",  // an address of no known family
        "0020 0004 0001 1234",  // an address without its bytes
        "0020 000c 0001 1234 01020304 05060708",  // an IPv4 address with too many
        "0024 0002 0102 0000",  // a priority of two bytes
        "0025 0004 00000000",  // a flag with a value
        "0006 0002 fffe 0000",  // a name that is not UTF-8
        "0009 0004 00000764",  // an error code of 7 hundreds
        "0009 0004 00000464",  // an error code of 400 and a hundred
        "000a 0003 000100 00",  // one type and a half
        "8029 0004 01020304",  // half a tie-breaker
        "0008 0010 00000000 00000000 00000000 00000000",  // an integrity of 16 bytes
        "001c 000c 00000000 00000000 00000000",  // a SHA-256 integrity below 16
    ]) func `a value its type cannot have throws`(attribute: String) {
        let value = bytes(hex: attribute)
        let message = bytes(hex: "0001 0000 2112a442 000102030405060708090a0b") + value
        var patched = message
        patched[3] = UInt8(value.count)
        let type = STUNAttributeType(rawValue: UInt16(value[0]) << 8 | UInt16(value[1]))
        #expect(throws: STUNError.malformedAttribute(type)) { try parse(patched) }
    }

    @Test(arguments: [
        ("4001 0000 2112a442 000102030405060708090a0b", STUNError.notSTUN),
        ("0001 0000 2112a443 000102030405060708090a0b", .notSTUN),
        ("0001 0004 2112a442 000102030405060708090a0b", .lengthMismatch(claimed: 4, available: 0)),
        ("0001 0002 2112a442 000102030405060708090a0b 0000", .lengthMismatch(claimed: 2, available: 2)),
        ("0001 0000 2112a442 000102030405060708090a0b 00250000", .lengthMismatch(claimed: 0, available: 4)),
        ("0001 0004 2112a442 000102030405060708090a0b 00250004", .truncated(needed: 4, available: 0)),
        ("0001 0008 2112a442 000102030405060708090a0b 80220005 41414141", .truncated(needed: 5, available: 4)),
    ]) func `a frame that does not hold together throws`(hex: String, error: STUNError) {
        #expect(throws: error) { try parse(bytes(hex: hex)) }
    }

    @Test func `a message of nothing but attributes is refused`() {
        let attributes = [STUNAttribute](repeating: .useCandidate, count: 65)
        let message = STUNMessage(.request, transactionID: Self.id, attributes: attributes)
        #expect(throws: STUNError.tooManyAttributes(limit: 64)) { try parse(message.encoded(fingerprint: false)) }
    }

    @Test func `a fingerprint that is not last is refused`() {
        var encoded = STUNMessage(.request, transactionID: Self.id).encoded()
        encoded += [0x80, 0x22, 0, 0]
        encoded[3] += 4
        #expect(throws: STUNError.fingerprintMismatch) { try parse(encoded) }
    }

    @Test(arguments: 0..<8) func `arbitrary bytes never stop the parser`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var parsed = 0
        for _ in 0..<2000 {
            var input = RFC5769.all.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                input[Int.random(in: 0..<input.count, using: &random)] = random.next()
            }
            // With the frame and the fingerprint repaired, damage reaches the attributes.
            let length = input.count - 20
            input[0...7] = [0, 1, UInt8(length >> 8), UInt8(length & 0xFF), 0x21, 0x12, 0xA4, 0x42]
            if (try? parse(input)) != nil { parsed += 1 }
        }
        #expect(parsed > 0)
    }
}

/// SplitMix64: small, seedable, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
