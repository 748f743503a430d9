import Pairing
import Signaling
import Testing
import Wire

/// Floods, and a day of comings and goings: everything stays bounded, and nobody honest is shut out.
struct RoomFloodTests {
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")

    private func room(_ index: Int) throws -> RoomIdentifier {
        try Samples.room(String((0..<16).map { Self.alphabet[$0 < 6 ? index >> (5 * $0) & 31 : 0] }))
    }

    private func address(_ index: Int) -> String { "10.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255)" }

    @Test func `an address that guesses numbers has one guess a second`() throws {
        var hall = RoomHall()
        try hall.connect(0)
        _ = hall.say(0, .create(room: try room(0), size: 2, number: .any))
        var answers: [String: Int] = [:]
        var id: UInt64 = 0
        func guess(_ hall: inout RoomHall, _ address: String) throws {
            id += 1
            try hall.connect(id, from: address)
            let number = try #require(RoomNumber(Int(id) + 100))
            answers[String(hall.say(id, .joinNumber(number)).last?.suffix(4) ?? ""), default: 0] += 1
            _ = hall.disconnect(id)
        }
        for _ in 0..<100 {
            for _ in 0..<30 { try guess(&hall, "198.51.100.1") }
            _ = hall.wait(.seconds(1))
        }
        // 20 at first and one more each second; the others were not looked up.
        #expect(answers == ["4001": 119, "4007": 3000 - 119])
        // Somebody else, and the same one with a link, are not concerned.
        answers = [:]
        try guess(&hall, "198.51.100.2")
        #expect(answers == ["4001": 1])
        _ = hall.wait(.seconds(5))
        try hall.connect(9999, from: "198.51.100.1")
        #expect(hall.say(9999, .join(room: try room(0))).first?.contains("joined") == true)
    }

