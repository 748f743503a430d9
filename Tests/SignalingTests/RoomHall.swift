import Pairing
import Signaling
import Testing
import Wire

/// A registry with its connections, at a time of our own.
struct RoomHall {
    var registry: RoomRegistry
    var now = NetworkTime.zero
    /// What the last `created` said.
    var number: RoomNumber?
    var token: RoomToken?
    var records: [RoomRecord] = []

    init(
        iceServers: [RoomICEServer] = [], remembering memory: (rooms: RoomMemory, age: Duration)? = nil,
        seed: UInt64 = 1, _ change: (inout RoomLimits) -> Void = { _ in }
    ) {
        var limits = RoomLimits()
        change(&limits)
        registry = RoomRegistry(
            limits: limits, iceServers: iceServers, remembering: memory, keepsRecords: true,
            using: SeededGenerator(state: seed))
    }

    mutating func connect(_ number: UInt64, from address: String = "192.0.2.1") throws {
        registry.connect(.init(rawValue: number), from: try #require(IPAddress(address)), at: now)
    }

    /// What the registry does about a message, as `number: text` and `number: close code`.
    mutating func say(_ number: UInt64, _ text: String) -> [String] {
        registry.handleText(text, from: .init(rawValue: number), at: now)
        return drain()
    }

    mutating func say(_ number: UInt64, _ request: RoomRequest) -> [String] { say(number, request.text) }

    mutating func disconnect(_ number: UInt64) -> [String] {
        registry.disconnect(.init(rawValue: number), at: now)
        return drain()
    }

    mutating func wait(_ duration: Duration) -> [String] {
        now = now.advanced(by: duration)
        registry.handleTimeout(at: now)
        return drain()
    }

    mutating func drain() -> [String] {
        var actions: [String] = []
        while let action = registry.pollAction() {
            switch action {
            case .send(let notice, let id):
                if case .created(_, _, let given, let made, _) = notice { (number, token) = (given, made) }
                actions.append("\(id.rawValue): \(notice.text)")
            case .close(let id, let code, _): actions.append("\(id.rawValue): close \(code)")
            }
        }
        while let record = registry.pollRecord() { records.append(record) }
        return actions
    }

    /// Connections 1, 2, 3… in one room, 1 as host.
    static func room(members: UInt64, size: Int, _ change: (inout RoomLimits) -> Void = { _ in }) throws -> RoomHall {
        var hall = RoomHall(change)
        let room = try Samples.room()
        for number in 1...members {
            try hall.connect(number)
            _ = hall.say(number, number == 1 ? .create(room: room, size: size) : .join(room: room))
        }
        return hall
    }
}
