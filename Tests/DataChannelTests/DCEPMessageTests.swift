import LinkSimulator
import Testing

@testable import DataChannel

struct DCEPMessageTests {
    /// What Chromium 156 sent for `createDataChannel("t", {ordered: false, maxRetransmits: 3, protocol: "p"})`.
    static let captured: [UInt8] = [
        0x03,  // DATA_CHANNEL_OPEN
        0x81,  // DATA_CHANNEL_PARTIAL_RELIABLE_REXMIT_UNORDERED
        0x01, 0x00,  // priority 256
        0x00, 0x00, 0x00, 0x03,  // 3 retransmissions
        0x00, 0x01,  // label of 1 byte
        0x00, 0x01,  // protocol of 1 byte
        0x74,  // "t"
        0x70,  // "p"
    ]

    @Test func `an OPEN captured from a browser decodes to its channel's properties`() throws {
        let expected = try DataChannelParameters(
            label: "t", protocol: "p", ordered: false, reliability: .maxRetransmits(3), priority: .low)
        #expect(try DCEPMessage(decoding: Self.captured) == .open(expected))
        #expect(DCEPMessage.open(expected).encoded == Self.captured)
    }

    @Test(arguments: 0..<captured.count)
    func `every truncation of an OPEN throws`(count: Int) {
        #expect(throws: DataChannelError.self) { try DCEPMessage(decoding: Array(Self.captured.prefix(count))) }
    }

    @Test func `a truncated OPEN says what is missing`() {
        #expect(throws: DataChannelError.truncated(needed: 1, available: 0)) {
            try DCEPMessage(decoding: Array(Self.captured.dropLast()))
        }
        #expect(throws: DataChannelError.truncated(needed: 1, available: 0)) { try DCEPMessage(decoding: []) }
    }

    @Test func `an acknowledgement is the single byte 2`() throws {
        #expect(DCEPMessage.acknowledgement.encoded == [0x02])
        #expect(try DCEPMessage(decoding: [0x02]) == .acknowledgement)
    }

    @Test(
        arguments: [
            (0x00, true, DataChannelReliability.reliable, 0), (0x80, false, .reliable, 0),
            (0x01, true, .maxRetransmits(5), 5), (0x81, false, .maxRetransmits(5), 5),
            (0x02, true, .maxPacketLifeTime(700), 700), (0x82, false, .maxPacketLifeTime(700), 700),
        ] as [(UInt8, Bool, DataChannelReliability, UInt32)])
    func `each of the six channel types stands for its order and reliability`(
        type: UInt8, ordered: Bool, reliability: DataChannelReliability, parameter: UInt32
    ) throws {
        let message = try openMessage("label", ordered: ordered, reliability: reliability)
        let bytes = message.encoded
        #expect(bytes[1] == type)
        #expect(bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) } == parameter)
        #expect(try DCEPMessage(decoding: bytes) == message)
    }

    @Test(arguments: [0x00, 0x80] as [UInt8])
    func `the reliability parameter of a reliable channel is ignored`(type: UInt8) throws {
        var bytes = Self.captured
        bytes[1] = type
        let message = try DCEPMessage(decoding: bytes)
        guard case .open(let parameters) = message else { throw DataChannelError.unknownMessageType(bytes[0]) }
        #expect(parameters.reliability == .reliable)
        #expect(parameters.ordered == (type == 0))
        #expect(message.encoded[4..<8].allSatisfy { $0 == 0 })
    }

    @Test(
        arguments: [
            (0x01, DataChannelReliability.maxRetransmits(65535)), (0x82, .maxPacketLifeTime(65535)),
        ] as [(UInt8, DataChannelReliability)])
    func `a reliability parameter above 65535 is clamped`(type: UInt8, expected: DataChannelReliability) throws {
        var bytes = Self.captured
        bytes[1] = type
        bytes.replaceSubrange(4..<8, with: [0x00, 0x01, 0x00, 0x00])
        guard case .open(let parameters) = try DCEPMessage(decoding: bytes) else {
            throw DataChannelError.unknownMessageType(bytes[0])
        }
        #expect(parameters.reliability == expected)
    }

    @Test(
        arguments: [
            (DataChannelPriority.veryLow, 128), (.low, 256), (.medium, 512), (.high, 1024),
        ] as [(DataChannelPriority, UInt16)])
    func `priorities have the weights of RFC 8831 section 6_4`(priority: DataChannelPriority, weight: UInt16) throws {
        let bytes = DCEPMessage.open(try DataChannelParameters(label: "", priority: priority)).encoded
        #expect(bytes[2..<4].reduce(0) { $0 << 8 | UInt16($1) } == weight)
        #expect(DataChannelPriority(rawValue: weight).named == priority)
    }

    @Test func `a foreign priority belongs to the named one above it`() {
        let weights: [UInt16] = [0, 129, 257, 513, 65535]
        #expect(weights.map { DataChannelPriority(rawValue: $0).named } == [.veryLow, .low, .medium, .high, .high])
    }

    @Test(arguments: [
        ("", ""), ("label only", ""), ("", "protocol only"), ("Grüße \u{1F426}", "e\u{301}"),
        (String(repeating: "l", count: 65535), String(repeating: "p", count: 65535)),
    ])
    func `names of every length survive a round trip`(label: String, subprotocol: String) throws {
        let message = try openMessage(label, protocol: subprotocol)
        let bytes = message.encoded
        #expect(bytes.count == 12 + label.utf8.count + subprotocol.utf8.count)
        #expect(try DCEPMessage(decoding: bytes) == message)
    }

    @Test func `a label of 65536 bytes does not fit its length field`() {
        let label = String(repeating: "é", count: 32768)
        #expect(throws: DataChannelError.nameTooLong(byteCount: 65536, limit: 65535)) { try openMessage(label) }
    }

    @Test func `bytes after the names throw`() {
        #expect(throws: DataChannelError.trailingBytes(count: 2)) {
            try DCEPMessage(decoding: Self.captured + [0, 0])
        }
        #expect(throws: DataChannelError.trailingBytes(count: 1)) { try DCEPMessage(decoding: [0x02, 0x00]) }
    }

    @Test(arguments: [12, 13])
    func `names that are not UTF-8 throw`(index: Int) {
        var bytes = Self.captured
        bytes[index] = 0xFF
        #expect(throws: DataChannelError.invalidText) { try DCEPMessage(decoding: bytes) }
    }

    @Test(arguments: (0...255).filter { ![0x00, 0x01, 0x02, 0x80, 0x81, 0x82].contains($0) }.map { UInt8($0) })
    func `unknown channel types throw`(type: UInt8) {
        var bytes = Self.captured
        bytes[1] = type
        #expect(throws: DataChannelError.unknownChannelType(type)) { try DCEPMessage(decoding: bytes) }
    }

    @Test func `unknown message types throw`() {
        for type in UInt8.min...UInt8.max where type != 0x02 && type != 0x03 {
            #expect(throws: DataChannelError.unknownMessageType(type)) { try DCEPMessage(decoding: [type]) }
        }
    }

    @Test func `random bytes decode to something that encodes to the same length, or throw`() {
        var generator = SplitMix64(seed: 8832)
        var decoded = 0
        for _ in 0..<20_000 {
            var bytes = Self.captured
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let message = try? DCEPMessage(decoding: bytes) else { continue }
            decoded += 1
            #expect(message.encoded.count == bytes.count)
        }
        #expect(decoded > 1000)
    }
}
