import Testing

@testable import Pairing

/// Every state of both sides against every body, and bodies that are damaged.
struct RoomPairingTests {
    /// A pair that has exchanged so many bodies, and the one that comes next.
    private func pair(after count: Int) throws -> (host: RoomPairing, guest: RoomPairing, from: RoomRole, next: String)
    {
        let pair = try EvilPair()
        var (host, guest) = (pair.host, pair.guest)
        for step in 0..<4 {
            let from = step % 2 == 0 ? RoomRole.guest : .host
            let body = from == .guest ? guest.pollBody() : host.pollBody()
            let next = try #require(body)
            if step == count { return (host, guest, from, next) }
            if from == .guest { _ = try host.handleBody(next) } else { _ = try guest.handleBody(next) }
        }
        return (host, guest, .host, try host.seal("hello"))
    }

    private static let key = String(repeating: "A", count: 42) + "E"

    /// One body of each kind, made by somebody who knows the formats and no secret.
    private static let bodies = [
        #"{"hello":2,"by":"code","nonce":"AAECAwQFBgcICQoLDA0ODw"}"#,
        #"{"hello":2,"by":"link","nonce":"AAECAwQFBgcICQoLDA0ODw"}"#,
        #"{"hello":2,"nonce":"AAECAwQFBgcICQoLDA0ODw","share":"\#(key)","certificate":"\#(key)"}"#,
        #"{"share":"\#(key)","certificate":"\#(key)","confirm":"\#(key)"}"#,
        #"{"confirm":"\#(key)"}"#, #"{"refused":"wrong-secret"}"#, #"{"refused":"dead"}"#, #"{"refused":"version"}"#,
        #"{"refused":7}"#, #"{"seq":0,"sealed":""}"#, #"{"seq":0,"sealed":"\#(key)"}"#,
        #"{"seq":-1,"sealed":"\#(key)"}"#,
        #"{"seq":0.5,"sealed":"\#(key)"}"#, #"{"seq":9223372036854775807,"sealed":"\#(key)"}"#,
        #"{"hello":1,"nonce":"AAECAwQFBgcICQoLDA0ODw"}"#, #"{"hello":"2"}"#, "{}", "[]", "", "nonsense", "null",
        #"{"hello":2,"by":"word","nonce":"AAECAwQFBgcICQoLDA0ODw"}"#, #"{"hello":2,"by":"code","nonce":"AAEC"}"#,
        #"{"type":"offer","sdp":"v=0"}"#,
    ]

    /// By state (bodies exchanged before): which of `bodies` do not end the exchange.
    @Test(arguments: 0...4) func `in every state every body ends the exchange but the one that belongs there`(
        count: Int
    ) throws {
        for body in Self.bodies {
            for role in [RoomRole.host, .guest] {
                let (host, guest, _, _) = try pair(after: count)
                var side = role == .host ? host : guest
                // A hello is welcome to a host that has heard none, and a host's share to a guest that waits for one.
                let isWelcome =
                    role == .host && count == 0 && body.contains(#""by":"code"#) && body.contains("ODw")
                    || role == .host && count == 0 && body.contains(#""by":"link"#)
                    || role == .guest && count <= 1 && body.contains("hello") && body.contains("share")
                if isWelcome {
                    #expect(try side.handleBody(body) == nil)
                    continue
                }
                #expect(throws: PairingError.self, "\(role) after \(count): \(body)") { try side.handleBody(body) }
                // The first error is the last word, and nothing can be sealed.
                #expect(throws: PairingError.failed) { try side.handleBody(body) }
                #expect(throws: PairingError.failed) { try side.seal("x") }
            }
        }
    }

    @Test(arguments: 0...4) func `the right body in the wrong state or direction ends the exchange`(count: Int) throws {
        let (_, _, from, next) = try pair(after: count)
        for state in 0...4 where state != count {
            for role in [RoomRole.host, .guest] where role != from || state > count {
                let (host, guest, _, _) = try pair(after: state)
                var side = role == .host ? host : guest
                // Whoever has said what comes before waits for it.
                if role != from, state == count - 1 { continue }
                // Both sides are through after the fourth.
                if count == 4, state == 4 { continue }
                #expect(throws: PairingError.self, "\(count) \(state) \(role)") { try side.handleBody(next) }
            }
        }
    }

    @Test(arguments: 0...4) func `every cut and every changed character ends the exchange or changes nothing`(
        count: Int
    ) throws {
        let (host, guest, from, next) = try pair(after: count)
        let bytes = Array(next.utf8)
        var received = from == .guest ? host : guest
        let right = try received.handleBody(next)
        for end in bytes.indices {
            var side = from == .guest ? host : guest
            #expect(throws: PairingError.self) { try side.handleBody(String(decoding: bytes[..<end], as: UTF8.self)) }
        }
        // Another character at each place.
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= place % 2 == 0 ? 1 : 16
            var side = from == .guest ? host : guest
            guard let event = try? side.handleBody(String(decoding: changed, as: UTF8.self)) else { continue }
            // What a peer is paired by is never what somebody else wrote.
            #expect(event == right, "\(String(decoding: changed, as: UTF8.self))")
        }
    }

    @Test func `payloads go both ways in order`() throws {
        var pair = try EvilPair.paired()
        for text in ["", "a", "ä€😀\u{0}\"\\", String(repeating: "x", count: 60_000)] {
            #expect(try pair.guest.handleBody(pair.host.seal(text))?.payload == text)
            #expect(try pair.host.handleBody(pair.guest.seal(text))?.payload == text)
        }
    }

    @Test func `a body that no server relays is not made`() throws {
        var pair = try EvilPair.paired()
        #expect(throws: PairingError.tooLarge(limit: 131_072)) {
            try pair.host.seal(String(repeating: "x", count: 100_000))
        }
        #expect(try pair.guest.handleBody(pair.host.seal("still in step"))?.payload == "still in step")
        #expect(throws: PairingError.notPaired) {
            var early = try EvilPair()
            _ = try early.host.seal("too early")
        }
    }

    @Test func `refusals are what they say, and a guess that was shown is used up`() throws {
        for (code, count, left) in [("dead", 0, 3), ("no-code", 0, 3), ("version", 0, 3), ("dead", 1, 2)] {
            let looks = LookCount()
            var pair = try EvilPair(guestLooks: looks)
            if count == 1 { pair.exchangeShares() }
            #expect(throws: PairingError.refused(code: code)) {
                try pair.guest.handleBody(#"{"refused":"\#(code)"}"#)
            }
            #expect(looks.left == left)
        }
    }

    @Test func `a room without a code says so, and another version too`() throws {
        var generator = SeededGenerator(state: 3)
        let room = try #require(RoomIdentifier("abcdefghijkmnpqr"))
        let secret = try #require(RoomSecret(bytes: Array(0..<16)))
        for (body, answer, error) in [
            (#"{"hello":2,"by":"code","nonce":"AAECAwQFBgcICQoLDA0ODw"}"#, "no-code", PairingError.noCode),
            (#"{"hello":1,"nonce":"AAECAwQFBgcICQoLDA0ODw"}"#, "version", .unknownVersion(1)),
        ] {
            var host = RoomPairing.host(
                room: room, secrets: HostSecrets(secret: secret), certificate: EvilPair.hostCertificate,
                using: &generator)
            #expect(throws: error) { try host.handleBody(body) }
            #expect(host.pollBody() == #"{"refused":"\#(answer)"}"#)
            #expect(host.pollBody() == nil)
        }
    }
}
