import Testing

@testable import Pairing

/// What a relay can do to a host and a guest: one test an attack. Tests/InteropTests/test_bite.py runs them with each
/// check taken out of a copy of the sources, where they have to fail.
struct EvilRelayTests {
    static let evilCertificate = [UInt8](repeating: 0xEE, count: 32)

    // MARK: The exchange

    @Test(arguments: [RoomRole.host, .guest]) func `a swapped fingerprint is found`(of role: RoomRole) throws {
        var pair = try EvilPair()
        let certificate = Base64URL.encode(Self.evilCertificate)
        let ended = pair.meet { sender, index, body in
            sender == role && index == (role == .host ? 0 : 1) ? body.with("certificate", certificate) : body
        }
        #expect(ended != .bothPaired)
        for peer in [pair.hostPeer, pair.guestPeer] { #expect(peer?.certificate != Self.evilCertificate) }
    }

    @Test func `the guest's confirmation is not taken for the host's`() throws {
        var pair = try EvilPair()
        var shown = ""
        _ = pair.meet { sender, index, body in
            if sender == .guest, index == 1 { shown = body.member("confirm") }
            return sender == .host && index == 1 ? #"{"confirm":"\#(shown)"}"# : body
        }
        #expect(pair.guestPeer == nil)
    }

    @Test func `our own nonce is not taken for the other side's`() throws {
        var pair = try EvilPair()
        var nonce = ""
        _ = pair.meet { sender, index, body in
            if sender == .guest, index == 0 { nonce = body.member("nonce") }
            return sender == .host && index == 0 ? body.with("nonce", nonce) : body
        }
        #expect(pair.guestError == .reflectedHello)
    }

    @Test(arguments: [RoomRole.host, .guest]) func `a share of low order is refused`(of role: RoomRole) throws {
        var pair = try EvilPair()
        let zeros = Base64URL.encode([UInt8](repeating: 0, count: 32))
        _ = pair.meet { sender, index, body in
            sender == role && index == (role == .host ? 0 : 1) ? body.with("share", zeros) : body
        }
        #expect((role == .host ? pair.guestError : pair.hostError) == .badShare)
    }

    @Test func `a guest with other words learns nothing of the host`() throws {
        var pair = try EvilPair(guestCode: "7-clock-mango-acid")
        _ = pair.meet()
        #expect(pair.hostPeer == nil && pair.hostError == .wrongWords(left: 2))
        #expect(!pair.said.contains { $0.0 == .host && $0.1.contains("confirm") })
    }

    @Test func `a host with other words is found out`() throws {
        var pair = try EvilPair(guestCode: "7-clock-mango-acid")
        _ = pair.meet { sender, index, body in
            // It does not say that the words were wrong, but something.
            sender == .host && index == 1 ? #"{"confirm":"\#(Base64URL.encode(Self.evilCertificate))"}"# : body
        }
        #expect(pair.guestPeer == nil && pair.guestError == .wrongWords(left: 2))
    }

    @Test func `rooms cannot be crossed`() throws {
        var pair = try EvilPair(guestRoom: "mnpqrstuvwxyz234")
        _ = pair.meet()
        #expect(pair.hostPeer == nil && pair.guestPeer == nil)
    }

    @Test func `numbers cannot be crossed`() throws {
        var pair = try EvilPair(guestCode: "8-clock-mango-crust")
        _ = pair.meet()
        #expect(pair.hostPeer == nil && pair.guestPeer == nil)
    }

    @Test func `a code cannot be passed off as a link, which nobody counts`() throws {
        // As a link these 16 bytes would be the same password.
        var pair = try EvilPair(hostCode: "7-clock-mango-data", secret: "clock mango data")
        _ = pair.meet { sender, index, body in sender == .guest && index == 0 ? body.with("by", "link") : body }
        #expect(pair.hostPeer == nil && pair.guestPeer == nil)
    }

    @Test(arguments: ["1", "3"]) func `there is no other version`(_ version: String) throws {
        for role in [RoomRole.host, .guest] {
            var pair = try EvilPair()
            let ended = pair.meet { sender, index, body in
                sender == role && index == 0 ? body.replacing("\"hello\":2", with: "\"hello\":\(version)") : body
            }
            #expect(ended != .bothPaired)
        }
    }

    // MARK: Guesses

    @Test func `the host gives three looks and no more`() throws {
        let looks = LookCount()
        for _ in 0..<5 {
            var pair = try EvilPair(guestCode: "7-clock-mango-acid", hostLooks: looks)
            _ = pair.meet()
        }
        #expect(looks.failed == 3)
        var late = try EvilPair(hostLooks: looks)
        _ = late.meet()
        #expect(late.hostPeer == nil && late.said.count { $0.0 == .host && $0.1.contains("share") } == 0)
    }

    @Test func `guesses at once are guesses`() throws {
        let looks = LookCount()
        var pairs = try (0..<6).map { try EvilPair(guestCode: $0 < 5 ? "7-clock-mango-acid" : nil, hostLooks: looks) }
        // All have the host's share before the first shows what it knows; the last knows the words.
        for index in pairs.indices { pairs[index].exchangeShares() }
        for index in pairs.indices { pairs[index].showGuess() }
        #expect(looks.failed == 3 && pairs[5].hostPeer == nil)
        #expect(pairs.count { $0.hostError == .codeDead } == 3)
    }

    @Test func `the guest gives three looks and no more`() throws {
        let looks = LookCount()
        var shown = 0
        for _ in 0..<5 {
            var pair = try EvilPair(guestCode: "7-clock-mango-acid", guestLooks: looks)
            _ = pair.meet()
            shown += pair.said.count { $0.0 == .guest && $0.1.contains("confirm") }
        }
        #expect(shown == 3)
    }

    // MARK: Sealed bodies

    @Test func `a sealed body does not come back`() throws {
        var pair = try EvilPair.paired()
        let body = try pair.host.seal("x")
        #expect(throws: PairingError.wrongBox) { try pair.host.handleBody(body) }
    }

    @Test func `a sealed body comes once`() throws {
        var pair = try EvilPair.paired()
        let body = try pair.host.seal("x")
        #expect(try pair.guest.handleBody(body)?.payload == "x")
        #expect(throws: PairingError.wrongSequence(expected: 1, got: 0)) { try pair.guest.handleBody(body) }
    }

    @Test func `sealed bodies come in order, and all of them`() throws {
        var pair = try EvilPair.paired()
        _ = try pair.host.seal("x")
        let second = try pair.host.seal("y")
        #expect(throws: PairingError.wrongSequence(expected: 0, got: 1)) { try pair.guest.handleBody(second) }
    }

    @Test func `a changed bit is found`() throws {
        var pair = try EvilPair.paired()
        let body = try pair.host.seal(#"{"type":"candidate"}"#)
        let box = body.member("sealed")
        let changed = body.with("sealed", String(box.dropLast(4)) + (box.hasSuffix("AAAA") ? "BBBA" : "AAAA"))
        #expect(throws: PairingError.wrongBox) { try pair.guest.handleBody(changed) }
    }

    @Test func `after one failure nothing is believed`() throws {
        var pair = try EvilPair.paired()
        #expect(throws: PairingError.self) { try pair.guest.handleBody(#"{"type":"candidate","candidate":""}"#) }
        let next = try pair.host.seal("x")
        #expect(throws: PairingError.failed) { try pair.guest.handleBody(next) }
    }

    @Test func `no body of an earlier meeting is taken in any state`() throws {
        var earlier = try EvilPair()
        _ = earlier.meet()
        earlier.said.append((.host, try earlier.host.seal("x")))
        earlier.said.append((.guest, try earlier.guest.seal("x")))
        for (role, body) in earlier.said {
            for place in 0..<3 {
                var pair = try EvilPair(seed: 2)
                var count = 0
                let ended = pair.meet(replay: { sender, index in
                    count += 1
                    return sender == role && index == place ? body : nil
                })
                #expect(count > 0 && (ended != .bothPaired || place > 1), "\(body)")
                if place == 2, ended == .bothPaired {
                    #expect(throws: PairingError.self) {
                        role == .host ? try pair.guest.handleBody(body) : try pair.host.handleBody(body)
                    }
                }
            }
        }
    }

    // MARK: The connection

    @Test(arguments: ["", "a=fingerprint:sha-256 EE", "a=fingerprint:sha-1 00:11"])
    func `a description of another certificate is refused`(_ more: String) throws {
        let pair = try EvilPair.paired()
        let peer = try #require(pair.guestPeer)
        let digits = EvilPair.hostCertificate.map { hex([$0]).uppercased() }.joined(separator: ":")
        let right = "v=0\r\na=fingerprint:sha-256 \(digits)\r\n"
        #expect(peer.isDescribed(by: right))
        #expect(!peer.isDescribed(by: more.isEmpty ? right.replacing("80:81", with: "80:82") : right + more + "\r\n"))
    }

    @Test func `a proof of other certificates is none`() throws {
        let pair = try EvilPair.paired()
        let (host, guest) = (try #require(pair.hostPeer), try #require(pair.guestPeer))
        // Somebody in between has shown each a certificate of its own.
        let message = host.proof.message(local: EvilPair.hostCertificate, remote: Self.evilCertificate)
        #expect(!guest.proof.isRight(message, local: EvilPair.guestCertificate, remote: Self.evilCertificate))
    }

    @Test func `our own proof is not the other side's`() throws {
        let pair = try EvilPair.paired()
        let proof = try #require(pair.guestPeer).proof
        let ours = EvilPair.guestCertificate
        #expect(!proof.isRight(proof.message(local: ours, remote: ours), local: ours, remote: ours))
    }
}
