import Signaling
import Testing
import Wire

struct RoomRegistryTests {
    private let create = #"{"type":"create","room":"abcdefghijkmnpqr","size":3}"#
    private let join = #"{"type":"join","room":"abcdefghijkmnpqr"}"#

    @Test func `a room from its making to its end`() throws {
        var hall = RoomHall(iceServers: [RoomICEServer(urls: ["stun:s"])])
        for number in 1...3 as ClosedRange<UInt64> { try hall.connect(number) }
        let servers = #""iceServers":[{"urls":["stun:s"]}]}"#
        // 1 -> create
        let made = hall.say(1, create)
        let token = try #require(hall.token)
        #expect(token.text.utf8.count == 22)
        #expect(
            made == [
                #"1: {"type":"created","room":"abcdefghijkmnpqr","peer":"p1","token":"\#(token.text)","# + servers
            ])
        // 2 -> join
        #expect(
            hall.say(2, join) == [
                #"2: {"type":"joined","room":"abcdefghijkmnpqr","peer":"p2","host":"p1","peers":["p1"],"# + servers,
                #"1: {"type":"peer-joined","peer":"p2"}"#,
            ])
        // 3 -> join
        #expect(
            hall.say(3, join) == [
                #"3: {"type":"joined","room":"abcdefghijkmnpqr","peer":"p3","host":"p1","peers":["p1","p2"],"#
                    + servers,
                #"1: {"type":"peer-joined","peer":"p3"}"#, #"2: {"type":"peer-joined","peer":"p3"}"#,
            ])
        // 2 -> message to 1, and 1 -> message to 2
        #expect(
            hall.say(2, #"{"type":"message","to":"p1","body":"hi"}"#) == [
                #"1: {"type":"message","from":"p2","body":"hi"}"#
            ])
        #expect(
            hall.say(1, #"{"type":"message","to":"p2","body":"ho"}"#) == [
                #"2: {"type":"message","from":"p1","body":"ho"}"#
            ])
        // 2 -> bye
        #expect(
            hall.say(2, .bye) == [
                "2: close 1000", #"1: {"type":"peer-left","peer":"p2"}"#, #"3: {"type":"peer-left","peer":"p2"}"#,
            ])
        #expect(hall.say(2, join) == [])
        #expect(hall.disconnect(2) == [])
        // A name is not used again.
        try hall.connect(4)
        #expect(hall.say(4, join).first?.contains(#""peer":"p4","host":"p1","peers":["p1","p3"]"#) == true)
        // The host vanishes, and the room with it.
        #expect(
            hall.disconnect(1) == [
                #"3: {"type":"peer-left","peer":"p1"}"#, #"4: {"type":"peer-left","peer":"p1"}"#, "3: close 4006",
                "4: close 4006",
            ])
        #expect(hall.registry.roomCount == 0)
        try hall.connect(5)
        #expect(
            hall.say(5, join) == [
                #"5: {"type":"error","code":"no-such-room","message":"there is no such room"}"#, "5: close 4001",
            ])
    }

    @Test func `a full room turns away`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        try hall.connect(3)
        #expect(hall.say(3, join) == [#"3: {"type":"full"}"#, "3: close 4002"])
        // A place that became free is taken.
        _ = hall.disconnect(2)
        try hall.connect(4)
        #expect(hall.say(4, join).count == 2)
    }

    @Test func `a room exists once`() throws {
        var hall = try RoomHall.room(members: 1, size: 2)
        try hall.connect(2)
        #expect(
            hall.say(2, create) == [
                #"2: {"type":"error","code":"room-exists","message":"the room exists"}"#, "2: close 4003",
            ])
        #expect(hall.registry.roomCount == 1)
    }

    @Test func `messages reach only members of the same room`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        try hall.connect(3)
        _ = hall.say(3, #"{"type":"create","room":"zzzzzzzzzzzzzzzz","size":2}"#)
        // p1 of the other room is itself; p2 is nobody there.
        for peer in ["p1", "p2", "nobody"] {
            let actions = hall.say(3, #"{"type":"message","to":""# + peer + #"","body":"x"}"#)
            #expect(actions.count == 1)
            #expect(actions.first?.contains("no-such-peer") == true)
        }
        // The connection has stayed.
        #expect(hall.say(3, .bye) == ["3: close 1000"])
    }

    @Test(arguments: [
        ("[1]", "close 1003"), ("nonsense", "close 1003"), (String(repeating: "{\"a\":", count: 50_000), "close 1003"),
        (#"{"type":"dance"}"#, "close 4004"), (#"{"type":"create","room":"abcdefghijkmnpqs","size":2}"#, "close 4004"),
        (#"{"type":"join","room":"abcdefghijkmnpqr"}"#, "close 4004"), (#"{"type":"message","to":"p1"}"#, "close 4004"),
        (#"{"type":"bye","x":""# + String(repeating: "x", count: 262_144) + "\"}", "close 1009"),
    ])
    func `a member that breaks the protocol is closed and its room told`(text: String, close: String) throws {
        var hall = try RoomHall.room(members: 2, size: 3)
        let actions = hall.say(2, text)
        #expect(actions.contains("2: " + close))
        #expect(actions.last == #"1: {"type":"peer-left","peer":"p2"}"#)
        #expect(actions.contains { $0.contains("bad-message") } == (close == "close 4004"))
        #expect(hall.say(2, .bye) == [])
    }

    @Test(arguments: [-1, 0, 1, 33, 1_000_000])
    func `a room of an impossible size is refused`(size: Int) throws {
        var hall = RoomHall()
        try hall.connect(1)
        #expect(hall.say(1, .create(room: try Samples.room(), size: size)).last == "1: close 4004")
        #expect(hall.registry.roomCount == 0)
    }

    @Test func `speaking before entering is refused`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        #expect(hall.say(1, #"{"type":"message","to":"p1","body":""}"#).last == "1: close 4004")
    }

    @Test func `bodies have a limit in UTF-8 bytes`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        let peer = try Samples.peer("p1")
        #expect(hall.say(2, .message(to: peer, body: String(repeating: "ä", count: 64 * 1024))).count == 1)
        #expect(
            hall.say(2, .message(to: peer, body: String(repeating: "ä", count: 64 * 1024) + "x")).contains(
                "2: close 4004"))
    }

    @Test func `a member may have 256 messages relayed`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        let peer = try Samples.peer("p1")
        for _ in 0..<256 { #expect(hall.say(2, .message(to: peer, body: "")).count == 1) }
        let actions = hall.say(2, .message(to: peer, body: ""))
        #expect(actions.first?.contains("too-many-messages") == true)
        #expect(actions.contains("2: close 4005"))
    }

    @Test func `a host may have 256 more relayed for each guest who enters`() throws {
        var hall = try RoomHall.room(members: 3, size: 3)
        let peer = try Samples.peer("p2")
        for _ in 0..<3 * 256 { #expect(hall.say(1, .message(to: peer, body: "")).count == 1) }
        #expect(hall.say(1, .message(to: peer, body: "")).contains("1: close 4005"))
    }

    @Test func `messages to nobody count too`() throws {
        var hall = try RoomHall.room(members: 1, size: 2)
        let peer = try Samples.peer("p9")
        for _ in 0..<256 { _ = hall.say(1, .message(to: peer, body: "")) }
        #expect(hall.say(1, .message(to: peer, body: "")).last == "1: close 4005")
    }

    @Test func `a member may have 4 MiB relayed`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        let (peer, body) = (try Samples.peer("p1"), String(repeating: "x", count: 128 * 1024))
        for _ in 0..<32 { #expect(hall.say(2, .message(to: peer, body: body)).count == 1) }
        #expect(hall.say(2, .message(to: peer, body: "x")).contains("2: close 4005"))
    }

    @Test func `there are at most so many rooms`() throws {
        var hall = RoomHall { $0.roomCount = 2 }
        for (number, room) in [(1, "aaaaaaaaaaaaaaaa"), (2, "bbbbbbbbbbbbbbbb"), (3, "cccccccccccccccc")] {
            try hall.connect(UInt64(number))
            let actions = hall.say(UInt64(number), .create(room: try Samples.room(room), size: 2))
            #expect((actions.last == "3: close 4007") == (number == 3))
        }
        #expect(hall.registry.roomCount == 2)
    }

    @Test func `one address enters at a measured pace`() throws {
        var hall = RoomHall()
        func knock(_ hall: inout RoomHall, _ number: UInt64, _ address: String) throws -> String? {
            try hall.connect(number, from: address)
            defer { _ = hall.disconnect(number) }
            return hall.say(number, join).last
        }
        var number: UInt64 = 0
        func knocks(_ hall: inout RoomHall, _ count: Int, _ address: String) throws -> [String] {
            try (0..<count).compactMap { _ in
                number += 1
                return try knock(&hall, number, address).map { String($0.suffix(4)) }
            }
        }
        // A burst of 40, then no more.
        #expect(try knocks(&hall, 41, "192.0.2.1") == Array(repeating: "4001", count: 40) + ["4007"])
        // Others are not concerned; the same address in IPv6 clothes is.
        #expect(try knocks(&hall, 1, "192.0.2.2") == ["4001"])
        #expect(try knocks(&hall, 1, "::ffff:192.0.2.1") == ["4007"])
        // Ten a second come back.
        _ = hall.wait(.seconds(1))
        #expect(try knocks(&hall, 11, "192.0.2.1") == Array(repeating: "4001", count: 10) + ["4007"])
        // A /64 counts as one, its neighbour as another.
        #expect(try knocks(&hall, 40, "2001:db8::1") == Array(repeating: "4001", count: 40))
        #expect(try knocks(&hall, 1, "2001:db8::2") == ["4007"])
        #expect(try knocks(&hall, 1, "2001:db8:0:1::1") == ["4001"])
    }

    @Test func `a connection that enters no room is closed`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        #expect(hall.registry.pollTimeout() == .zero.advanced(by: .seconds(30)))
        #expect(hall.wait(.seconds(29)) == [])
        let actions = hall.wait(.seconds(1))
        #expect(actions.first?.contains("expired") == true)
        #expect(actions.last == "1: close 4006")
        _ = hall.disconnect(1)
        #expect(hall.registry.connectionCount == 0)
        #expect(hall.registry.pollTimeout() == nil)
    }

    @Test func `a room without guests expires two hours after the last word`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        // With a guest inside nothing expires.
        #expect(hall.wait(.seconds(3 * 3600)) == [])
        _ = hall.disconnect(2)
        #expect(hall.wait(.seconds(3600)) == [])
        _ = hall.say(1, #"{"type":"message","to":"p2","body":""}"#)
        #expect(hall.wait(.seconds(7199)) == [])
        let actions = hall.wait(.seconds(1))
        #expect(actions.first?.contains("expired") == true)
        #expect(actions.last == "1: close 4006")
        #expect(hall.registry.roomCount == 0)
    }

    @Test func `following pollTimeout finds every deadline`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        _ = hall.say(1, create)
        hall.now = .zero.advanced(by: .seconds(10))
        try hall.connect(2)
        var closed: [String] = []
        while let deadline = hall.registry.pollTimeout() {
            #expect(deadline > hall.now)
            closed += hall.wait(hall.now.duration(to: deadline)).filter { $0.contains("close") }.map {
                "\(hall.now.nanoseconds / 1_000_000_000): \($0)"
            }
        }
        #expect(closed == ["40: 2: close 4006", "7200: 1: close 4006"])
    }

    @Test func `any sequence of messages leaves the registry whole`() throws {
        var generator = SeededGenerator(state: 3)
        var hall = RoomHall {
            $0.roomCount = 3
            $0.entriesPerSecond = 1000
            $0.entryBurst = 1000
        }
        let rooms = try ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc", "dddddddddddddddd"].map(
            Samples.room)
        var next: UInt64 = 0
        var open: [UInt64] = []
        for _ in 0..<5000 {
            if open.count < 12 {
                next += 1
                try hall.connect(next)
                open.append(next)
            }
            let number = try #require(open.randomElement(using: &generator))
            let room = try #require(rooms.randomElement(using: &generator))
            let request: RoomRequest =
                switch Int.random(in: 0..<10, using: &generator) {
                case 0...2: .create(room: room, size: Int.random(in: 1...4, using: &generator))
                case 3...6: .join(room: room)
                case 7...8: .message(to: try Samples.peer("p\(Int.random(in: 1...6, using: &generator))"), body: "b")
                default: .bye
                }
            var actions = hall.say(number, request)
            if Int.random(in: 0..<8, using: &generator) == 0 { actions += hall.wait(.seconds(20)) }
            for action in actions where action.contains("close") {
                let closed = try #require(UInt64(action.split(separator: ":")[0]))
                open.removeAll { $0 == closed }
                _ = hall.disconnect(closed)
            }
            #expect(hall.registry.roomCount <= 3)
            #expect(hall.registry.connectionCount == open.count)
        }
        for number in open { _ = hall.disconnect(number) }
        #expect(hall.registry.roomCount == 0)
    }
}
