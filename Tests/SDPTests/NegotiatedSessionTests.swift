import Foundation
import SDP
import Testing

@Suite struct NegotiatedSessionTests {
    static let ours: LocalTransport = {
        guard let credentials = ICECredentials(ufrag: "mine", pwd: "mineminemineminemine/+") else {
            fatalError("the credentials are well-formed")
        }
        return LocalTransport(credentials: credentials, fingerprints: [Written.fingerprint])
    }()

    var session = NegotiatedSession(sessionID: 4_611_686_018_427_387_904)

    /// A peer whose session writes real descriptions, to answer ours.
    func answered(_ offer: LocalDescription, setup: Setup? = nil) throws -> PeerDescription {
        var peer = NegotiatedSession(sessionID: 2)
        let answer = try peer.answer(to: PeerDescription(parsing: offer.text), Self.ours, established: setup)
        return try PeerDescription(parsing: answer.text)
    }

    @Test mutating func `an offer has one data channel section, written in full`() {
        #expect(
            session.offer(Self.ours).text
                == """
                v=0
                o=- 4611686018427387904 1 IN IP4 127.0.0.1
                s=-
                t=0 0
                a=group:BUNDLE 0
                m=application 9 UDP/DTLS/SCTP webrtc-datachannel
                c=IN IP4 0.0.0.0
                a=mid:0
                a=ice-ufrag:mine
                a=ice-pwd:mineminemineminemine/+
                a=ice-options:trickle
                a=fingerprint:sha-256 \
                00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F
                a=setup:actpass
                a=sctp-port:5000
                a=max-message-size:262144

                """.replacing("\n", with: "\r\n"))
    }

    @Test mutating func `candidates and their end are written, and may be added later`() throws {
        var transport = Self.ours
        transport.candidates = ["candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host"]
        var offer = session.offer(transport)
        #expect(offer.text.hasSuffix("a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host\r\n"))
        offer.add(candidates: ["2 1 udp 1 192.0.2.2 4001 typ host\r\na=evil"], isGatheringComplete: true)
        offer.add(candidates: ["candidate:3 1 udp 1 192.0.2.3 4002 typ host"], isGatheringComplete: true)
        let parsed = try PeerDescription(parsing: offer.text)
        #expect(
            parsed.sections[0].candidates == [
                "candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
                "candidate:2 1 udp 1 192.0.2.2 4001 typ hosta=evil", "candidate:3 1 udp 1 192.0.2.3 4002 typ host",
            ])
        #expect(parsed.sections[0].attributes.filter { $0.name == "end-of-candidates" }.count == 1)
        #expect(parsed.origin.sessionVersion == 1)
        #expect(offer.mid == "0")
    }

    @Test(arguments: try Fixture.names().filter { $0.contains("offer") })
    func `the answer to a real offer keeps its sections and accepts data channels`(name: String) throws {
        var session = session
        let offer = try PeerDescription(parsing: Fixture.text(name))
        let answer = try PeerDescription(parsing: session.answer(to: offer, Self.ours).text)
        #expect(answer.sections.count == offer.sections.count)
        for (mine, theirs) in zip(answer.sections, offer.sections) {
            #expect(mine.mediaLine.medium == theirs.mediaLine.medium)
            #expect(mine.mediaLine.protocolName == theirs.mediaLine.protocolName)
            #expect(mine.mediaLine.formats.first == theirs.mediaLine.formats.first)
            #expect(mine.mid == theirs.mid)
            #expect(mine.isRejected == (mine.mediaLine.medium == .video))
            #expect(mine.isInBundleGroup == !mine.isRejected)
            #expect(mine.direction == (theirs.isDataChannel ? .sendrecv : .inactive))
        }
        let data = try #require(answer.dataSection)
        let transport = try answer.transport(ofSection: data.index, in: .answer)
        #expect(transport.setup == .active)
        #expect(transport.credentials == Self.ours.credentials)
        #expect(data.sctp == .init(maxMessageSizeBytes: 262_144))
    }

    @Test func `sound that data channels are bundled behind is accepted as inactive, for its transport`() throws {
        var session = session
        let offer = try PeerDescription(parsing: Fixture.text("chromium-156.0.8078.79-avd_maxbundle_offer"))
        var transport = Self.ours
        transport.candidates = ["candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host"]
        let answer = try session.answer(to: offer, transport)
        #expect(answer.sections.map(\.isHeld) == [true, false, false])
        #expect(answer.dataSectionIndex == 2)
        #expect(answer.transportSectionIndex == 0)
        #expect(answer.mid == "0")
        #expect(answer.text.contains("a=group:BUNDLE 0 2\r\n"))
        let fingerprint = Written.fingerprint.text
        let sound = try #require(answer.document.media.first)
        #expect(
            sound.map { "\($0.type)=\($0.value)" } == [
                "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=ice-ufrag:mine",
                "a=ice-pwd:mineminemineminemine/+", "a=ice-options:trickle", "a=fingerprint:\(fingerprint)",
                "a=setup:active", "a=inactive", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2",
                "a=fmtp:111 minptime=10;useinbandfec=1", "a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
            ])
        #expect(try PeerDescription(parsing: answer.text).sections[2].candidates.isEmpty)
    }

    @Test func `sound that is not tagged, has no multiplexed RTCP or comes later is refused`() throws {
        let text = try Fixture.text("chromium-156.0.8078.79-avd_offer")
        for changed in [
            text.replacing("BUNDLE 0 1 2", with: "BUNDLE 2 0 1"), text.replacing("BUNDLE 0 1 2", with: "BUNDLE 2"),
            text.replacing("a=rtcp-mux\r\n", with: ""), text.replacing("RTP/SAVPF", with: "RTP/AVP"),
        ] {
            var session = session
            let answer = try session.answer(to: PeerDescription(parsing: changed), Self.ours)
            #expect(answer.sections.map(\.isRejected) == [true, true, false])
            #expect(answer.text.contains("a=group:BUNDLE 2\r\n"))
        }
        var session = session
        let first = try PeerDescription(parsing: Fixture.text("chromium-156.0.8078.79-data_offer"))
        session.settle(try session.answer(to: first, Self.ours))
        let later = try Fixture.text("chromium-156.0.8078.79-data_reoffer").replacing("BUNDLE 0", with: "BUNDLE 1 0")
        let sound = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=rtcp-mux\r\n"
        let answer = try session.answer(to: PeerDescription(parsing: later + sound), Self.ours)
        #expect(answer.sections.map(\.isRejected) == [false, true])
    }

    @Test func `an answer copies nothing it does not understand`() throws {
        var session = session
        let answer = try session.answer(to: PeerDescription(parsing: Written.libdatachannelOffer), Self.ours).text
        #expect(!answer.contains("sctp-init"))
        #expect(!answer.contains("msid-semantic"))
        #expect(!answer.contains("sendrecv"))
        let known: Set = [
            "group", "mid", "ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "sctp-port",
            "max-message-size",
        ]
        let document = try SDPDocument(parsing: answer)
        #expect(Set((document.session + document.media.joined()).compactMap { $0.attribute?.name }) == known)
    }

    @Test func `the old form is answered in the old form, without mid and group`() throws {
        var session = session
        let offer = try PeerDescription(parsing: Written.oldFormOffer)
        let text = try session.answer(to: offer, Self.ours).text
        #expect(text.contains("m=application 9 DTLS/SCTP 5000\r\n"))
        #expect(text.contains("a=sctpmap:5000 webrtc-datachannel 65535\r\n"))
        #expect(!text.contains("a=mid") && !text.contains("a=group") && !text.contains("a=sctp-port"))
        let answer = try PeerDescription(parsing: text)
        #expect(answer.dataSection?.sctp?.form == .sctpMap)
    }

    @Test(arguments: [(Setup.actpass, Setup.active), (.active, .passive), (.passive, .active)])
    func `setup is answered`(offered: Setup, answer: Setup) throws {
        var session = session
        let text = Written.libdatachannelOffer.replacing("setup:actpass", with: "setup:\(offered.rawValue)")
        let description = try session.answer(to: PeerDescription(parsing: text), Self.ours)
        #expect(description.setup == answer)
        #expect(description.text.contains("a=setup:\(answer.rawValue)\r\n"))
    }

    @Test func `an established role is kept, and an offer against it refused`() throws {
        var session = session
        let offer = try PeerDescription(parsing: Written.libdatachannelOffer)
        #expect(try session.answer(to: offer, Self.ours, established: .passive).setup == .passive)
        let against = try PeerDescription(
            parsing: Written.libdatachannelOffer.replacing("setup:actpass", with: "setup:passive"))
        #expect(throws: SDPError.unacceptableSetup(.passive, section: 0)) {
            try session.answer(to: against, Self.ours, established: .passive)
        }
    }

    @Test func `an offer of sound and pictures alone is refused section by section`() throws {
        var session = session
        let text =
            "v=0\no=- 1 1 IN IP4 0.0.0.0\na=group:BUNDLE a\nm=audio 9 UDP/TLS/RTP/SAVPF 0 8\na=mid:a\nm=text 9 X y\n"
        let answer = try session.answer(to: PeerDescription(parsing: text), Self.ours)
        #expect(answer.dataSectionIndex == nil)
        #expect(answer.mid == nil)
        #expect(
            answer.text.hasSuffix(
                """
                t=0 0
                m=audio 0 UDP/TLS/RTP/SAVPF 0 8
                c=IN IP4 0.0.0.0
                a=mid:a
                a=inactive
                m=text 0 X y
                c=IN IP4 0.0.0.0
                a=inactive

                """.replacing("\n", with: "\r\n")))
    }

    @Test func `of two data channel sections the first is accepted, a refused one never`() throws {
        var session = session
        let second = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:b\r\n"
        let both = Written.libdatachannelOffer.replacing("\n", with: "\r\n") + second
        let answer = try session.answer(to: PeerDescription(parsing: both), Self.ours)
        #expect(answer.sections.map(\.isRejected) == [false, true])
        let refused = Written.libdatachannelOffer.replacing("application 49203", with: "application 0")
        let none = try session.answer(to: PeerDescription(parsing: refused), Self.ours)
        #expect(none.dataSectionIndex == nil)
        #expect(none.text.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"))
    }

    @Test mutating func `an offer and its answer agree, and the second offer keeps id and mids`() throws {
        let offer = session.offer(Self.ours)
        let transport = try session.accept(answered(offer), to: offer)
        #expect(transport?.setup == .active)
        #expect(transport?.credentials == Self.ours.credentials)
        #expect(session.sections == offer.sections)
        let again = session.offer(Self.ours)
        #expect(again.sections == offer.sections)
        let (first, second) = (try PeerDescription(parsing: offer.text), try PeerDescription(parsing: again.text))
        #expect(second.origin.sessionID == first.origin.sessionID)
        #expect(second.origin.sessionVersion == first.origin.sessionVersion + 1)
        #expect(try session.accept(answered(again), to: again, established: .passive)?.setup == .active)
    }

    @Test mutating func `after answering, our own offer keeps the peer's sections`() throws {
        let theirs = try PeerDescription(parsing: Fixture.text("chromium-156.0.8078.79-avd_offer"))
        let answer = try session.answer(to: theirs, Self.ours)
        session.settle(answer)
        let offer = session.offer(Self.ours)
        #expect(offer.sections == answer.sections)
        #expect(offer.dataSectionIndex == 2)
        #expect(offer.mid == "0")
        let parsed = try PeerDescription(parsing: offer.text)
        #expect(parsed.sections.map(\.isRejected) == [false, true, false])
        #expect(parsed.bundleGroups == [["0", "2"]])
        #expect(parsed.origin.sessionVersion == 2)
        #expect(try session.accept(answered(offer), to: offer)?.credentials == Self.ours.credentials)
        #expect(session.sections.map(\.isRejected) == [false, true, false])
    }

    @Test mutating func `a held section that the peer gives up is refused from then on`() throws {
        let text = try Fixture.text("chromium-156.0.8078.79-avd_offer")
        session.settle(try session.answer(to: PeerDescription(parsing: text), Self.ours))
        var other = session
        let without = text.replacing("m=audio 9", with: "m=audio 0").replacing("BUNDLE 0 1 2", with: "BUNDLE 2")
        let answer = try other.answer(to: PeerDescription(parsing: without), Self.ours)
        #expect(answer.sections.map(\.isRejected) == [true, true, false])
        #expect(answer.transportSectionIndex == 2)

        let offer = session.offer(Self.ours)
        let refusing = offer.text.replacing("setup:actpass", with: "setup:active")
            .replacing("m=audio 9", with: "m=audio 0").replacing("BUNDLE 0 2", with: "BUNDLE 2")
        #expect(try session.accept(PeerDescription(parsing: refusing), to: offer)?.setup == .active)
        #expect(session.sections.map(\.isHeld) == [false, false, false])
        #expect(session.offer(Self.ours).mid == "2")
    }

    @Test mutating func `a refused place is used again under a new mid`() throws {
        let text = "v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:0\n"
        session.settle(try session.answer(to: PeerDescription(parsing: text), Self.ours))
        let offer = session.offer(Self.ours)
        #expect(offer.sections.count == 1)
        #expect(offer.mid == "1")
        #expect(offer.sections[0].mediaLine.medium == .application)
    }

    @Test mutating func `an offer that lost against the peer's is forgotten, its version is not used again`() throws {
        let lost = session.offer(Self.ours)
        let theirs = try PeerDescription(parsing: Fixture.text("firefox-153.7.0-avd_offer"))
        let answer = try session.answer(to: theirs, Self.ours)
        session.settle(answer)
        #expect(lost.sections.count == 1)
        #expect(session.sections.count == 3)
        #expect(try PeerDescription(parsing: answer.text).origin.sessionVersion == 2)
    }

    @Test mutating func `a second offer of the peer may add sections, not move or drop live ones`() throws {
        let offer = try PeerDescription(parsing: Fixture.text("chromium-156.0.8078.79-data_offer"))
        session.settle(try session.answer(to: offer, Self.ours))
        let text = try Fixture.text("chromium-156.0.8078.79-data_reoffer")
        let more = try PeerDescription(parsing: text + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\n")
        #expect(try session.answer(to: more, Self.ours).sections.map(\.isRejected) == [false, true])
        for (changed, what) in [
            (text.replacing("a=mid:0", with: "a=mid:7"), SDPError.Mismatch.mid),
            (text.replacing("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", with: "m=audio 9 X 0"), .medium),
            (text.replacing("webrtc-datachannel", with: "something-else"), .medium),
            ("v=0\no=- 1 1 IN IP4 0.0.0.0\n", .sectionCount),
        ] {
            #expect(throws: SDPError.mismatch(what, section: 0)) {
                try session.answer(to: PeerDescription(parsing: changed), Self.ours)
            }
        }
    }

    @Test mutating func `the agreed data channel section stays the one, also when an earlier one appears`() throws {
        let theirs = try PeerDescription(parsing: Fixture.text("chromium-156.0.8078.79-avd_offer"))
        session.settle(try session.answer(to: theirs, Self.ours))
        let text = try Fixture.text("chromium-156.0.8078.79-avd_offer")
        let start = try #require(text.range(of: "m=video")).lowerBound
        let end = try #require(text.range(of: "m=application")).lowerBound
        let recycled = text.replacingCharacters(
            in: start..<end, with: "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:n\r\n")
        let answer = try session.answer(to: PeerDescription(parsing: recycled), Self.ours)
        #expect(answer.dataSectionIndex == 2)
        #expect(answer.sections.map(\.isRejected) == [false, true, false])
    }

    @Test mutating func `an answer that refuses data channels leaves no transport`() throws {
        let offer = session.offer(Self.ours)
        let refusal = "v=0\no=- 1 1 IN IP4 0.0.0.0\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\na=mid:0\n"
        #expect(try session.accept(PeerDescription(parsing: refusal), to: offer) == nil)
        #expect(session.sections.map(\.isRejected) == [true])
        #expect(session.offer(Self.ours).mid == "1")
    }

    @Test func `an answer that does not fit its offer changes nothing`() throws {
        var session = session
        let offer = session.offer(Self.ours)
        let good = try answered(offer)
        let text = offer.text.replacing("setup:actpass", with: "setup:active")
        for (changed, error) in [
            (text + "m=audio 9 X 0\r\n", SDPError.mismatch(.sectionCount, section: 1)),
            (text.replacing("m=application", with: "m=audio"), .mismatch(.medium, section: 0)),
            (text.replacing("webrtc-datachannel", with: "other"), .mismatch(.medium, section: 0)),
            (text.replacing("mid:0", with: "mid:1").replacing("BUNDLE 0", with: "LS 1"), .mismatch(.mid, section: 0)),
            (text.replacing("setup:active", with: "setup:actpass"), .unacceptableSetup(.actpass, section: 0)),
            (text.replacing("a=ice-ufrag:mine\r\n", with: ""), .missingAttribute(name: "ice-ufrag", section: 0)),
            (text.replacing("sha-256", with: "sha-224"), .noUsableFingerprint(section: 0)),
        ] {
            #expect(throws: error) { try session.accept(PeerDescription(parsing: changed), to: offer) }
            #expect(session.sections.isEmpty)
        }
        #expect(throws: SDPError.unacceptableSetup(.active, section: 0)) {
            try session.accept(good, to: offer, established: .active)
        }
        #expect(try session.accept(good, to: offer) != nil)
    }

    @Test mutating func `an answer cannot accept or bundle what the offer refused`() throws {
        let theirs = try PeerDescription(parsing: Fixture.text("firefox-153.7.0-avd_offer"))
        session.settle(try session.answer(to: theirs, Self.ours))
        let offer = session.offer(Self.ours)
        let text = offer.text.replacing("setup:actpass", with: "setup:passive")
        let revived = text.replacing("m=video 0", with: "m=video 9")
        #expect(throws: SDPError.mismatch(.port, section: 1)) {
            try session.accept(PeerDescription(parsing: revived), to: offer)
        }
        let bundled = text.replacing("BUNDLE 0 2", with: "BUNDLE 0 2 1")
        #expect(throws: SDPError.mismatch(.bundleGroup, section: 1)) {
            try session.accept(PeerDescription(parsing: bundled), to: offer)
        }
        #expect(try session.accept(PeerDescription(parsing: text), to: offer)?.setup == .passive)
    }

    @Test func `session ids stay in 63 bits and are never 0`() {
        #expect(NegotiatedSession(sessionID: .max).sessionID == UInt64(Int64.max))
        #expect(NegotiatedSession(sessionID: 1 << 63).sessionID == 1)
    }
}
