import SDP
import Testing

@Suite struct PeerDescriptionTests {
    /// What the data channel section of a fixture says.
    struct Expected {
        var ufrag: String
        var pwd: String
        var digestStart: [UInt8]
        var setup: Setup
        var candidateCount: Int
        var isComplete: Bool
        var size: Int
        var version: UInt64
    }

    static let chromium = "chromium-156.0.8078.79-data_"
    static let firefox = "firefox-153.7.0-data_"
    static let dataOnly: [(String, Expected)] = [
        (
            chromium + "offer_raw",
            .init(
                ufrag: "AAb1", pwd: "iI5RjIKq3lFAJ2d5YBQh+/cB", digestStart: [0x3F, 0x41], setup: .actpass,
                candidateCount: 0, isComplete: false, size: 262_144, version: 2)
        ),
        (
            chromium + "offer",
            .init(
                ufrag: "AAb1", pwd: "iI5RjIKq3lFAJ2d5YBQh+/cB", digestStart: [0x3F, 0x41], setup: .actpass,
                candidateCount: 2, isComplete: false, size: 262_144, version: 2)
        ),
        (
            chromium + "answer",
            .init(
                ufrag: "8ZsS", pwd: "gjJjeh3CBIUbUDU6hbDI5/hl", digestStart: [0x37, 0x6C], setup: .active,
                candidateCount: 2, isComplete: false, size: 262_144, version: 2)
        ),
        (
            chromium + "reoffer",
            .init(
                ufrag: "AAb1", pwd: "iI5RjIKq3lFAJ2d5YBQh+/cB", digestStart: [0x3F, 0x41], setup: .actpass,
                candidateCount: 2, isComplete: false, size: 262_144, version: 3)
        ),
        (
            chromium + "restart_offer",
            .init(
                ufrag: "bcmF", pwd: "JWXC8xiDdl6OnON33M4g4K91", digestStart: [0x3F, 0x41], setup: .actpass,
                candidateCount: 0, isComplete: false, size: 262_144, version: 4)
        ),
        (
            firefox + "offer_raw",
            .init(
                ufrag: "763284a7", pwd: "594bd79984459bf757f27beeb2d1756e", digestStart: [0x28, 0x83],
                setup: .actpass, candidateCount: 0, isComplete: false, size: 1_073_741_823, version: 0)
        ),
        (
            firefox + "offer",
            .init(
                ufrag: "763284a7", pwd: "594bd79984459bf757f27beeb2d1756e", digestStart: [0x28, 0x83],
                setup: .actpass, candidateCount: 4, isComplete: true, size: 1_073_741_823, version: 0)
        ),
        (
            firefox + "answer",
            .init(
                ufrag: "ee8a03e3", pwd: "84a19e1f5efa87120a0bd26bc40a3cba", digestStart: [0x1F, 0x36],
                setup: .active, candidateCount: 4, isComplete: true, size: 1_073_741_823, version: 0)
        ),
        (
            firefox + "reoffer",
            .init(
                ufrag: "763284a7", pwd: "594bd79984459bf757f27beeb2d1756e", digestStart: [0x28, 0x83],
                setup: .actpass, candidateCount: 4, isComplete: true, size: 1_073_741_823, version: 1)
        ),
        (
            firefox + "restart_offer",
            .init(
                ufrag: "123447f3", pwd: "b0cf096a43603e4404520f11be7a31dd", digestStart: [0x28, 0x83],
                setup: .actpass, candidateCount: 0, isComplete: false, size: 1_073_741_823, version: 2)
        ),
    ]

