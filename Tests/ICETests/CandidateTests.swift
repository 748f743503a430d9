import Testing
import Wire

@testable import ICE

@Suite struct CandidateTests {
    @Test func `Chromium's line is read in every field`() throws {
        let candidate = try Candidate(
            line:
                "candidate:3296668648 1 udp 2113942271 fd00::2 39432 typ host generation 0 ufrag HPih network-cost 999")
        #expect(
            candidate
                == Candidate(
                    foundation: "3296668648", priority: 2_113_942_271, address: .ip(address("[fd00::2]:39432")),
                    type: .host, ufrag: "HPih"))
        #expect(candidate.isCheckable)
    }

    @Test func `a reflexive candidate names its base`() throws {
        let candidate = try Candidate(
            line: "a=candidate:1 1 UDP 1694498815 198.51.100.7 45664 typ srflx raddr 10.0.1.1 rport 8998")
        #expect(candidate.type == .serverReflexive)
        #expect(candidate.transport == .udp)
        #expect(candidate.relatedAddress == address("10.0.1.1:8998"))
        #expect(
            candidate.line == "candidate:1 1 udp 1694498815 198.51.100.7 45664 typ srflx raddr 10.0.1.1 rport 8998")
    }

    @Test(arguments: [
        ("candidate:1541191843 1 udp 2113937151 b0194bb8-3307-4668-8815-a81dea927ea9.local 42569 typ host", false),
        ("candidate:2 1 TCP 2105458943 192.0.2.2 9 typ host tcptype active", false),
        ("candidate:0 2 UDP 2122187006 192.0.2.2 54584 typ host", false),
        ("candidate:1 1 UDP 1 192.0.2.2 54584 typ host", true),
        ("candidate:1 1 Udp 1 192.0.2.2 54584 TYP Host", true),
        ("1 1 udp 1 192.0.2.2 54584 typ relay raddr 0.0.0.0 rport 0", true),
        ("candidate:1 1 udp 1 fe80::1%eth0 54584 typ host", true),
        ("candidate:1 1 udp 1 192.0.2.2 54584 typ host odd", true),
        ("candidate:1 1 sctp 1 192.0.2.2 54584 typ host", false),
        ("candidate:1 1 udp 1 192.0.2.2 0 typ host", false),
        ("candidate:1 1 udp 1 0.0.0.0 54584 typ host", false),
        ("candidate:1 1 udp 1 224.0.0.251 5353 typ host", false),
        ("candidate:1 1 udp 1 255.255.255.255 54584 typ host", false),
        ("candidate:1 1 udp 1 ff02::fb 5353 typ host", false),
        ("candidate:1 1 udp 1 :: 54584 typ host", false),
        ("candidate:1 1 udp 1 ::ffff:192.0.2.2 54584 typ host", false),
    ]) func `what cannot be checked is read all the same`(line: String, isCheckable: Bool) throws {
        let candidate = try Candidate(line: line)
        #expect(candidate.isCheckable == isCheckable)
        #expect(try Candidate(line: candidate.line) == candidate)
    }

    @Test(arguments: [
        ("", "fields"), ("candidate:1 1 udp 1 192.0.2.2 54584 typ", "fields"), ("candidate:", "fields"),
        ("candidate:\(String(repeating: "1", count: 33)) 1 udp 1 192.0.2.2 5 typ host", "foundation"),
        ("candidate:a-b 1 udp 1 192.0.2.2 5 typ host", "foundation"),
        ("candidate:1 0 udp 1 192.0.2.2 5 typ host", "component"),
        ("candidate:1 257 udp 1 192.0.2.2 5 typ host", "component"),
        ("candidate:1 +1 udp 1 192.0.2.2 5 typ host", "component"),
        ("candidate:1 1 udp 4294967296 192.0.2.2 5 typ host", "priority"),
        ("candidate:1 1 udp -1 192.0.2.2 5 typ host", "priority"),
        ("candidate:1 1 udp 1 192.0.2.2 65536 typ host", "port"),
        ("candidate:1 1 udp 1 192.0.2.2 5 type host", "type"), ("candidate:1 1 udp 1 192.0.2.2 5 typ guest", "type"),
        ("candidate:1 1 udp 1 host,name 5 typ host", "address"), ("candidate:1 1 udp 1 1:2 5 typ host", "address"),
        ("candidate:1 1 udp 1 \(String(repeating: "a", count: 254)) 5 typ host", "address"),
        ("candidate:1 1 udp 1 192.0.2.2 5 typ host \(String(repeating: "a ", count: 600))", "length"),
    ]) func `a line that is no candidate throws`(line: String, field: String) {
        #expect(throws: ICEError.invalidCandidate(field)) { try Candidate(line: line) }
    }

    // RFC 8445 section 5.1.2.1: (2^24)*126 + (2^8)*65535 + 255
    @Test(arguments: [
        (CandidateType.host, 2_130_706_431 as UInt32), (.peerReflexive, 1_862_270_975),
        (.serverReflexive, 1_694_498_815),
        (.relayed, 16_777_215),
    ]) func `the priority of a candidate follows its type`(type: CandidateType, priority: UInt32) {
        #expect(CandidatePriority.candidate(type, localPreference: 65535) == priority)
    }

    // RFC 8445 section 6.1.2.3: 2^32*MIN(G,D) + 2*MAX(G,D) + (G>D?1:0)
    @Test func `the priority of a pair needs all 64 bits`() {
        let top: UInt32 = 0x7FFF_FFFF
        #expect(CandidatePriority.pair(controlling: 3, controlled: 2) == 2 << 32 + 7)
        #expect(CandidatePriority.pair(controlling: 2, controlled: 3) == 2 << 32 + 6)
        #expect(CandidatePriority.pair(controlling: top, controlled: top) == UInt64(top) << 32 + 2 * UInt64(top))
        // More than a candidate may claim.
        #expect(
            CandidatePriority.pair(controlling: .max, controlled: .max)
                == CandidatePriority.pair(controlling: top, controlled: top))
    }

    @Test func `fragments and passwords keep to their alphabet and lengths`() throws {
        let password = String(repeating: "p", count: 22)
        #expect(throws: ICEError.invalidCredentials) { try ICECredentials(ufrag: "abc", password: password) }
        #expect(throws: ICEError.invalidCredentials) { try ICECredentials(ufrag: "ab:d", password: password) }
        #expect(throws: ICEError.invalidCredentials) {
            try ICECredentials(ufrag: "abcd", password: String(password.dropLast()))
        }
        #expect(throws: ICEError.invalidCredentials) {
            try ICECredentials(ufrag: String(repeating: "u", count: 257), password: password)
        }
        var random = SeededGenerator(seed: 1)
        let (first, second) = (ICECredentials(random: &random), ICECredentials(random: &random))
        #expect(first != second)
        #expect(try ICECredentials(ufrag: first.ufrag, password: first.password) == first)
    }
}
