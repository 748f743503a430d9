import SDP
import Testing

/// Each attribute that Martlet uses: RFC 8866 and the RFC of the attribute.
@Suite struct AttributeTests {
    func transport(
        session: [String] = [], _ media: [String], in kind: DescriptionKind = .offer
    ) throws -> PeerTransport {
        try PeerDescription(parsing: Written.offer(session: session, media)).transport(ofSection: 0, in: kind)
    }

    func expectError(_ error: SDPError, session: [String] = [], _ media: [String]) {
        #expect(throws: error) { try transport(session: session, media) }
    }

    let ice = ["ice-ufrag:abcd", "ice-pwd:0123456789abcdefghij+/"]
    let fingerprint = "fingerprint:" + Written.fingerprint.text

    @Test func `media level wins over session level, attribute by attribute`() throws {
        let session = ice + [fingerprint, "setup:passive", "ice-options:trickle", "tls-id:abc3de65cddef001be82"]
        let inherited = try transport(session: session, [])
        #expect(inherited.credentials.ufrag == "abcd")
        #expect(inherited.setup == .passive)
        #expect(inherited.iceOptions == ["trickle"])
        #expect(inherited.tlsID == "abc3de65cddef001be82")
        let other = try #require(SDPFingerprint(.sha256, digest: Array(repeating: 7, count: 32)))
        let own = try transport(
            session: session,
            [
                "ice-ufrag:efgh", "ice-pwd:9999999999999999999999", "fingerprint:\(other.text)", "setup:actpass",
                "ice-options:ice2 trickle",
            ])
        #expect(own.credentials == ICECredentials(ufrag: "efgh", pwd: "9999999999999999999999"))
        #expect(own.fingerprints == [other])
        #expect(own.setup == .actpass)
        #expect(own.iceOptions == ["ice2", "trickle"])
    }

    @Test func `ufrag and pwd are checked for length and characters`() throws {
        let expected = (ufrag: "4 to 256 letters, digits, + or /", pwd: "22 to 256 letters, digits, + or /")
        for bad in ["abc", String(repeating: "a", count: 257), "ab d", "abc=", "äbcd", ""] {
            expectError(.malformedAttribute(name: "ice-ufrag", line: 7, expected: expected.ufrag), ["ice-ufrag:\(bad)"])
        }
        for bad in [String(repeating: "a", count: 21), String(repeating: "a", count: 257), ""] {
            expectError(.malformedAttribute(name: "ice-pwd", line: 7, expected: expected.pwd), ["ice-pwd:\(bad)"])
        }
        let longest = String(repeating: "z", count: 256)
        #expect(try transport(["ice-ufrag:\(longest)", "ice-pwd:\(longest)", fingerprint]).credentials.pwd == longest)
        #expect(ICECredentials(ufrag: "abcd", pwd: "short") == nil)
    }

