import Signaling
import Testing
import Wire

/// A registry and sessions, wired to each other without a network.
struct RoomWorld {
    var registry = RoomRegistry()
    var now = NetworkTime.zero
    var sessions: [RoomSession] = []
    var events: [[RoomEvent]] = []
    var closes: [Int: UInt16] = [:]
    var generator = SeededGenerator(state: 11)
    /// Changes what the server relays.
    var tamper: (RoomNotice) -> RoomNotice? = { $0 }

    mutating func add(_ session: RoomSession) throws {
        registry.connect(.init(rawValue: UInt64(sessions.count)), from: try #require(IPAddress("192.0.2.1")), at: now)
        sessions.append(session)
        events.append([])
        run()
    }

    /// Somebody who enters the room of the samples and says nothing. Numbered apart from the sessions.
    mutating func addStranger(_ number: UInt64, from address: String) throws {
        let id = RoomRegistry.ConnectionIdentifier(rawValue: Self.firstStranger + number)
        registry.connect(id, from: try #require(IPAddress(address)), at: now)
        registry.handleText(RoomRequest.join(room: try Samples.room()).text, from: id, at: now)
        run()
    }

    static let firstStranger: UInt64 = 1_000_000

    mutating func wait(_ duration: Duration) {
        now = now.advanced(by: duration)
        registry.handleTimeout(at: now)
        for index in sessions.indices { sessions[index].handleTimeout(at: now) }
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
                    registry.handleText(text, from: .init(rawValue: UInt64(index)), at: now)
                }
            }
            while let action = registry.pollAction() {
                isQuiet = false
                switch action {
                case .send(_, let id) where id.rawValue >= Self.firstStranger: break
                case .send(let notice, let id):
                    guard let notice = tamper(notice) else { continue }
                    sessions[Int(id.rawValue)].handleText(notice.text, at: now, using: &generator)
                case .close(let id, let code, _):
                    closes[Int(id.rawValue)] = code
                    registry.disconnect(id, at: now)
                }
            }
            for index in sessions.indices {
                while let event = sessions[index].pollEvent() { events[index].append(event) }
            }
        }
    }

    static func meeting(guests: Int, size: Int = 16, guestSecret: UInt8 = 0) throws -> RoomWorld {
        var world = RoomWorld()
        try world.add(.host(Samples.place(), size: size, certificates: Samples.certificates(1)))
        for _ in 0..<guests {
            try world.add(.guest(.link(Samples.link(guestSecret)), certificates: Samples.certificates(2)))
        }
        return world
    }
}

extension [RoomEvent] {
    /// Why that peer could not be verified.
    func rejection(_ peer: PeerIdentifier) -> PairingError? {
        lazy.compactMap { if case .couldNotVerify(peer, let error) = $0 { error } else { nil } }.first
    }

    /// Who that peer turned out to be.
    func paired(_ peer: PeerIdentifier) -> PairedPeer? {
        lazy.compactMap { if case .paired(peer, let paired) = $0 { paired } else { nil } }.first
    }
}
