import Pairing
import Signaling
import Testing
import Wire

/// Numbers, tokens, and hosts that come back.
struct RoomReturnTests {
    private let name = "abcdefghijkmnpqr"
    private let join = #"{"type":"join","room":"abcdefghijkmnpqr"}"#

    private func create(_ hall: RoomHall, number: RoomNumberWish = .any) throws -> RoomRequest {
        .create(room: try Samples.room(), size: 3, number: number, token: hall.token)
    }

    /// Connection 1 is the host of a room with a number, and connection 2 a guest.
    private func hall(_ change: (inout RoomLimits) -> Void = { _ in }) throws -> RoomHall {
        var hall = RoomHall(change)
        try hall.connect(1)
        _ = hall.say(1, .create(room: try Samples.room(), size: 3, number: .any))
        try hall.connect(2)
        _ = hall.say(2, .joinNumber(try #require(hall.number)))
        return hall
    }

    @Test func `a guest joins by the number that the host was given`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        let created = hall.say(1, .create(room: try Samples.room(), size: 2, number: .any))
        let number = try #require(hall.number)
        #expect(created.count == 1)
        #expect(created.first?.contains(#""number":\#(number),"token":""#) == true)
        try hall.connect(2)
        #expect(
            hall.say(2, #"{"type":"join","number":\#(number)}"#) == [
                #"2: {"type":"joined","room":"abcdefghijkmnpqr","peer":"p2","host":"p1","peers":["p1"],"iceServers":[]}"#,
                #"1: {"type":"peer-joined","peer":"p2"}"#,
            ])
        #expect(hall.registry.counters.joinsByNumber == 1)
        // The number ends with the room.
        _ = hall.disconnect(1)
        try hall.connect(3)
        #expect(hall.say(3, .joinNumber(number)).last == "3: close 4001")
    }

    @Test func `a room that expired is its host's again, with its number and token`() throws {
        var hall = RoomHall { $0.idleTimeout = .seconds(7200) }
        try hall.connect(1)
        _ = hall.say(1, .create(room: try Samples.room(), size: 3, number: .any))
        let (number, token) = (try #require(hall.number), try #require(hall.token))
        #expect(hall.wait(.seconds(7200)).last == "1: close 4006")
        try hall.connect(2)
        #expect(hall.say(2, .joinNumber(number)).last == "2: close 4001")
        try hall.connect(3)
        _ = hall.say(3, try create(hall))
        #expect(hall.number == number && hall.token == token)
        try hall.connect(4)
        #expect(hall.say(4, .joinNumber(number)).count == 2)
    }

    @Test func `a room has no number unless it is asked for`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        let created = hall.say(1, .create(room: try Samples.room(), size: 2))
        #expect(created.first?.contains("number") == false)
        #expect(hall.registry.numberCount == 0)
    }

