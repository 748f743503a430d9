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
        let room = try Samples.room()
        try world.add(.host(room: room, secret: try Samples.secret(), size: size))
        for _ in 0..<guests { try world.add(.guest(room: room, secret: try Samples.secret(guestSecret))) }
        return world
    }
}

struct RoomSessionTests {
    @Test func `host and guest meet and speak`() throws {
        var world = try World.meeting(guests: 1)
        let (host, guest) = (try Samples.peer("p1"), try Samples.peer("p2"))
        #expect(world.events[0] == [.entered(peer: host, host: host, peers: []), .peerJoined(guest), .paired(guest)])
        #expect(world.events[1] == [.entered(peer: guest, host: host, peers: [host]), .paired(host)])
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
        try world.sessions[0].send(.offer(sdp: "o"), to: guest)
        world.run()
        // The guest's farewell has told the host.
        #expect(world.events[0].last == .couldNotVerify(guest, .wrongCode))
        #expect(world.events[1].last == .couldNotVerify(host, .wrongCode))
        // Nothing more is said to or believed from it.
        #expect(throws: RoomError.noSuchPeer) { try world.sessions[0].send(.offer(sdp: "o"), to: guest) }
    }

    @Test func `a server that changes a description is found out`() throws {
        var world = try World.meeting(guests: 1)
        world.tamper = { notice in
            guard case .message(let from, let body) = notice else { return notice }
            return .message(from: from, body: body.replacing("AA:BB", with: "CC:DD"))
        }
        try world.sessions[0].send(.offer(sdp: "a=fingerprint:sha-256 AA:BB"), to: Samples.peer("p2"))
        world.run()
        #expect(world.events[1].last == .couldNotVerify(try Samples.peer("p1"), .wrongCode))
    }

    @Test func `a server that reflects, drops or swaps nonces is found out`() throws {
        // Reflection: what the host says comes back to it as the guest's word.
        var world = try World.meeting(guests: 1)
        try world.sessions[0].send(.offer(sdp: "o"), to: Samples.peer("p2"))
        let transmit = world.sessions[0].pollTransmit()
        let sent = try #require(transmit)
        guard case .message(_, let body) = try RoomRequest(parsing: sent) else {
            Issue.record("no message")
            return
        }
        let reflected = RoomNotice.message(from: try Samples.peer("p2"), body: body)
        world.sessions[0].handleText(reflected.text, using: &world.generator)
        #expect(world.sessions[0].pollEvent() == .couldNotVerify(try Samples.peer("p2"), .wrongCode))

        // A dropped body.
        world = try World.meeting(guests: 1)
        world.tamper = { notice in
            if case .message(_, let body) = notice, body.contains(#""seq":0"#) { nil } else { notice }
        }
        try world.sessions[0].send(.offer(sdp: "o"), to: Samples.peer("p2"))
        try world.sessions[0].send(.candidate(line: "c", mid: nil), to: Samples.peer("p2"))
        world.run()
        #expect(
            world.events[1].last
                == .couldNotVerify(try Samples.peer("p1"), .wrongSequence(expected: 0, got: 1)))

        // A nonce of the server's own.
        world = World()
        world.tamper = { notice in
            guard case .message(let from, let body) = notice, body.contains("hello"), from.text == "p1" else {
                return notice
            }
            return .message(from: from, body: #"{"hello":1,"nonce":"AAAAAAAAAAAAAAAAAAAAAA"}"#)
        }
        try world.add(.host(room: try Samples.room(), secret: try Samples.secret(), size: 2))
        try world.add(.guest(room: try Samples.room(), secret: try Samples.secret()))
        try world.sessions[0].send(.offer(sdp: "o"), to: Samples.peer("p2"))
        world.run()
        #expect(world.events[1].last == .couldNotVerify(try Samples.peer("p1"), .wrongCode))
    }

    @Test func `the server's refusals end the session`() throws {
        var world = World()
        let room = try Samples.room()
        try world.add(.guest(room: room, secret: try Samples.secret()))
        #expect(world.sessions[0].ending == .noSuchRoom)
        try world.add(.host(room: room, secret: try Samples.secret(), size: 2))
        try world.add(.host(room: room, secret: try Samples.secret(), size: 2))
        #expect(world.sessions[2].ending == .roomExists)
        try world.add(.guest(room: room, secret: try Samples.secret()))
        try world.add(.guest(room: room, secret: try Samples.secret()))
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
        var session = RoomSession.guest(room: try Samples.room(), secret: try Samples.secret())
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
