import SRTP
import Testing
import Wire

/// RTP and RTCP packets made by hand (RFC 3550 sections 5.1 and 6.4).
enum Packet {
    static func rtp(sequence: UInt16, source: UInt32 = 0xCAFE_BABE, payload: [UInt8] = Array(0..<100)) -> [UInt8] {
        [0x80, 0x60, UInt8(sequence >> 8), UInt8(truncatingIfNeeded: sequence), 0, 0, 0, 1] + bytes(source) + payload
    }

    static func senderReport(source: UInt32 = 0xCAFE_BABE) -> [UInt8] {
        [0x80, 200, 0, 6] + bytes(source) + Array(1...20)
    }

    static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

@Suite struct SRTPSessionTests {
    /// Both ends of one association.
    struct Pair {
        let client: SRTPSession
        let server: SRTPSession

        init(_ profile: SRTPProfile) throws {
            let material = (0..<profile.keyingMaterialByteCount).map { UInt8(truncatingIfNeeded: 17 &* $0 &+ 3) }
            client = try SRTPSession(profile: profile, keyingMaterial: material, isDTLSClient: true)
            server = try SRTPSession(profile: profile, keyingMaterial: material, isDTLSClient: false)
        }
    }

    @Test(arguments: SRTPProfile.allCases)
    func `packets of both roles arrive as they were`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        for (sender, receiver) in [(pair.client, pair.server), (pair.server, pair.client)] {
            for sequence in UInt16(0)..<50 {
                let packet = Packet.rtp(sequence: 65500 &+ sequence, payload: Array(repeating: 7, count: Int(sequence)))
                let protected = try sender.protect(packet)
                #expect(protected.count == packet.count + profile.tagByteCount)
                let opened = try receiver.open(protected)
                #expect(opened.kind == .rtp)
                #expect(opened.packet == packet)
            }
            let report = Packet.senderReport()
            let protected = try sender.protect(report)
            #expect(protected.count == report.count + profile.rtcpOverheadByteCount)
            let opened = try receiver.open(protected)
            #expect(opened.kind == .rtcp)
            #expect(opened.packet == report)
            #expect(receiver.counters.rtpPackets == 50)
            #expect(receiver.counters.rtcpPackets == 1)
            #expect(receiver.counters.rtcpBytes == protected.count)
        }
    }

    @Test(arguments: SRTPProfile.allCases)
    func `payloads are hidden, headers are not`(profile: SRTPProfile) throws {
        let packet = Packet.rtp(sequence: 9)
        let protected = try Pair(profile).client.protect(packet)
        #expect(protected.prefix(12) == packet.prefix(12))
        #expect(protected[12..<112] != packet[12...])
    }