    @Test func `rooms with a number spend what guesses spend, rooms without one do not`() throws {
        var hall = RoomHall()
        var id: UInt64 = 0
        func create(_ hall: inout RoomHall, _ wish: RoomNumberWish, token: RoomToken? = nil, of index: Int? = nil)
            throws -> Bool
        {
            id += 1
            try hall.connect(id, from: "198.51.100.1")
            let room = try room(index ?? Int(id))
            return hall.say(id, .create(room: room, size: 2, number: wish, token: token)).last?.contains("created")
                == true
        }
        for index in 0..<20 {
            #expect(
                try create(&hall, index.isMultiple(of: 2) ? .any : .preferred(try #require(RoomNumber(77_000 + index))))
            )
        }
        let token = hall.token
        #expect(try !create(&hall, .any))
        // A join by number has nothing left either; one without has, and a host gets its own number back.
        id += 1
        try hall.connect(id, from: "198.51.100.1")
        #expect(hall.say(id, .joinNumber(try #require(hall.number))).last?.hasSuffix("close 4007") == true)
        #expect(try create(&hall, .none))
        #expect(try create(&hall, .any, token: token, of: 20))
        // Each second one more.
        _ = hall.wait(.seconds(1))
        #expect(try create(&hall, .any))
        #expect(try !create(&hall, .any))
        // Forty entries at first, whatever came of them, and ten each second.
        var others = 0
        while try create(&hall, .none) { others += 1 }
        #expect(others == 40 + 10 - 26)
    }

    @Test func `an address has 256 connections at a time`() throws {
        var hall = RoomHall()
        for id in 0..<256 as Range<UInt64> {
            try hall.connect(id, from: "2001:db8::\(id)")
            #expect(hall.drain() == [])
        }
        try hall.connect(256, from: "2001:db8::1:1")
        #expect(hall.drain().last == "256: close 4007")
        // Who was refused still counts until it is gone.
        try hall.connect(257, from: "2001:db8:0:1::1")
        #expect(hall.drain() == [])
        for id in [0, 256] as [UInt64] { _ = hall.disconnect(id) }
        try hall.connect(258, from: "2001:db8::1:2")
        #expect(hall.drain() == [])
    }

    @Test func `hosts that come and go cost no numbers without end`() throws {
        var hall = RoomHall {
            $0.entriesPerSecond = 1_000_000
            $0.entryBurst = 1_000_000
            $0.numbersPerSecond = 1_000_000
            $0.numberBurst = 1_000_000
            $0.restingNumberCount = 500
            $0.roomCount = 100
        }
        for index in 0..<5000 {
            let id = UInt64(index)
            try hall.connect(id)
            _ = hall.say(id, .create(room: try room(index), size: 2, number: .any))
            #expect(hall.number != nil)
            _ = hall.disconnect(id)
            #expect(hall.registry.restingNumberCount <= 500)
            #expect(hall.registry.rememberedRoomCount <= 100)
        }
        #expect(hall.registry.roomCount == 0)
    }

    /// 600 rooms an hour for two days and a half, by hosts of all kinds; half of the time nobody comes.
    @Test func `in days of rooms that expire nothing is left behind and no number comes back within 24 hours`() throws {
        var generator = SeededGenerator(state: 11)
        var hall = RoomHall(seed: 12) { $0.roomCount = 10_000 }
        var ended: [RoomNumber: NetworkTime] = [:]
        var numbers: [UInt64: RoomNumber] = [:]
        var due: [(time: NetworkTime, host: UInt64)] = []
        var (id, reuses, expired, wakings, most) = (UInt64(0), 0, 0, 0, 0)

        func settle(_ hall: inout RoomHall, _ actions: [String]) {
            for action in actions where action.hasSuffix("close 4006") {
                guard let host = UInt64(action.prefix { $0 != ":" }), let number = numbers.removeValue(forKey: host)
                else { continue }
                expired += 1
                ended[number] = hall.now
                _ = hall.disconnect(host)
            }
        }
        func pass(_ hall: inout RoomHall, until end: NetworkTime) {
            while let deadline = hall.registry.pollTimeout(), deadline <= end {
                hall.now = max(hall.now, deadline)
                wakings += 1
                settle(&hall, hall.wait(.zero))
            }
            hall.now = end
        }

        let hours = 60
        for minute in 0..<hours * 60 {
            pass(&hall, until: .zero.advanced(by: .seconds(60 * minute)))
            // Hosts that leave by themselves.
            for leaver in due where leaver.time <= hall.now {
                guard let number = numbers.removeValue(forKey: leaver.host) else { continue }
                ended[number] = hall.now
                _ = hall.say(leaver.host, .bye)
                _ = hall.disconnect(leaver.host)
            }
            due.removeAll { $0.time <= hall.now }
            for _ in 0..<10 {
                id += 1
                try hall.connect(id, from: address(Int(id)))
                hall.number = nil
                _ = hall.say(id, .create(room: try room(Int(id)), size: 2, number: .any))
                let number = try #require(hall.number, "seeds 11, 12")
                if let end = ended[number] {
                    reuses += 1
                    #expect(end.duration(to: hall.now) >= .seconds(24 * 3600), "\(number), seeds 11, 12")
                }
                numbers[id] = number
                if Bool.random(using: &generator) {
                    due.append((hall.now.advanced(by: .seconds(Int.random(in: 30...7000, using: &generator))), id))
                }
            }
            most = max(most, hall.registry.roomCount)
        }
        pass(&hall, until: hall.now.advanced(by: .seconds(3 * 3600)))
        #expect(hall.registry.roomCount == 0 && hall.registry.connectionCount == 0, "seeds 11, 12")
        #expect(hall.registry.numberCount == 0)
        #expect(numbers.isEmpty)
        #expect(expired > 15_000 && most > 500 && reuses > 1000, "\(expired) \(most) \(reuses)")
        // Each room wakes the server about once, not each room at each deadline.
        #expect(wakings < 3 * Int(id))
        #expect(hall.registry.restingNumberCount < 16_000)
    }

    @Test func `ten thousand rooms expire without being searched through each time`() throws {
        var hall = RoomHall {
            $0.roomCount = 10_000
            $0.entryTimeout = .seconds(1)
        }
        for index in 0..<10_000 {
            let id = UInt64(index)
            try hall.connect(id, from: address(index))
            _ = hall.say(id, .create(room: try room(index), size: 2, number: .any))
            hall.now = hall.now.advanced(by: .milliseconds(10))
        }
        #expect(hall.registry.roomCount == 10_000)
        try hall.connect(20_000)
        #expect(hall.say(20_000, .create(room: try room(20_000), size: 2)).last == "20000: close 4007")
        var (closed, wakings) = (0, 0)
        let start = ContinuousClock.now
        while let deadline = hall.registry.pollTimeout() {
            wakings += 1
            closed += hall.wait(hall.now.duration(to: max(deadline, hall.now))).count { $0.hasSuffix("close 4006") }
        }
        let took = ContinuousClock.now - start
        #expect(closed == 10_000)
        #expect(wakings <= 20_001)
        // Looking at every room at every deadline would be 10^8 looks: minutes in a debug build.
        #expect(took < .seconds(20))
    }
}