    @Test(arguments: dataOnly)
    func `a browser's data channel description decodes`(name: String, expected: Expected) throws {
        let description = try PeerDescription(parsing: Fixture.text(name))
        #expect(description.sections.count == 1)
        #expect(description.bundleGroups == [["0"]])
        #expect(!description.isICELite)
        #expect(description.origin.sessionVersion == expected.version)
        let section = try #require(description.dataSection)
        #expect(section.mid == "0")
        #expect(
            section.mediaLine
                == .init(.application, port: 9, protocolName: "UDP/DTLS/SCTP", formats: ["webrtc-datachannel"]))
        #expect(section.sctp == .init(port: 5000, maxMessageSizeBytes: expected.size))
        let kind: DescriptionKind = name.contains("answer") ? .answer : .offer
        let transport = try description.transport(ofSection: 0, in: kind)
        #expect(transport.credentials == ICECredentials(ufrag: expected.ufrag, pwd: expected.pwd))
        #expect(transport.iceOptions == ["trickle"])
        #expect(transport.fingerprints.map(\.hashFunction) == [.sha256])
        #expect(transport.fingerprints.first.map { Array($0.digest.prefix(2)) } == expected.digestStart)
        #expect(transport.setup == expected.setup)
        #expect(transport.candidates.count == expected.candidateCount)
        #expect(transport.candidates.allSatisfy { $0.hasPrefix("candidate:") })
        #expect(transport.isEndOfCandidates == expected.isComplete)
    }

    @Test(arguments: try Fixture.names())
    func `the printed document means the same`(name: String) throws {
        let text = try Fixture.text(name)
        let description = try PeerDescription(parsing: text)
        #expect(try PeerDescription(parsing: SDPDocument(parsing: text).text) == description)
        let data = try #require(description.dataSection)
        let kind: DescriptionKind = name.contains("answer") ? .answer : .offer
        let transport = try description.transport(ofSection: data.index, in: kind)
        #expect(transport.fingerprints.count == (name.hasPrefix("aiortc") ? 3 : 1))
    }

    @Test(arguments: try Fixture.names().filter { $0.contains("avd") || $0.contains("gum") })
    func `audio and video sections decode beside data channels`(name: String) throws {
        let description = try PeerDescription(parsing: Fixture.text(name))
        #expect(description.sections.map(\.mediaLine.medium) == [.audio, .video, .application])
        #expect(description.sections.map(\.mid) == ["0", "1", "2"])
        #expect(description.bundleGroups == [["0", "1", "2"]])
        #expect(description.sections.allSatisfy { !$0.isRejected && $0.isInBundleGroup })
        #expect(description.sections[0].mediaLine.protocolName == "UDP/TLS/RTP/SAVPF")
        #expect(description.sections[0].direction == (name.contains("answer") ? .recvonly : .sendrecv))
        #expect(
            description.sections[0].attributes.contains { $0.name == "rtpmap" && $0.value?.contains("opus") == true })
        #expect(description.dataSection?.index == 2)
    }

    @Test func `port 0 with bundle-only is no refusal, without it is one`() throws {
        let text = try Fixture.text("firefox-153.7.0-avd_maxbundle_offer")
        let bundled = try PeerDescription(parsing: text)
        #expect(bundled.sections.map(\.mediaLine.port) == [9, 0, 0])
        #expect(bundled.sections.map(\.isBundleOnly) == [false, true, true])
        #expect(bundled.sections.map(\.isRejected) == [false, false, false])
        let alone = try PeerDescription(parsing: text.replacing("a=group:BUNDLE 0 1 2\r\n", with: ""))
        #expect(alone.sections.map(\.isRejected) == [false, true, true])
        #expect(alone.dataSection == nil)
    }

    @Test func `a bundled section without candidates borrows those of the tagged one`() throws {
        let description = try PeerDescription(parsing: Fixture.text("firefox-153.7.0-avd_answer"))
        #expect(description.sections[2].candidates.isEmpty)
        let transport = try description.transport(ofSection: 2, in: .answer)
        #expect(transport.candidates == description.sections[0].candidates)
        #expect(transport.candidates.count == 4)
        #expect(transport.isEndOfCandidates)
    }

    @Test func `real addresses and ports of a page with camera permission decode`() throws {
        let description = try PeerDescription(parsing: Fixture.text("chromium-gum-vp8-offer"))
        let data = try #require(description.dataSection)
        #expect(data.mediaLine.port == 37256)
        #expect(data.candidates.first?.contains("192.0.2.2 37256 typ host") == true)
        #expect(description.bundleGroup(of: "2") == ["0", "1", "2"])
        #expect(description.bundleGroup(of: "7").isEmpty)
    }

    @Test func `aiortc names its certificate by three hash functions and does not trickle`() throws {
        let description = try PeerDescription(parsing: Fixture.text("aiortc-1.16.0-data_offer"))
        let transport = try description.transport(ofSection: 0, in: .offer)
        #expect(transport.fingerprints.map(\.hashFunction) == [.sha256, .sha384, .sha512])
        #expect(transport.fingerprints.map(\.digest.count) == [32, 48, 64])
        #expect(transport.iceOptions.isEmpty)
        #expect(transport.credentials.pwd.utf8.count == 22)
        #expect(transport.isEndOfCandidates)
        #expect(description.dataSection?.sctp?.maxMessageSizeBytes == 262_144)
    }

    @Test func `libdatachannel's session-level setup, fingerprint and comma-separated options decode`() throws {
        let description = try PeerDescription(parsing: Written.libdatachannelOffer)
        let transport = try description.transport(ofSection: 0, in: .offer)
        #expect(transport.setup == .actpass)
        #expect(transport.iceOptions == ["ice2", "trickle"])
        #expect(transport.fingerprints == [Written.fingerprint])
        #expect(transport.candidates == ["candidate:1 1 UDP 2122317823 192.0.2.7 49203 typ host"])
        #expect(transport.isEndOfCandidates)
        #expect(description.bundleGroups == [["0"]])
    }

    @Test func `the old form with sctpmap decodes, and without a fitting sctpmap carries no data channels`() throws {
        let old = try PeerDescription(parsing: Written.oldFormOffer)
        #expect(old.dataSection?.sctp == .init(form: .sctpMap, port: 5001, maxMessageSizeBytes: 65536))
        let other = Written.oldFormOffer.replacing("sctpmap:5001", with: "sctpmap:5002")
        #expect(try PeerDescription(parsing: other).dataSection == nil)
    }
}
