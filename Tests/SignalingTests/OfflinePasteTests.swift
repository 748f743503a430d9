import LinkSimulator
import SDP
import Testing
import Wire

@testable import Signaling

@Suite struct OfflinePasteTests {
    private let offer = OfflineSamples.offer
    private let offerText = OfflineSamples.offerText.filter { !$0.isWhitespace }
    private let answerText = OfflineSamples.answerText.filter { !$0.isWhitespace }

    @Test func `an offer has the text of the document, and the text is the offer`() throws {
        let paste = try OfflineSamples.paste(offer)
        #expect(paste.text == offerText)
        #expect(paste.identifier.text == "afd9c3ca")
        #expect(try OfflineReader.read(offerText) == paste)
        #expect(try OfflineDescription(.offer, sdp: paste.sdp) == offer)
    }

    @Test func `an answer has the text of the document, and the text is the answer`() throws {
        let identifier = offer.identifier
        let paste = try OfflineSamples.paste(OfflineSamples.answer, answers: identifier)
        #expect(paste.text == answerText)
        #expect(try OfflineReader.read(answerText) == paste)
        #expect(paste.answers == identifier)
        #expect(try OfflineDescription(.answer, sdp: paste.sdp) == OfflineSamples.answer)
    }

    @Test func `two programs of ours know each other`() throws {
        var description = offer
        description.isMartlet = true
        let paste = try OfflineReader.read(try OfflineSamples.paste(description).text)
        #expect(paste.sdp.contains("\r\na=x-martlet:1\r\n"))
        #expect(try OfflineDescription(.offer, sdp: paste.sdp) == description)
    }

    @Test func `both forms say the same`() throws {
        for (description, answers) in [(offer, nil), (OfflineSamples.answer, offer.identifier)] {
            let compact = try OfflineSamples.paste(description, answers: answers)
            let complete = try OfflineReader.read(compact.completeText)
            #expect(complete.form == .complete && complete.text == compact.completeText)
            #expect(complete.sdp == compact.sdp && complete.answers == answers)
            #expect(complete.expires == OfflineSamples.expires && complete.identifier == compact.identifier)
            #expect(try complete.compactText == compact.text)
        }
    }

    /// Names that are nearly those which browsers make up for themselves, and others of a length that nobody has.
    private static let oddNames = [
        String(repeating: "-", count: 36) + ".local", "0123456789abcdef0123456789abcdef----.local",
        "b0194bb8-3307-4668-8815-a81dea927ea--.local", String(repeating: "a", count: 36) + ".local",
        "b0194bb833074668-8815-a81d-ea92-7ea9.local", String(repeating: "a", count: 253), ".local", "-.local",
    ]

    @Test(arguments: oddNames) func `any name of a candidate goes through both forms`(name: String) throws {
        var description = offer
        description.candidates = [OfflineCandidate(kind: .host, address: .name(name), port: 4000)]
        let paste = try OfflineSamples.paste(description)
        #expect(try OfflineDescription(.offer, sdp: try OfflineReader.read(paste.text).sdp) == description)
        let complete = try OfflineReader.read(paste.completeText)
        #expect(try complete.compactText == paste.text)
    }

    @Test(arguments: [String(repeating: "a", count: 254), String(repeating: "b", count: 300) + ".local"])
    func `a candidate with a name that no host has is left out`(name: String) throws {
        let candidate = OfflineCandidate(line: "candidate:1 1 udp 2130706431 \(name) 4000 typ host")
        #expect(candidate == nil)
    }

    @Test func `a text that lost its end is cut off, wherever it ends`() throws {
        for text in [offerText, answerText, try OfflineSamples.paste(offer).completeText] {
            for count in 0..<text.utf8.count {
                var reader = OfflineReader()
                #expect(reader.read(text.utf8.prefix(count)) == .more)
                let isCompact = text.hasPrefix("MARTLET1")
                let wanted: OfflineError =
                    if count < (isCompact ? 8 : 1) {
                        .noDescription
                    } else if isCompact {
                        // Five characters hold the first three bytes.
                        .cutOff(characters: count, needed: count < 13 ? nil : text.utf8.count)
                    } else { .cutOff(characters: count, needed: nil) }
                #expect(reader.end == wanted)
            }
        }
    }