    @Test(arguments: SRTPProfile.allCases)
    func `a packet that came before is refused`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        let protected = try (1...3).map { try pair.client.protect(Packet.rtp(sequence: $0)) }
        let report = try pair.client.protect(Packet.senderReport())
        for packet in [protected[0], protected[2], protected[1], report] { _ = try pair.server.open(packet) }
        for packet in protected + [report] {
            #expect(throws: SRTPError.replayed) { try pair.server.open(packet) }
        }
        #expect(pair.server.counters.replays == 4)
        #expect(pair.server.counters.rtpPackets == 3)
        #expect(pair.server.counters.rtcpPackets == 1)
    }

    @Test(arguments: SRTPProfile.allCases)
    func `a packet older than the window is refused, one inside it is not`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        let packets = try (1...1200).map { try pair.client.protect(Packet.rtp(sequence: $0, payload: [1, 2, 3])) }
        _ = try pair.server.open(packets[1199])
        #expect(try pair.server.open(packets[300]).packet == Packet.rtp(sequence: 301, payload: [1, 2, 3]))
        #expect(throws: SRTPError.replayed) { try pair.server.open(packets[100]) }
    }

    @Test(arguments: SRTPProfile.allCases)
    func `no sequence number is protected twice`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        _ = try pair.client.protect(Packet.rtp(sequence: 5))
        #expect(throws: SRTPError.replayed) { try pair.client.protect(Packet.rtp(sequence: 5, payload: [9])) }
    }

    @Test(arguments: SRTPProfile.allCases)
    func `a packet with any bit flipped is refused, and the session goes on`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        for plain in [Packet.rtp(sequence: 1, payload: [1, 2, 3, 4]), Packet.senderReport()] {
            let protected = try pair.client.protect(plain)
            for bit in 0..<(protected.count * 8) {
                var changed = protected
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(throws: SRTPError.self, "bit \(bit)") { try pair.server.open(changed) }
            }
            #expect(try pair.server.open(protected).packet == plain)
        }
        #expect(pair.server.counters.authenticationFailures > 100)
        #expect(pair.server.counters.rtpPackets + pair.server.counters.rtcpPackets == 2)
    }

    @Test(arguments: SRTPProfile.allCases)
    func `a packet cut off at any length is refused`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        let withExtension: [UInt8] =
            [0x92, 0x60, 0, 7, 0, 0, 0, 1] + Packet.bytes(1) + Packet.bytes(2) + Packet.bytes(3)
            + [0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0] + [1, 2, 3, 4, 5]
        for plain in [Packet.rtp(sequence: 1), withExtension, Packet.senderReport()] {
            let protected = try pair.client.protect(plain)
            for count in 0..<protected.count {
                #expect(throws: SRTPError.self) { try pair.server.open(Array(protected[..<count])) }
            }
            #expect(try pair.server.open(protected).packet == plain)
        }
    }

    @Test(arguments: SRTPProfile.allCases)
    func `bytes of any kind are refused without harm`(profile: SRTPProfile) throws {
        let pair = try Pair(profile)
        var generator = SeededGenerator(state: UInt64(profile.rawValue))
        for round in 0..<3000 {
            var bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if round % 4 != 0, bytes.count > 1 { bytes[0] = 0x80 | bytes[0] & 0x3F }
            if round % 4 == 2, bytes.count > 1 { bytes[1] = 200 }
            #expect(throws: SRTPError.self) { try pair.server.open(bytes) }
            _ = try? pair.client.protect(bytes)
        }
        let good = Packet.rtp(sequence: 3, source: 0x1234_5678)
        let sender = try Pair(profile).client
        #expect(try pair.server.open(sender.protect(good)).packet == good)
        let counters = pair.server.counters
        #expect(counters.authenticationFailures + counters.replays + counters.otherFailures == 3000)
    }

    @Test func `headers that claim more than there is are refused before the library sees them`() throws {
        let pair = try Pair(.aeadAES128GCM)
        let manySources: [UInt8] = [0x8F, 0x60] + Array(repeating: 0, count: 40)
        let longExtension: [UInt8] =
            [0x90, 0x60] + Array(repeating: 0, count: 10) + [0xBE, 0xDE, 0xFF, 0xFF, 0, 0, 0, 0]
        for packet in [manySources, longExtension, longExtension + Array(repeating: 0, count: 16), []] {
            #expect(throws: SRTPError.malformedPacket) { try pair.server.open(packet) }
            #expect(throws: SRTPError.malformedPacket) { try pair.client.protect(packet) }
        }
        let long = Packet.rtp(sequence: 1, payload: Array(repeating: 0, count: 3000))
        #expect(throws: SRTPError.packetTooLong(byteCount: 3012, limit: 2048)) { try pair.client.protect(long) }
        #expect(throws: SRTPError.packetTooLong(byteCount: 3012, limit: 2048)) { try pair.server.open(long) }
        #expect(pair.server.counters.otherFailures == 5)
        let longest = Packet.rtp(sequence: 2, payload: Array(repeating: 0, count: 2048 - 12 - 16))
        #expect(try pair.server.open(pair.client.protect(longest)).packet == longest)
    }

    @Test func `sources are limited, those already known go on`() throws {
        let pair = try Pair(.aes128CMSHA1)
        let limit = UInt32(SRTPSession.maximumSources)
        for source in 1...limit {
            _ = try pair.server.open(pair.client.protect(Packet.rtp(sequence: 1, source: source)))
        }
        let stranger = try pair.client.protect(Packet.rtp(sequence: 1, source: limit + 1))
        #expect(throws: SRTPError.tooManySources(limit: Int(limit))) { try pair.server.open(stranger) }
        let known = Packet.rtp(sequence: 2, source: limit)
        #expect(try pair.server.open(pair.client.protect(known)).packet == known)
    }

    @Test func `keying material of another length is refused`() {
        for profile in SRTPProfile.allCases {
            let needed = profile.keyingMaterialByteCount
            for count in [0, needed - 1, needed + 1] {
                #expect(throws: SRTPError.keyingMaterial(byteCount: count, needed: needed)) {
                    try SRTPSession(
                        profile: profile, keyingMaterial: Array(repeating: 1, count: count), isDTLSClient: true)
                }
            }
        }
        #expect(SRTPProfile.allCases.map(\.keyingMaterialByteCount) == [60, 56, 88])
        #expect(SRTPProfile(rawValue: 2) == nil)
    }

    @Test func `sessions with different keys do not understand each other`() throws {
        let pair = try Pair(.aeadAES256GCM)
        let other = try SRTPSession(
            profile: .aeadAES256GCM, keyingMaterial: Array(repeating: 5, count: 88), isDTLSClient: false)
        let protected = try pair.client.protect(Packet.rtp(sequence: 1))
        #expect(throws: SRTPError.authenticationFailed) { try other.open(protected) }
        // A packet of our own that is sent back to us is not the peer's.
        #expect(throws: SRTPError.authenticationFailed) { try pair.client.open(protected) }
        #expect(other.counters.authenticationFailures == 1)
    }

    @Test func `a packet may be sent while another is being delivered`() throws {
        let pair = try Pair(.aeadAES128GCM)
        let batch = DatagramBatch(capacityBytes: 4096)
        let question = Packet.rtp(sequence: 1, payload: [1, 2, 3])
        let answer = Packet.rtp(sequence: 1, source: 9, payload: Array(repeating: 8, count: 300))
        let protected = try pair.client.protect(question)
        var delivered: [UInt8] = []
        try protected.withUnsafeBytes { bytes in
            try pair.server.handleDatagram(bytes) { _, packet in
                answer.withUnsafeBytes { try? pair.server.protect($0, into: batch) }
                delivered = Array(packet)
            }
        }
        #expect(delivered == question)
        var sent: [UInt8] = []
        batch.forEachDatagram { sent = Array($0) }
        #expect(try pair.client.open(sent).packet == answer)
    }

    @Test func `RTCP is told from RTP by RFC 5761`() {
        func kind(_ bytes: [UInt8]) -> RTPPacketKind? { bytes.withUnsafeBytes { RTPPacketKind($0) } }
        #expect((UInt8(0)...255).filter { kind([128, $0]) == .rtcp } == Array(192...223))
        #expect((UInt8(0)...255).filter { kind([$0, 96]) != nil } == Array(128...191))
        #expect(kind([128]) == nil)
        #expect(kind([]) == nil)
    }
}

/// A generator with a seed (xorshift).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
