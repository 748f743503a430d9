import Pairing
import Signaling
import Testing
import Wire

struct RoomDropTests {
    // MARK: The server's side

    @Test func `a host puts a guest out`() throws {
        var hall = try RoomHall.room(members: 3, size: 3)
        let actions = hall.say(1, .drop(try Samples.peer("p2")))
        #expect(
            actions == [
                #"2: {"type":"error","code":"dropped","message":"the host put this guest out"}"#, "2: close 4010",
                #"1: {"type":"peer-left","peer":"p2"}"#, #"3: {"type":"peer-left","peer":"p2"}"#,
            ])
        // Its place is free, and its name is nobody's.
        #expect(hall.say(1, .drop(try Samples.peer("p2"))) == [])
        try hall.connect(4)
        #expect(hall.say(4, .join(room: try Samples.room())).first?.contains(#""peer":"p4""#) == true)
    }

    @Test func `whom nobody knows nobody puts out`() throws {
        var hall = try RoomHall.room(members: 2, size: 3)
        #expect(hall.say(1, .drop(try Samples.peer("p9"))) == [])
        #expect(hall.say(1, .message(to: try Samples.peer("p2"), body: "x")).count == 1)
    }

    @Test(arguments: [(2, "p3"), (2, "p1"), (2, "p2"), (1, "p1"), (4, "p2")] as [(UInt64, String)])
    func `nobody but the host puts anybody out, and not itself`(connection: UInt64, peer: String) throws {
        var hall = try RoomHall.room(members: 3, size: 3)
        try hall.connect(4)
        #expect(hall.say(connection, .drop(try Samples.peer(peer))).contains("\(connection): close 4004"))
    }

    @Test func `a drop names a peer`() throws {
        var hall = try RoomHall.room(members: 2, size: 2)
        #expect(hall.say(1, #"{"type":"drop","peer":2}"#).contains("1: close 4004"))
    }

    // MARK: The host's side

    private func host(size: Int) throws -> RoomSession {
        .host(try Samples.place(), size: size, certificates: Samples.certificates(1))
    }

    private func guest() throws -> RoomSession {
        .guest(.link(try Samples.link()), certificates: Samples.certificates(2))
    }

    @Test func `who says nothing is put out after 20 seconds, and who was paired stays`() throws {
        var world = RoomWorld()
        try world.add(host(size: 16))
        try world.add(guest())
        try world.addStranger(0, from: "192.0.2.2")
        #expect(world.sessions[0].pollTimeout() == NetworkTime.zero.advanced(by: .seconds(20)))
        world.wait(.seconds(19))
        #expect(world.closes.isEmpty)
        world.wait(.seconds(1))
        #expect(world.closes == [Int(RoomWorld.firstStranger): 4010])
        #expect(world.events[0].rejection(try Samples.peer("p3")) == .failed)
        world.wait(.seconds(3600))
        #expect(world.closes.count == 1 && world.sessions.allSatisfy { $0.ending == nil && $0.pollTimeout() == nil })
    }

    @Test func `while all places are taken, 3 seconds are enough`() throws {
        var world = RoomWorld()
        try world.add(host(size: 4))
        for number in 0..<3 { try world.addStranger(UInt64(number), from: "192.0.2.2") }
        world.wait(.seconds(3))
        // One place is enough: for the others, 20 seconds.
        #expect(world.closes == [Int(RoomWorld.firstStranger): 4010])
        world.wait(.seconds(16))
        #expect(world.closes.count == 1)
        world.wait(.seconds(1))
        #expect(world.closes.count == 3)
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `an honest guest gets in although silent strangers come all the time`(seed: UInt64) throws {
        var world = RoomWorld()
        try world.add(host(size: 4))
        var generator = SeededGenerator(state: seed)
        var nextStranger: UInt64 = 0
        var tries = 0
        // Tenths of a second. The strangers want every place at once, as often as the server lets their address ask;
        // the honest one asks twice a second.
        for tick in 0..<600 {
            let isFirst = Bool.random(using: &generator)
            for isHonest in [isFirst, !isFirst] {
                if isHonest {
                    // They were there before.
                    guard tick > 20, tick % 5 == 0 else { continue }
                    tries += 1
                    try world.add(guest())
                    let session = try #require(world.sessions.last)
                    if session.ending == nil {
                        #expect(world.events.last?.paired(try Samples.peer("p1")) != nil)
                        return
                    }
                    #expect(session.ending == .full)
                } else {
                    try world.addStranger(nextStranger, from: "192.0.2.2")
                    nextStranger += 1
                }
            }
            world.wait(.milliseconds(100))
        }
        Issue.record("seed \(seed): \(tries) tries were in vain")
    }

    @Test func `a guest that is put out without a word hears that it was refused`() throws {
        var world = RoomWorld()
        try world.add(host(size: 2))
        world.tamper = { if case .message = $0 { nil } else { $0 } }
        try world.add(guest())
        world.wait(.seconds(20))
        #expect(world.sessions[1].ending == .dropped)
        #expect(world.events[1].rejection(try Samples.peer("p1")) == nil)
    }
}
