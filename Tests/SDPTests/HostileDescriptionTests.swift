import SDP
import Testing

/// Whatever bytes arrive, reading them ends with a description or an error.
@Suite struct HostileDescriptionTests {
    static let ours = NegotiatedSessionTests.ours

    /// Does everything that is ever done with a peer's bytes; true when an answer came out.
    func digest(_ bytes: [UInt8]) -> Bool {
        do {
            let document = try SDPDocument(parsing: bytes)
            guard try SDPDocument(parsing: document.text) == document else {
                Issue.record("printing changed the document")
                return false
            }
            let description = try PeerDescription(document)
            for index in description.sections.indices {
                _ = try? description.transport(ofSection: index, in: .offer)
                _ = try? description.transport(ofSection: index, in: .answer)
            }
            var session = NegotiatedSession(sessionID: 1)
            let offer = session.offer(Self.ours)
            _ = try? session.accept(description, to: offer)
            let answer = try session.answer(to: description, Self.ours)
            _ = try PeerDescription(parsing: answer.text)
            return true
        } catch {
            return false
        }
    }

    @Test(arguments: ["chromium-156.0.8078.79-data_offer", "firefox-153.7.0-data_answer", "aiortc-1.16.0-data_offer"])
    func `a description cut off anywhere is read or refused`(name: String) throws {
        let bytes = Array(try Fixture.text(name).utf8)
        let readable = bytes.indices.filter { digest(Array(bytes[..<$0])) }
        // Too short to hold o= is refused; once credentials and fingerprint are there, the rest may be missing.
        #expect(readable.first.map { $0 > 20 } == true)
        #expect(readable.contains(bytes.count - 1))
        #expect(digest(bytes))
    }

    @Test(arguments: try Fixture.names())
    func `bytes changed at random are read or refused`(name: String) throws {
        let bytes = Array(try Fixture.text(name).utf8)
        var generator = SeededGenerator(state: UInt64(name.utf8.count))
        var refused = 0
        let rounds = 60
        for _ in 0..<rounds {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let index = Int.random(in: 0..<changed.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: changed[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: changed.remove(at: index)
                case 2: changed.insert([0, 9, 10, 13, 32, 58, 255].randomElement(using: &generator) ?? 0, at: index)
                default:
                    let end = min(index + Int.random(in: 0...200, using: &generator), changed.count)
                    changed.insert(contentsOf: changed[index..<end], at: index)
                }
            }
            if !digest(changed) { refused += 1 }
        }
        #expect(refused > 0)
        #expect(digest(bytes))
    }

    @Test func `lines in any order and number are read or refused`() throws {
        let lines = try Fixture.names().flatMap { try Fixture.text($0).split(separator: "\r\n") }
        var generator = SeededGenerator(state: 22)
        var read = 0
        for _ in 0..<300 {
            let some = (0..<Int.random(in: 1...60, using: &generator)).compactMap { _ in
                lines.randomElement(using: &generator)
            }
            let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n" + some.joined(separator: "\r\n")
            if digest(Array(text.utf8)) { read += 1 }
        }
        #expect(read > 0)
    }

    @Test func `huge numbers and counts are refused or clamped`() {
        let digits = String(repeating: "9", count: 4000)
        for line in [
            "a=sctp-port:\(digits)", "a=mid:\(digits)", "m=audio \(digits) X 0", "m=audio 9/\(digits) X",
            "a=ice-ufrag:\(digits)", "a=ice-pwd:\(digits)", "a=tls-id:\(digits)", "a=max-message-size:-\(digits)",
        ] {
            #expect(throws: SDPError.self) { try PeerDescription(parsing: Written.offer([]) + line) }
        }
        #expect(throws: SDPError.self) { try PeerDescription(parsing: "v=0\no=- 1 \(digits) IN IP4 0.0.0.0\n") }
        #expect(throws: Never.self) { try PeerDescription(parsing: Written.offer(["max-message-size:\(digits)"])) }
    }

    @Test func `the largest texts within the limits are handled`() {
        let mids = (0..<SDPLimits.mediaSections).map(String.init)
        let group = "a=group:BUNDLE " + Array(repeating: mids.joined(separator: " "), count: 90).joined(separator: " ")
        let sections = mids.map { "m=audio 9 X 0\na=mid:\($0)\n" }.joined()
        var text = "v=0\no=- 1 1 IN IP4 0.0.0.0\n"
        while text.utf8.count + group.utf8.count + sections.utf8.count + 1 < SDPLimits.descriptionBytes {
            text += group + "\n"
        }
        #expect(digest(Array((text + sections).utf8)))
        let candidates = String(repeating: "a=candidate:1\n", count: 4000)
        #expect(digest(Array(("v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 9 X 0\n" + candidates).utf8)))
    }

    @Test func `text that combines into odd characters is cut where bytes say`() throws {
        let text =
            "v=0\no=- 1 1 IN IP4 0.0.0.0\na=mid:\u{301}x \u{308}\na= \u{301}:\u{301}\nm=audio 9 X 0\na=fingerprint: \u{301}\n"
        #expect(digest(Array(text.utf8)))
        let attribute = try #require(SDPLine(attribute: "a", " \u{301}b \u{308}").attribute)
        #expect(attribute.trimmedValue.unicodeScalars.count == 4)
    }
}