    @Test func `missing credentials and fingerprints are told when the transport is asked for`() {
        expectError(.missingAttribute(name: "ice-ufrag", section: 0), [fingerprint, ice[1]])
        expectError(.missingAttribute(name: "ice-pwd", section: 0), [fingerprint, ice[0]])
        expectError(.noUsableFingerprint(section: 0), ice)
        #expect(throws: SDPError.noSuchSection(4)) {
            try PeerDescription(parsing: Written.offer([])).transport(ofSection: 4, in: .offer)
        }
    }

    @Test func `fingerprints are read in any case, repetitions count once`() throws {
        let text = Written.fingerprint.text
        let found = try transport(
            ice + ["fingerprint:SHA-256 \(text.dropFirst(8).lowercased())", "fingerprint:\(text)"])
        #expect(found.fingerprints == [Written.fingerprint])
        #expect(text.hasPrefix("sha-256 00:01:02"))
        #expect(text.hasSuffix("1D:1E:1F"))
    }

    @Test func `weak and unknown hash functions are passed over, whatever follows them`() throws {
        let found = try transport(
            ice + ["fingerprint:sha-1 00:01", "fingerprint:md5 zz", "fingerprint:sha-3000 x y z", fingerprint])
        #expect(found.fingerprints == [Written.fingerprint])
        expectError(.noUsableFingerprint(section: 0), ice + ["fingerprint:sha-1 00:01"])
    }

    @Test func `a bad fingerprint by a trusted hash function is refused`() {
        let hex = String(Written.fingerprint.text.dropFirst(8))
        for bad in [
            "sha-256 " + hex.dropLast(3), "sha-256 " + hex + ":00", "sha-256 " + hex.replacing("0A", with: "0G"),
            "sha-256", "sha-256 \(hex) \(hex)", "sha-256 " + hex.replacing(":", with: "-"),
            "sha-256 " + hex.replacing("00:01", with: "0:001"),
        ] {
            expectError(
                .malformedAttribute(name: "fingerprint", line: 7, expected: "32 hex pairs joined by colons"),
                ["fingerprint:\(bad)"])
        }
        expectError(
            .malformedAttribute(name: "fingerprint", line: 7, expected: "48 hex pairs joined by colons"),
            ["fingerprint:sha-384 \(hex)"])
        expectError(
            .malformedAttribute(name: "fingerprint", line: 7, expected: "a hash function and hex pairs"),
            ["fingerprint:"])
    }

    @Test func `ten fingerprints are taken, seventeen are too many`() throws {
        func lines(_ count: Int) -> [String] {
            (0..<count).compactMap { index in
                SDPFingerprint(.sha256, digest: Array(repeating: UInt8(index), count: 32)).map {
                    "fingerprint:\($0.text)"
                }
            }
        }
        #expect(try transport(ice + lines(10)).fingerprints.count == 10)
        #expect(try transport(ice + lines(16)).fingerprints.count == 16)
        expectError(.tooManyFingerprints(line: 25, limit: 16), ice + lines(17))
    }

    @Test func `setup has the defaults of RFC 4145 section 4-1`() throws {
        #expect(try transport(ice + [fingerprint], in: .offer).setup == .active)
        #expect(try transport(ice + [fingerprint], in: .answer).setup == .passive)
        #expect(try transport(ice + [fingerprint, "setup:ACTIVE"], in: .answer).setup == .active)
    }

    @Test func `setup that leads to no connection is refused`() {
        expectError(.unacceptableSetup(.holdconn, section: 0), ice + [fingerprint, "setup:holdconn"])
        #expect(throws: SDPError.unacceptableSetup(.actpass, section: 0)) {
            try transport(ice + [fingerprint, "setup:actpass"], in: .answer)
        }
        expectError(
            .malformedAttribute(name: "setup", line: 7, expected: "active, passive, actpass or holdconn"),
            ["setup:maybe"])
    }

    @Test func `setup is answered as RFC 8842 section 5-3 has it`() {
        #expect(Setup.actpass.answer() == .active)
        #expect(Setup.active.answer() == .passive)
        #expect(Setup.passive.answer() == .active)
        #expect(Setup.holdconn.answer() == nil)
        #expect(Setup.actpass.answer(established: .passive) == .passive)
        #expect(Setup.active.answer(established: .passive) == .passive)
        #expect(Setup.active.answer(established: .active) == nil)
    }

    @Test func `max-message-size is 64 KiB when absent and unlimited when 0`() throws {
        func size(_ lines: [String]) throws -> Int? {
            try #require(PeerDescription(parsing: Written.offer(lines)).dataSection?.sctp).maxMessageSizeBytes
        }
        #expect(try size([]) == 65536)
        #expect(try size(["max-message-size:0"]) == nil)
        #expect(try size(["max-message-size:1"]) == 1)
        #expect(try size(["max-message-size:99999999999999999999999999"]) == Int.max)
        for bad in ["-1", "", "64k", "+5", "0x10"] {
            expectError(
                .malformedAttribute(name: "max-message-size", line: 7, expected: "a count of bytes"),
                ["max-message-size:\(bad)"])
        }
    }

    @Test func `sctp-port is 5000 when absent and never 0`() throws {
        func port(_ lines: [String]) throws -> UInt16? {
            try PeerDescription(parsing: Written.offer(lines)).dataSection?.sctp?.port
        }
        #expect(try port([]) == 5000)
        #expect(try port(["sctp-port:6000"]) == 6000)
        for bad in ["0", "65536", "x", ""] {
            expectError(
                .malformedAttribute(name: "sctp-port", line: 7, expected: "a port from 1 to 65535"),
                ["sctp-port:\(bad)"])
        }
    }

    @Test func `an attribute may be repeated but not contradicted`() throws {
        #expect(try transport(ice + ice + [fingerprint]).credentials.ufrag == "abcd")
        for (name, first, second) in [
            ("ice-ufrag", "abcd", "efgh"), ("setup", "active", "passive"), ("sctp-port", "5000", "5001"),
            ("mid", "0", "1"), ("max-message-size", "1", "2"),
        ] {
            expectError(.conflictingAttribute(name: name, line: 8), ["\(name):\(first)", "\(name):\(second)"])
        }
    }

    @Test func `two sections cannot have the same mid`() {
        let text = Written.offer(["mid:x"]) + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:x\r\n"
        #expect(throws: SDPError.duplicateMid("x", line: 9)) { try PeerDescription(parsing: text) }
    }

    @Test func `a mid is a token of at most 64 bytes`() throws {
        #expect(try PeerDescription(parsing: Written.offer(["mid:data-1 "])).sections[0].mid == "data-1")
        for bad in ["a b", "", "x\"y", String(repeating: "m", count: 65), "ö"] {
            expectError(
                .malformedAttribute(name: "mid", line: 7, expected: "a token of at most 64 bytes"), ["mid:\(bad)"])
        }
    }

    @Test func `bundle groups keep known mids, each once`() throws {
        let text = Written.offer(session: ["group:BUNDLE d 9 d d", "group:LS d", "group:BUNDLE"], ["mid:d"])
        let description = try PeerDescription(parsing: text)
        #expect(description.bundleGroups == [["d"], []])
        #expect(description.bundleGroup(of: "d") == ["d"])
        #expect(description.sections[0].isInBundleGroup)
    }

    @Test func `ice-lite and end-of-candidates at session level are seen`() throws {
        let session = ice + [fingerprint, "ice-lite", "end-of-candidates"]
        let found = try transport(session: session, [])
        #expect(found.isICELite)
        #expect(found.isEndOfCandidates)
    }

    @Test func `media lines are checked word by word`() throws {
        let expected = "m= with medium, port, protocol and formats"
        for bad in [
            "application 9 UDP/DTLS/SCTP", "application", "", "application 65536 UDP/DTLS/SCTP x",
            "application -9 UDP/DTLS/SCTP x", "application 9 UDP//SCTP x", "app(l) 9 A x", "application 9 A \"x\"",
            "application / A x",
        ] {
            #expect(throws: SDPError.malformedLine(line: 3, expected: expected)) {
                try PeerDescription(parsing: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=\(bad)\r\n")
            }
        }
        let two = try PeerDescription(parsing: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=image 9/2 udptl t38\r\n")
        #expect(two.sections[0].mediaLine == .init(.other("image"), port: 9, protocolName: "udptl", formats: ["t38"]))
        #expect(two.sections[0].mid == nil)
    }

    @Test func `the origin line is needed and has a numeric id and version`() {
        let expected = "o= with user, session id, version and address"
        #expect(throws: SDPError.missingLine("o")) { try PeerDescription(parsing: "v=0\r\ns=-\r\n") }
        for bad in ["", "- 1 1 IN IP4", "- x 1 IN IP4 0.0.0.0", "- 1 99999999999999999999 IN IP4 0.0.0.0"] {
            #expect(throws: SDPError.malformedLine(line: 2, expected: expected)) {
                try PeerDescription(parsing: "v=0\r\no=\(bad)\r\n")
            }
        }
    }

    @Test func `errors are sentences that name the line and nothing the peer wrote`() {
        let error = SDPError.malformedAttribute(
            name: "setup", line: 7, expected: "active, passive, actpass or holdconn")
        #expect(error.description == "line 7: a=setup is not active, passive, actpass or holdconn")
        #expect(SDPError.noUsableFingerprint(section: 0).description.contains("sha-256"))
    }
}
