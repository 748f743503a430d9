import Signaling
import Testing

struct PairingTests {
    /// Host and guest after their hellos.
    private func pair(hostSecret: UInt8 = 0, guestSecret: UInt8 = 0, guestRoom: String = "abcdefghijkmnpqr") throws
        -> (host: Pairing, guest: Pairing)
    {
        var hostNumbers = CountingGenerator(byte: 0x10)
        var guestNumbers = CountingGenerator(byte: 0x20)
        var host = Pairing(
            role: .host, room: try Samples.room(), secret: try Samples.secret(hostSecret), using: &hostNumbers)
        var guest = Pairing(
            role: .guest, room: try Samples.room(guestRoom), secret: try Samples.secret(guestSecret),
            using: &guestNumbers)
        #expect(try host.handleBody(guest.hello) == .ready)
        #expect(try guest.handleBody(host.hello) == .ready)
        return (host, guest)
    }

    @Test func `the bodies are those of the protocol's example`() throws {
        var (host, guest) = try pair()
        #expect(host.hello == #"{"hello":1,"nonce":"EBESExQVFhcYGRobHB0eHw"}"#)
        #expect(guest.hello == #"{"hello":1,"nonce":"ICEiIyQlJicoKSorLC0uLw"}"#)
        let offer = try host.seal(#"{"type":"offer","sdp":"v=0\r\n"}"#)
        #expect(
            offer == #"{"seq":0,"payload":"{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}","#
                + #""mac":"sJUYk1fovnCsimUNmZXAOM0jfS0ZtVZXx-ogOdYdWmI"}"#)
        let answer = try guest.seal(#"{"type":"answer","sdp":"v=0\r\n"}"#)
        #expect(answer.contains("66BZ4vprZE0kFjuu6v1jMomOK9GzCPGh4O1Pbgyotbk"))
        let end = try host.seal(#"{"type":"candidate","candidate":"","mid":null}"#)
        #expect(end.contains(#""seq":1"#))
        #expect(end.contains("Klc_0LY0OUrHGazm6TEbvUb85i55ka4hikbGls1ly5o"))
    }

    @Test func `payloads go both ways in order`() throws {
        var (host, guest) = try pair()
        for text in ["", "a", "ä€😀\u{0}\"\\", String(repeating: "x", count: 60_000)] {
            #expect(try guest.handleBody(host.seal(text)) == .payload(text))
            #expect(try host.handleBody(guest.seal(text)) == .payload(text))
        }
    }

    @Test func `a wrong secret is told to the other side by a code that is wrong too, once`() throws {
        var (host, guest) = try pair(guestSecret: 1)
        #expect(guest.sealFarewell("not yet") == nil)
        #expect(throws: PairingError.wrongCode) { try guest.handleBody(host.seal("offer")) }
        let farewell = guest.sealFarewell("bye")
        #expect(guest.sealFarewell("bye again") == nil)
        #expect(throws: PairingError.wrongCode) { try host.handleBody(#require(farewell)) }
    }

    @Test func `a wrong secret or room is noticed with the first body`() throws {
        var (host, guest) = try pair(guestSecret: 1)
        #expect(throws: PairingError.wrongCode) { try guest.handleBody(host.seal("x")) }
        var (host2, guest2) = try pair(guestRoom: "zzzzzzzzzzzzzzzz")
        #expect(throws: PairingError.wrongCode) { try host2.handleBody(guest2.seal("x")) }
    }

    @Test func `every flipped bit is noticed`() throws {
        var (host, guest) = try pair()
        let body = Array(try host.seal("payload").utf8)
        for index in body.indices {
            for bit in 0..<7 as Range<UInt8> {
                var changed = body
                changed[index] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                var receiver = guest
                // A letter of an escape or a name may change its case and mean the same; the payload never may.
                if let event = try? receiver.handleBody(text) { #expect(event == .payload("payload"), "\(text)") }
            }
        }
        #expect(try guest.handleBody(String(decoding: body, as: UTF8.self)) == .payload("payload"))
    }

    @Test func `a body that comes twice, too early or not at all is noticed`() throws {
        var (host, guest) = try pair()
        let bodies = try (0..<3).map { try host.seal("\($0)") }
        var replayed = guest
        _ = try replayed.handleBody(bodies[0])
        #expect(throws: PairingError.wrongSequence(expected: 1, got: 0)) { try replayed.handleBody(bodies[0]) }
        #expect(throws: PairingError.wrongSequence(expected: 0, got: 1)) { try guest.handleBody(bodies[1]) }
        // The first error is the last word.
        #expect(throws: PairingError.failed) { try guest.handleBody(bodies[0]) }
        #expect(throws: PairingError.failed) { try guest.seal("x") }
    }

    @Test func `a reflected body is noticed`() throws {
        var (host, _) = try pair()
        let body = try host.seal("x")
        #expect(throws: PairingError.wrongCode) { try host.handleBody(body) }
    }

    @Test func `a body of the other direction is noticed`() throws {
        var (host, guest) = try pair()
        let fromGuest = try guest.seal("x")
        #expect(throws: PairingError.wrongCode) { try guest.handleBody(fromGuest) }
        #expect(try host.handleBody(fromGuest) == .payload("x"))
    }

    @Test func `a body of an older pairing is noticed`() throws {
        var (host, _) = try pair()
        let old = try host.seal("x")
        var generator = SeededGenerator(state: 9)
        var guest = Pairing(
            role: .guest, room: try Samples.room(), secret: try Samples.secret(), using: &generator)
        _ = try guest.handleBody(host.hello)
        #expect(throws: PairingError.wrongCode) { try guest.handleBody(old) }
    }

    @Test func `two of one role do not understand each other`() throws {
        var generator = SeededGenerator(state: 5)
        var one = Pairing(role: .guest, room: try Samples.room(), secret: try Samples.secret(), using: &generator)
        var two = Pairing(role: .guest, room: try Samples.room(), secret: try Samples.secret(), using: &generator)
        _ = try one.handleBody(two.hello)
        _ = try two.handleBody(one.hello)
        #expect(throws: PairingError.wrongCode) { try one.handleBody(two.seal("x")) }
    }

    @Test(
        arguments: [
            ("", .notAnObject), ("[]", .notAnObject), ("{}", .noHello), (#"{"seq":0,"payload":"","mac":""}"#, .noHello),
            (#"{"hello":"1","nonce":"ICEiIyQlJicoKSorLC0uLw"}"#, .badMember("hello")),
            (#"{"hello":2,"nonce":"ICEiIyQlJicoKSorLC0uLw"}"#, .unknownVersion(2)),
            (#"{"hello":1}"#, .badMember("nonce")), (#"{"hello":1,"nonce":"ICEi"}"#, .badMember("nonce")),
            (#"{"hello":1,"nonce":"ICEiIyQlJicoKSorLC0uLx"}"#, .badMember("nonce")),
            (#"{"hello":1,"nonce":"EBESExQVFhcYGRobHB0eHw"}"#, .reflectedHello),
        ] as [(String, PairingError)])
    func `a bad hello is refused`(body: String, expected: PairingError) throws {
        var numbers = CountingGenerator(byte: 0x10)
        var host = Pairing(role: .host, room: try Samples.room(), secret: try Samples.secret(), using: &numbers)
        #expect(throws: PairingError.noHello) { try host.seal("too early") }
        #expect(throws: expected) { try host.handleBody(body) }
        #expect(throws: PairingError.failed) { try host.handleBody(#"{"hello":1,"nonce":"ICEiIyQlJicoKSorLC0uLw"}"#) }
    }

    @Test(
        arguments: [
            ("null", .notAnObject), (#"{"hello":1,"nonce":"ICEiIyQlJicoKSorLC0uLw"}"#, .secondHello),
            (#"{"payload":"","mac":""}"#, .badMember("seq")),
            (#"{"seq":0.5,"payload":"","mac":""}"#, .badMember("seq")),
            (#"{"seq":-1,"payload":"","mac":""}"#, .wrongSequence(expected: 0, got: -1)),
            (#"{"seq":0,"payload":1,"mac":""}"#, .badMember("payload")),
            (#"{"seq":0,"payload":""}"#, .badMember("mac")),
            (#"{"seq":0,"payload":"","mac":"="}"#, .badMember("mac")),
            (#"{"seq":0,"payload":"","mac":""}"#, .wrongCode),
            (#"{"seq":9223372036854775807,"payload":"","mac":""}"#, .wrongSequence(expected: 0, got: .max)),
        ] as [(String, PairingError)])
    func `a bad body is refused`(body: String, expected: PairingError) throws {
        var (host, _) = try pair()
        #expect(throws: expected) { try host.handleBody(body) }
    }

    @Test func `a body that no server relays is not made`() throws {
        var (host, guest) = try pair()
        #expect(throws: PairingError.tooLarge(limit: 131_072)) {
            try host.seal(String(repeating: "\"", count: 70_000))
        }
        #expect(try guest.handleBody(host.seal("still in step")) == .payload("still in step"))
    }
}
