import Signaling
import Synchronization
import Testing
import Wire

struct RoomSessionTests {
    @Test func `host and guest meet and speak`() throws {
        var world = try RoomWorld.meeting(guests: 1)
        let (host, guest) = (try Samples.peer("p1"), try Samples.peer("p2"))
        #expect(world.events[0].prefix(2) == [.entered(peer: host, host: host, peers: []), .peerJoined(guest)])
        #expect(world.events[0].paired(guest)?.certificate == Samples.certificates(2)(host))
        #expect(world.events[1].first == .entered(peer: guest, host: host, peers: [host]))
        #expect(world.events[1].paired(host)?.certificate == Samples.certificates(1)(guest))
        try world.sessions[0].send(.offer(sdp: "o"), to: guest)
        try world.sessions[1].send(.failed(code: "c", message: "m"), to: host)
        world.run()
        #expect(world.events[0].last == .payload(.failed(code: "c", message: "m"), from: guest))
        #expect(world.events[1].last == .payload(.offer(sdp: "o"), from: host))
        // The guest leaves.
        world.sessions[1].leave()
        world.run()
        #expect(world.events[0].last == .peerLeft(guest))
        #expect(world.sessions[1].ending == .left)
        #expect(world.closes == [1: 1000])
        #expect(throws: RoomError.noSuchPeer) { try world.sessions[0].send(.offer(sdp: ""), to: guest) }
        #expect(throws: RoomError.left) { try world.sessions[1].send(.offer(sdp: ""), to: host) }
    }

    @Test func `each of several guests has a pairing of its own`() throws {
        var world = try RoomWorld.meeting(guests: 3)
        for number in 2...4 {
            let peer = try Samples.peer("p\(number)")
            try world.sessions[0].send(.offer(sdp: "\(number)"), to: peer)
        }
        world.run()
        for number in 2...4 {
            let payloads = world.events[number - 1].filter { if case .payload = $0 { true } else { false } }
            #expect(payloads == [.payload(.offer(sdp: "\(number)"), from: try Samples.peer("p1"))])
        }
        // Guests do not pair with each other.
        #expect(throws: RoomError.noSuchPeer) { try world.sessions[1].send(.offer(sdp: ""), to: Samples.peer("p3")) }
    }

    @Test func `a guest with another secret is found out, and finds out`() throws {
        var world = try RoomWorld.meeting(guests: 1, guestSecret: 1)
        let (host, guest) = (try Samples.peer("p1"), try Samples.peer("p2"))
        #expect(world.events[0].rejection(guest) == .wrongSecret)
        #expect(world.events[1].last == .couldNotVerify(host, .wrongSecret))
        // And it is put out, after it was told.
        #expect(world.events[0].last == .peerLeft(guest))
        #expect(world.closes == [1: 4010] && world.sessions[1].ending == .dropped)
        // Nothing is said to or believed from it.
        #expect(throws: RoomError.noSuchPeer) { try world.sessions[0].send(.offer(sdp: "o"), to: guest) }
    }

    @Test func `a code leads to the host of its number, and words have three looks`() throws {
        var world = RoomWorld()
        let looks = LookCount()
        try world.add(
            .host(
                Samples.place(words: "clock mango crust"), size: 16, looks: looks,
                certificates: Samples.certificates(1)))
        let number = try #require(world.sessions[0].number)
        #expect(world.sessions[0].token != nil)
        let guest = { (words: String) throws in
            let code = RoomCode(number: number, words: try CodeWords(parsing: words))
            return RoomSession.guest(
                .code(code, at: try Samples.link().rendezvous), certificates: Samples.certificates(2))
        }
        try world.add(guest("clock mango crust"))
        #expect(world.events[0].paired(try Samples.peer("p2")) != nil)
        for (left, peer) in [(2, "p3"), (1, "p4"), (0, "p5")] {
            try world.add(guest("clock mango crumb"))
            #expect(world.events[0].rejection(try Samples.peer(peer)) == .wrongWords(left: left))
            #expect(world.events.last?.last == .couldNotVerify(try Samples.peer("p1"), .wrongWords(left: 2)))
        }
        try world.add(guest("clock mango crust"))
        #expect(world.events[0].rejection(try Samples.peer("p6")) == .codeDead)
        #expect(world.events.last?.last == .couldNotVerify(try Samples.peer("p1"), .refused(code: "dead")))
        // The link is not concerned.
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        #expect(world.events[0].paired(try Samples.peer("p7")) != nil)
    }