    @Test func `no single character can be another one`() {
        let characters = Array(offerText.utf8)
        for position in 8..<characters.count {
            for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8 where other != characters[position] {
                var changed = characters
                changed[position] = other
                var reader = OfflineReader()
                switch reader.read(changed) {
                case .done: Issue.record("position \(position) was changed unnoticed")
                case .failed(let error): #expect(error == .damaged)
                // The length was changed: there is less than it says.
                case .more: #expect((8..<13).contains(position))
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `random damage is noticed`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for text in [offerText, answerText] {
            for _ in 0..<2000 {
                var characters = Array(text.utf8)
                for _ in 0...Int.random(in: 0..<4, using: &generator) {
                    let position = Int.random(in: 8..<characters.count - 1, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: characters.remove(at: position)
                    case 1: characters.swapAt(position, position + 1)
                    default: characters[position] = UInt8.random(in: 65...90, using: &generator)
                    }
                }
                guard characters != Array(text.utf8) else { continue }
                let changed = String(decoding: characters, as: UTF8.self)
                if (try? OfflineReader.read(changed)) != nil { Issue.record("seed \(seed): \(changed)") }
            }
        }
    }

    @Test(arguments: [4, 5] as [UInt64]) func `no sound checksum makes nonsense a description`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let bytes = Base32.bytes(answerText.utf8.dropFirst(8).compactMap(Base32.value))
        for _ in 0..<5000 {
            var body = Array(bytes.dropLast(4))
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                body[Int.random(in: 0..<body.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            (body[1], body[2]) = (bytes[1], bytes[2])
            let whole = body + OfflineDescription.checksum(of: body)
            // Whatever it is: if it can be read, then it is written as it was.
            guard let paste = try? OfflinePaste(compact: whole) else { continue }
            let text = OfflinePaste.prefix + Base32.encode(whole)
            #expect((try? OfflineReader.read(text)) == paste)
        }
    }

    @Test func `what a chat program does to a text does not matter`() throws {
        let paste = try OfflineSamples.paste(offer)
        let lines = stride(from: 0, to: offerText.count, by: 40).map { offerText.dropFirst($0).prefix(40) }
        let texts = [
            offerText.lowercased(), lines.joined(separator: "\n"), lines.joined(separator: "\r\n  "),
            "[20:14] Alice: here is martlet's offer:\n> " + lines.joined(separator: "\n> "),
            "**`\(offerText)`**", "\u{FEFF}" + offerText.map { "\($0)\u{200B}" }.joined(), "<\(offerText)>\n-- \nAlice",
        ]
        for text in texts { #expect(try OfflineReader.read(text) == paste, "\(text)") }
        let complete = paste.completeText
        let broken = stride(from: 0, to: complete.count, by: 70).map { complete.dropFirst($0).prefix(70) }
        for text in [broken.joined(separator: "\n"), "Alice writes: \(complete) – bye", "\n\n\(complete)\n"] {
            #expect(try OfflineReader.read(text).completeText == complete)
        }
    }

    @Test func `what is neither form is told so`() {
        let cases: [(String, OfflineError)] = [
            ("", .noDescription), ("hello", .noDescription), ("http://192.168.1.2:4040/#abc.def", .noDescription),
            ("7-clock-mango-crust", .noDescription), ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n", .noDescription),
            ("MARTLET2ABCDEF", .unknownVersion), ("MARTLET18", .damaged), ("MARTLET1AP777", .damaged),
            ("{}", .unusable), (#"{"type":"offer"}"#, .unusable), (#"{"type":"offer","sdp":"v=0"}"#, .unusable),
            (#"{"type":"pranswer","sdp":""}"#, .unusable), (#"{"type":1,"sdp":2}"#, .unusable), ("{]", .damaged),
            (#"{"a":}"#, .damaged), (String(repeating: "{", count: 40) + String(repeating: "}", count: 40), .damaged),
            (String(repeating: "x", count: OfflineReader.mostBytes + 1), .unusable),
            ("{" + String(repeating: "\"\"", count: OfflineReader.mostBytes), .unusable),
        ]
        for (text, error) in cases {
            #expect(throws: error, "\(text.prefix(80))") { try OfflineReader.read(text) }
        }
    }

    @Test func `a hundred candidates fit, and of more the best are kept`() throws {
        let hundred = try OfflineSamples.paste(OfflineSamples.crowded(100))
        #expect(try OfflineReader.read(hundred.text) == hundred)
        let more = OfflineSamples.crowded(150)
        let kept = try OfflineReader.read(try OfflineSamples.paste(more).text)
        #expect(try OfflineDescription(.offer, sdp: kept.sdp).candidates == Array(more.candidates.prefix(100)))
    }

    @Test func `what the compact form cannot say is written completely`() throws {
        let sdp = offer.sdp.replacing("a=mid:0", with: "a=mid:data").replacing("BUNDLE 0", with: "BUNDLE data")
        let paste = try OfflinePaste(.offer, sdp: sdp)
        #expect(throws: OfflineError.notCompact) { try paste.compactText }
        #expect(paste.text == paste.completeText)
        #expect(try OfflineReader.read(paste.text).sdp == sdp)
    }

    @Test func `names that are none are refused`() throws {
        for name in ["a b.local", "", "Ä", "A.local", String(repeating: "a", count: 254)] {
            var description = OfflineSamples.offer
            description.candidates = [OfflineCandidate(kind: .host, address: .name(name), port: 1)]
            let bytes = try description.compact(answers: nil, expires: 0)
            #expect(throws: OfflineError.unusable, "\(name)") { try OfflinePaste(compact: bytes) }
        }
    }

    @Test func `the answer to another offer, our own offer and old ones are told apart`() throws {
        let ours = try OfflineSamples.paste(offer)
        var other = offer
        other.ufrag = "zzzz"
        let theirs = try OfflineSamples.paste(other)
        let answer = try OfflineSamples.paste(OfflineSamples.answer, answers: offer.identifier)
        let strange = try OfflineSamples.paste(OfflineSamples.answer, answers: other.identifier)
        let foreign = try OfflineSamples.paste(OfflineSamples.answer)
        let now = OfflineSamples.expires
        try ours.checkIsOffer(at: now)
        try answer.checkIsAnswer(to: offer.identifier, at: now)
        // Who knows nothing of identifiers answers all the same.
        try foreign.checkIsAnswer(to: offer.identifier, at: now)
        // Clocks differ.
        try ours.checkIsOffer(at: now + 300)
        #expect(throws: OfflineError.expired(secondsAgo: 301)) { try ours.checkIsOffer(at: now + 301) }
        #expect(throws: OfflineError.answerForOffer) { try answer.checkIsOffer(at: now) }
        #expect(throws: OfflineError.ownOffer) { try ours.checkIsAnswer(to: offer.identifier, at: now) }
        #expect(throws: OfflineError.offerForAnswer) { try theirs.checkIsAnswer(to: offer.identifier, at: now) }
        #expect(throws: OfflineError.answersAnother) { try strange.checkIsAnswer(to: offer.identifier, at: now) }
        #expect(throws: OfflineError.expired(secondsAgo: 7200)) {
            try answer.checkIsAnswer(to: offer.identifier, at: now + 7200)
        }
    }

    @Test func `what browsers write is read, without the candidates that are of no use`() throws {
        let sdp = """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 2485177271060558703 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=fingerprint:sha-256 1F:36:9B:A0:9E:1C:BB:1A:82:61:D8:EB:6A:E0:C0:D4:C8:57:CF:1F:1F:7B:CE:E6:EF:6A:0D:8A:02:13:29:E0
            a=group:BUNDLE 0
            a=ice-options:trickle
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 d2677cf6-b614-481f-a5c5-19a7ffb00b45.local 49835 typ host
            a=candidate:1 1 UDP 2122252543 8e2719ea-bd9a-4b12-995f-6de692779d21.local 59145 typ host
            a=candidate:2 1 TCP 2105458943 d2677cf6-b614-481f-a5c5-19a7ffb00b45.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:84a19e1f5efa87120a0bd26bc40a3cba
            a=ice-ufrag:ee8a03e3
            a=mid:0
            a=setup:active
            a=sctp-port:5000
            a=max-message-size:1073741823

            """.replacing("\n", with: "\r\n")
        let description = try OfflineDescription(.answer, sdp: sdp)
        // By priority.
        let names = ["8e2719ea-bd9a-4b12-995f-6de692779d21.local", "d2677cf6-b614-481f-a5c5-19a7ffb00b45.local"]
        #expect(description.candidates.map(\.address) == names.map { .name($0) })
        #expect(description.maxMessageBytes == 1_073_741_823 && description.setup == .active)
        let paste = try OfflinePaste(.answer, sdp: sdp, answers: offer.identifier)
        let read = try OfflineReader.read(paste.text)
        #expect(try OfflineDescription(.answer, sdp: read.sdp) == description)
    }
}
