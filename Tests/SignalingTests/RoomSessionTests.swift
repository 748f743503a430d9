import Signaling
import Testing
import Wire

/// A registry and sessions, wired to each other without a network.
private struct World {
    var registry = RoomRegistry()
    var sessions: [RoomSession] = []
    var events: [[RoomEvent]] = []
    var closes: [Int: UInt16] = [:]
    var generator = SeededGenerator(state: 11)
    /// Changes what the server relays.
    var tamper: (RoomNotice) -> RoomNotice? = { $0 }

    mutating func add(_ session: RoomSession) throws {
        registry.connect(.init(rawValue: UInt64(sessions.count)), from: try #require(IPAddress("192.0.2.1")), at: .zero)
        sessions.append(session)
        events.append([])
        run()
    }

    /// Until nobody has anything more to say.
    mutating func run() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for index in sessions.indices {
                while let text = sessions[index].pollTransmit() {
                    isQuiet = false
                    registry.handleText(text, from: .init(rawValue: UInt64(index)), at: .zero)
                }
            }
            while let action = registry.pollAction() {
                isQuiet = false
                switch action {
                case .send(let notice, let id):
                    guard let notice = tamper(notice) else { continue }
                    sessions[Int(id.rawValue)].handleText(notice.text, using: &generator)
                case .close(let id, let code, _): closes[Int(id.rawValue)] = code
                }
            }
            for index in sessions.indices {
                while let event = sessions[index].pollEvent() { events[index].append(event) }
            }
        }
    }

    static func meeting(guests: Int, size: Int = 16, guestSecret: UInt8 = 0) throws -> World {
        var world = World()
        try world.add(.host(Samples.place(), size: size, certificates: Samples.certificates(1)))
        for _ in 0..<guests {
            try world.add(.guest(.link(Samples.link(guestSecret)), certificates: Samples.certificates(2)))
        }
        return world
    }
}

struct RoomSessionTests {
    @Test func `host and guest meet and speak`() throws {
        var world = try World.meeting(guests: 1)
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
        var world = try World.meeting(guests: 3)
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
        var world = try World.meeting(guests: 1, guestSecret: 1)
        let (host, guest) = (try Samples.peer("p1"), try Samples.peer("p2"))
        #expect(world.events[0].last == .couldNotVerify(guest, .wrongSecret))
        #expect(world.events[1].last == .couldNotVerify(host, .wrongSecret))
        // Nothing is said to or believed from it.
        #expect(throws: RoomError.noSuchPeer) { try world.sessions[0].send(.offer(sdp: "o"), to: guest) }
    }

    @Test func `a code leads to the host of its number, and words have three looks`() throws {
        var world = World()
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
            #expect(world.events[0].last == .couldNotVerify(try Samples.peer(peer), .wrongWords(left: left)))
            #expect(world.events.last?.last == .couldNotVerify(try Samples.peer("p1"), .wrongWords(left: 2)))
        }
        try world.add(guest("clock mango crust"))
        #expect(world.events[0].last == .couldNotVerify(try Samples.peer("p6"), .codeDead))
        #expect(world.events.last?.last == .couldNotVerify(try Samples.peer("p1"), .refused(code: "dead")))
        // The link is not concerned.
        try world.add(.guest(.link(Samples.link()), certificates: Samples.certificates(2)))
        #expect(world.events[0].paired(try Samples.peer("p7")) != nil)
    }

    @Test func `a room without words has no number and no code`() throws {
        let world = try World.meeting(guests: 0)
        #expect(world.sessions[0].number == nil)
    }

    @Test func `the server's refusals end the session`() throws {
        var world = World()
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
        session.handleText(text, using: &generator)
        guard case .protocolViolation = session.ending else {
            Issue.record("\(String(describing: session.ending))")
            return
        }
        #expect(session.pollEvent() == nil)
    }

    @Test func `a server that invents peers is stopped`() throws {
        var world = try World.meeting(guests: 0)
        for number in 2...40 {
            let notice = RoomNotice.peerJoined(try Samples.peer("p\(number)"))
            world.sessions[0].handleText(notice.text, using: &world.generator)
        }
        #expect(world.sessions[0].ending == .protocolViolation("more peers than a room holds"))
    }

    @Test func `what a later server says is ignored`() throws {
        var world = try World.meeting(guests: 1)
        world.sessions[1].handleText(#"{"type":"weather","is":"fine"}"#, using: &world.generator)
        #expect(world.sessions[1].ending == nil)
    }
}

extension [RoomEvent] {
    /// Who that peer turned out to be.
    fileprivate func paired(_ peer: PeerIdentifier) -> PairedPeer? {
        lazy.compactMap { if case .paired(peer, let paired) = $0 { paired } else { nil } }.first
    }
}