    @Test func `words belong to one number: with another one there are other words`() throws {
        for (wish, stays) in [(7, true), (8, false)] {
            var place = try Samples.place(words: "clock mango crust")
            place.number = RoomNumber(wish)
            var session = RoomSession.host(place, size: 16, certificates: Samples.certificates(1))
            var generator = SeededGenerator(state: 12)
            let notice = RoomNotice.created(
                room: place.room, peer: try Samples.peer("p1"), number: RoomNumber(7),
                token: .random(using: &generator), iceServers: [])
            session.handleText(notice.text, at: .zero, using: &generator)
            #expect(session.number == RoomNumber(7) && session.words != nil)
            #expect((session.words == place.words) == stays)
        }
    }

    @Test func `a guest who says nothing costs no certificate, and one who failed leaves none`() throws {
        let made = Mutex<[PeerIdentifier]>([])
        var session = RoomSession.host(try Samples.place(), size: 16) { peer in
            made.withLock { $0.append(peer) }
            return [UInt8](repeating: 1, count: 32)
        }
        var generator = SeededGenerator(state: 13)
        let notice = RoomNotice.created(
            room: try Samples.room(), peer: try Samples.peer("p1"), token: .random(using: &generator), iceServers: [])
        session.handleText(notice.text, at: .zero, using: &generator)
        let guests = try (2...1001).map { try Samples.peer("p\($0)") }
        for guest in guests { session.handleText(RoomNotice.peerJoined(guest).text, at: .zero, using: &generator) }
        #expect(made.withLock { $0 } == [])
        // Of the many that nobody said have left, few are still listened to.
        for guest in guests {
            session.handleText(RoomNotice.message(from: guest, body: "x").text, at: .zero, using: &generator)
        }
        #expect(made.withLock { $0.count } == RoomSession.pairingLimit)
        #expect(session.ending == nil)
        var failed: Set<PeerIdentifier> = []
        while let event = session.pollEvent() {
            if case .couldNotVerify(let peer, _) = event { #expect(failed.insert(peer).inserted) }
        }
        // Each is told to whoever keeps their certificates.
        #expect(failed == Set(guests))
    }

    @Test func `a room without words has no number and no code`() throws {
        let world = try RoomWorld.meeting(guests: 0)
        #expect(world.sessions[0].number == nil)
    }

    @Test func `the server's refusals end the session`() throws {
        var world = RoomWorld()
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        #expect(world.sessions[0].ending == .noSuchRoom)
        try world.add(.host(Samples.place(), size: 2, certificates: Samples.certificates(1)))
        try world.add(.host(Samples.place(), size: 2, certificates: Samples.certificates(1)))
        #expect(world.sessions[2].ending == .roomExists)
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        #expect(world.sessions[4].ending == .full)
        #expect(world.closes == [0: 4001, 2: 4003, 4: 4002])
    }

    @Test(arguments: [
        "[]", #"{"type":"joined"}"#, #"{"type":"peer-joined","peer":"p1"}"#,
        #"{"type":"message","from":"p1","body":""}"#,
        #"{"type":"created","room":"abcdefghijkmnpqr","peer":"p1","iceServers":[]}"#,
        #"{"type":"joined","room":"zzzzzzzzzzzzzzzz","peer":"p2","host":"p1","peers":["p1"]}"#,
        #"{"type":"joined","room":"abcdefghijkmnpqr","peer":"p2","host":"p1","peers":["p3"]}"#,
        #"{"type":"joined","room":"abcdefghijkmnpqr","peer":"p1","host":"p1","peers":["p1"]}"#,
    ])
    func `a server that breaks the protocol ends the session`(text: String) throws {
        var session = RoomSession.guest(.link(try Samples.link()), certificates: Samples.certificates(2))
        var generator = SeededGenerator(state: 1)
        session.handleText(text, at: .zero, using: &generator)
        guard case .protocolViolation = session.ending else {
            Issue.record("\(String(describing: session.ending))")
            return
        }
        #expect(session.pollEvent() == nil)
    }

    /// What a host says to peers that a server invents, each of which has said `hello`.
    private func answers(
        of host: inout RoomSession, to numbers: ClosedRange<Int>, using generator: inout SeededGenerator
    ) throws -> [String] {
        for number in numbers {
            let peer = try Samples.peer("p\(number)")
            let hello = #"{"hello":2,"by":"code","nonce":"ICEiIyQlJicoKSorLC0uLw"}"#
            host.handleText(RoomNotice.peerJoined(peer).text, at: .zero, using: &generator)
            host.handleText(RoomNotice.message(from: peer, body: hello).text, at: .zero, using: &generator)
        }
        var texts: [String] = []
        while let text = host.pollTransmit() { texts.append(text) }
        return texts
    }

    @Test func `however many guess at once, all are answered, and who comes later gets in`() throws {
        var world = RoomWorld()
        let looks = LookCount()
        let place = try Samples.place(words: "clock mango crust")
        try world.add(.host(place, size: 16, looks: looks, certificates: Samples.certificates(1)))
        let number = try #require(world.sessions[0].number)
        let rightCode = RoomCode(number: number, words: try CodeWords(parsing: "clock mango crust"))
        try world.add(.guest(.code(rightCode, at: place.rendezvous), certificates: Samples.certificates(2)))
        let friend = try Samples.peer("p2")
        #expect(world.events[0].paired(friend) != nil)
        // With the friend there is place for one less.
        let many = 100..<100 + RoomSession.pairingLimit - 1
        let first = try answers(of: &world.sessions[0], to: ClosedRange(many), using: &world.generator)
        #expect(first.count == many.count && first.allSatisfy { $0.contains("share") })
        let second = try answers(of: &world.sessions[0], to: 1000...1999, using: &world.generator)
        #expect(second.count { $0.contains("share") } == 1000)
        #expect(second.count { $0.contains("refused") && $0.contains("busy") } == 1000)
        #expect(world.sessions[0].ending == nil && looks.failed == 0)
        // Who had shown the secret is still there, and an honest one gets in.
        try world.sessions[0].send(.offer(sdp: "o"), to: friend)
        try world.add(.guest(.code(rightCode, at: place.rendezvous), certificates: Samples.certificates(2)))
        #expect(world.events[0].paired(try Samples.peer("p3")) != nil)
        #expect(world.events[1].contains(.payload(.offer(sdp: "o"), from: try Samples.peer("p1"))))
    }

    @Test func `a server that lets a peer join twice is stopped`() throws {
        var world = try RoomWorld.meeting(guests: 0)
        let notice = RoomNotice.peerJoined(try Samples.peer("p2"))
        for _ in 0..<2 { world.sessions[0].handleText(notice.text, at: .zero, using: &world.generator) }
        #expect(world.sessions[0].ending == .protocolViolation("a peer joined twice"))
    }

    @Test(arguments: [1, 3]) func `a hello of another version is refused, and the guest hears it`(version: Int) throws {
        var world = RoomWorld()
        world.tamper = { notice in
            guard case .message(let peer, let body) = notice, body.contains(#""by""#) else { return notice }
            return .message(from: peer, body: body.replacing(#""hello":2"#, with: #""hello":\#(version)"#))
        }
        try world.add(.host(Samples.place(), size: 16, certificates: Samples.certificates(1)))
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        #expect(world.events[0].rejection(try Samples.peer("p2")) == .unknownVersion(version))
        #expect(world.events[1].last == .couldNotVerify(try Samples.peer("p1"), .refused(code: "version")))
    }

    @Test func `what a later server says is ignored`() throws {
        var world = try RoomWorld.meeting(guests: 1)
        world.sessions[1].handleText(#"{"type":"weather","is":"fine"}"#, at: .zero, using: &world.generator)
        #expect(world.sessions[1].ending == nil)
    }
}