    @Test func `a host takes its room back from a connection that is still believed in`() throws {
        var hall = try hall()
        let (number, token) = (hall.number, hall.token)
        try hall.connect(3)
        let actions = hall.say(3, try create(hall))
        #expect(
            actions.dropLast() == [
                #"1: {"type":"error","code":"replaced","message":"the host came back over another connection"}"#,
                "1: close 4009", #"2: {"type":"peer-left","peer":"p1"}"#, "2: close 4006",
            ])
        // Under names that nobody in the room had.
        #expect(actions.last?.hasPrefix(#"3: {"type":"created","room":"abcdefghijkmnpqr","peer":"p3""#) == true)
        #expect(hall.number == number)
        #expect(hall.token == token)
        // What the old connection still does concerns nobody.
        #expect(hall.say(1, .bye) == [])
        #expect(hall.disconnect(1) == [])
        try hall.connect(4)
        #expect(hall.say(4, .joinNumber(try #require(number))).first?.contains(#""host":"p3","peers":["p3"]"#) == true)
        #expect(hall.registry.roomCount == 1)
    }

    @Test func `a token that is not right takes nothing`() throws {
        var hall = try hall()
        try hall.connect(3)
        let wrong = RoomRequest.create(
            room: try Samples.room(), size: 2, number: .any, token: RoomToken("AAAAAAAAAAAAAAAAAAAAAA"))
        #expect(hall.say(3, wrong).last == "3: close 4003")
        // The token of another room neither.
        try hall.connect(4)
        _ = hall.say(4, .create(room: try Samples.room("zzzzzzzzzzzzzzzz"), size: 2))
        try hall.connect(5)
        #expect(hall.say(5, try create(hall)).last == "5: close 4003")
        #expect(hall.registry.roomCount == 2)
    }

    @Test(arguments: [(119, true), (121, false)])
    func `a host whose connection broke has two minutes to come back`(seconds: Int, isBack: Bool) throws {
        var hall = try hall()
        let (number, token) = (try #require(hall.number), hall.token)
        _ = hall.disconnect(1)
        #expect(hall.registry.roomCount == 0)
        // Guests do not wait for it.
        try hall.connect(3)
        #expect(hall.say(3, .joinNumber(number)).last == "3: close 4001")
        _ = hall.wait(.seconds(seconds))
        try hall.connect(4)
        _ = hall.say(4, try create(hall))
        #expect((hall.number == number) == isBack)
        #expect((hall.token == token) == isBack)
        #expect(hall.registry.counters.roomsTakenBack == (isBack ? 1 : 0))
    }

    @Test func `a host that said bye is not expected back`() throws {
        var hall = try hall()
        let (number, token) = (hall.number, hall.token)
        _ = hall.say(1, .bye)
        _ = hall.disconnect(1)
        try hall.connect(3)
        _ = hall.say(3, try create(hall))
        #expect(hall.number != number)
        #expect(hall.token != token)
    }

    /// As a program that was started again says it: it knows number and token.
    private func createAgain(_ hall: RoomHall, token: RoomToken?) throws -> RoomRequest {
        .create(room: try Samples.room(), size: 3, number: .preferred(try #require(hall.number)), token: token)
    }

    @Test(arguments: [false, true], [0, 119, 121, 24 * 3600 - 1, 24 * 3600])
    func `a host that is started again gets its number back for a day, however it ended`(
        saysBye: Bool, seconds: Int
    ) throws {
        var hall = try hall()
        let (number, token) = (try #require(hall.number), hall.token)
        if saysBye { _ = hall.say(1, .bye) }
        _ = hall.disconnect(1)
        _ = hall.wait(.seconds(seconds))
        // Somebody else does not, not even by the same name without the token.
        try hall.connect(3)
        let isOver = seconds == 24 * 3600
        if !isOver {
            var other = hall
            let stranger = try Samples.room("zzzzzzzzzzzzzzzz")
            _ = other.say(3, .create(room: stranger, size: 2, number: .preferred(number), token: token))
            #expect(other.number != number)
            other = hall
            _ = other.say(3, try createAgain(hall, token: nil))
            #expect(other.number != number)
            other = hall
            _ = other.say(3, try createAgain(hall, token: RoomToken("AAAAAAAAAAAAAAAAAAAAAA")))
            #expect(other.number != number && other.token != token)
        }
        try hall.connect(4)
        _ = hall.say(4, try createAgain(hall, token: token))
        #expect(hall.number == number)
        #expect((hall.token == token) == !isOver)
        try hall.connect(5)
        #expect(hall.say(5, .joinNumber(number)).first?.contains("joined") == true)
        #expect(hall.registry.restingNumberCount == 0)
        // And once more.
        _ = hall.say(4, .bye)
        _ = hall.disconnect(4)
        try hall.connect(6)
        _ = hall.say(6, try createAgain(hall, token: hall.token))
        #expect(hall.number == number)
    }

    @Test func `a number rests for its room over restarts of the server`() throws {
        var hall = try hall()
        let (number, token) = (try #require(hall.number), hall.token)
        _ = hall.say(1, .bye)
        _ = hall.disconnect(1)
        _ = hall.wait(.seconds(3600))
        let text = hall.registry.stop(at: hall.now).text
        let (secret, name) = (try #require(token).text, try Samples.room().text)
        #expect(!text.contains(secret) && !text.contains(name))
        let memory = try #require(RoomMemory(parsing: text))
        #expect(memory.text == text)
        var next = RoomHall(remembering: (memory, .seconds(600)), seed: 2)
        try next.connect(1)
        _ = next.say(1, .create(room: try Samples.room(), size: 2, number: .preferred(number)))
        #expect(next.number != number)
        _ = next.say(1, .bye)
        try next.connect(2)
        _ = next.say(2, try createAgain(hall, token: token))
        #expect(next.number == number && next.token == token)
    }

    @Test func `a host that starts anew makes a room of the same name with other tokens`() throws {
        var hall = try hall()
        let old = try create(hall)
        _ = hall.disconnect(1)
        try hall.connect(3)
        _ = hall.say(3, .create(room: try Samples.room(), size: 2, number: .any))
        #expect(hall.registry.roomCount == 1)
        // The one of before has lost it.
        try hall.connect(4)
        #expect(hall.say(4, old).last == "4: close 4003")
    }

    @Test func `a room that is taken back without a number may get one`() throws {
        var hall = RoomHall()
        try hall.connect(1)
        _ = hall.say(1, .create(room: try Samples.room(), size: 2))
        try hall.connect(2)
        _ = hall.say(2, try create(hall))
        #expect(hall.number != nil)
    }

    @Test func `a server that stops sends everybody away and leaves its rooms to the next`() throws {
        var hall = try hall()
        let number = try #require(hall.number)
        // In no room.
        try hall.connect(3)
        let memory = hall.registry.stop(at: hall.now)
        let actions = hall.drain()
        let farewell = #"{"type":"error","code":"restarting","message":"the server is restarting"}"#
        #expect(
            actions.sorted() == (1...3).flatMap { ["\($0): \(farewell)", "\($0): close 4008"] }.sorted())
        // Nobody enters any more.
        try hall.connect(4)
        #expect(hall.drain() == ["4: \(farewell)", "4: close 4008"])
        #expect(hall.say(4, join) == [])

        let text = memory.text
        #expect(memory.roomCount == 1)
        #expect(!text.contains(try #require(hall.token).text))
        let read = try #require(RoomMemory(parsing: text))
        #expect(read == memory)
        var next = RoomHall(remembering: (read, .seconds(5)), seed: 2)
        #expect(next.registry.rememberedRoomCount == 1)
        // Guests are asked to come again, by name and by number.
        for (id, request) in [(1, .join(room: try Samples.room())), (2, .joinNumber(number))] as [(UInt64, RoomRequest)]
        {
            try next.connect(id)
            #expect(next.say(id, request).last == "\(id): close 4008")
        }
        // A stranger does not get the name, nor the number.
        try next.connect(3)
        #expect(next.say(3, .create(room: try Samples.room(), size: 2, number: .any)).last == "3: close 4003")
        try next.connect(4)
        let other = try Samples.room("zzzzzzzzzzzzzzzz")
        _ = next.say(4, .create(room: other, size: 2, number: .preferred(number)))
        #expect(next.number != nil && next.number != number)
        // The host does.
        try next.connect(5)
        let token = hall.token
        _ = next.say(5, .create(room: try Samples.room(), size: 3, number: .preferred(number), token: token))
        #expect(next.number == number)
        #expect(next.token == token)
        try next.connect(6)
        #expect(next.say(6, .joinNumber(number)).first?.contains("joined") == true)
    }

    @Test func `after two minutes a restarted server knows the rooms no more, but their numbers rest`() throws {
        var hall = try hall()
        let number = try #require(hall.number)
        let memory = hall.registry.stop(at: hall.now)
        var next = RoomHall(remembering: (memory, .seconds(60)), seed: 2)
        _ = next.wait(.seconds(61))
        #expect(next.registry.rememberedRoomCount == 0)
        try next.connect(1)
        #expect(next.say(1, join).last == "1: close 4001")
        try next.connect(2)
        _ = next.say(2, .create(room: try Samples.room(), size: 2, number: .preferred(number)))
        #expect(next.number != nil && next.number != number)
        // Too late from the start.
        var late = RoomHall(remembering: (memory, .seconds(121)), seed: 3)
        #expect(late.registry.rememberedRoomCount == 0)
        #expect(late.registry.restingNumberCount == 1)
        _ = late.wait(.seconds(24 * 3600))
        try late.connect(1)
        _ = late.say(1, .create(room: try Samples.room(), size: 2, number: .preferred(number)))
        #expect(late.number == number)
    }

    @Test func `two restarts in a row forget nothing`() throws {
        var hall = try hall()
        let number = try #require(hall.number)
        var memory = hall.registry.stop(at: hall.now)
        var between = RoomHall(remembering: (memory, .seconds(1)), seed: 2)
        memory = between.registry.stop(at: between.now)
        var last = RoomHall(remembering: (memory, .seconds(1)), seed: 3)
        try last.connect(1)
        _ = last.say(1, .create(room: try Samples.room(), size: 3, number: .any, token: hall.token))
        #expect(last.number == number)
    }

    @Test(arguments: [
        "", "martlet rooms 1\n", "martlet rooms 2\nroom abcdefghijkmnpqr 7\n",
        "martlet rooms 2\nroom abcdefghijkmnpqr 7 AAAA\n", "martlet rooms 2\nroom short - AAAA\n",
        "martlet rooms 2\nrests 0 5\n", "martlet rooms 2\nrests 7 5 AAAA\n",
        "martlet rooms 2\nrests 7 5 \n", "martlet rooms 2\nrests 7 -5\n", "martlet rooms 2\nrests 7 x\n",
        "martlet rooms 2\nsomething else\n", "martlet rooms 2\nrests 7 99999999999999999999\n",
    ])
    func `a memory that no server wrote is refused`(text: String) {
        #expect(RoomMemory(parsing: text) == nil)
    }

    @Test func `a memory with ages that cannot be does no harm`() throws {
        let text = "martlet rooms 2\nrests 7 9223372036854775807\nrests 8 0\nrests 7 5\n"
        let memory = try #require(RoomMemory(parsing: text))
        for age in [-5, 0, 1 << 60] {
            let hall = RoomHall(remembering: (memory, .seconds(age)))
            #expect(hall.registry.restingNumberCount <= 1)
        }
    }

    @Test func `what happened is recorded, with room, address and counts`() throws {
        var hall = try hall()
        _ = hall.say(2, #"{"type":"message","to":"p1","body":"1234"}"#)
        hall.now = hall.now.advanced(by: .seconds(7))
        try hall.connect(3, from: "192.0.2.9")
        _ = hall.say(3, join + " ")
        try hall.connect(4)
        _ = hall.say(4, join)
        _ = hall.disconnect(1)
        let room = try Samples.room()
        let (here, there) = (try Samples.address("192.0.2.1"), try Samples.address("192.0.2.9"))
        #expect(
            hall.records == [
                .made(room, hasNumber: true, from: here), .joined(room, byNumber: true, from: here),
                .joined(room, byNumber: false, from: there), .refused(code: "full", from: here),
                .ended(room, .lost, lifetime: .seconds(7), guests: 2, messages: 1, bytes: 4),
            ])
        #expect(hall.registry.counters.endings == [.lost: 1])
        #expect(hall.registry.counters.refusals == ["full": 1])
    }
}
