internal import DequeModule
internal import NetworkIO
package import Wire

/// The rooms of a rendezvous server: who is in which, what is relayed, and every limit of Docs/Protocols/Rooms.md.
///
/// A sans-IO core. Tell it what happens on the connections; after each call take all of `pollAction()` and then wake it
/// at `pollTimeout()`.
package struct RoomRegistry {
    /// A connection, as its owner numbers it. Never used again after `disconnect`.
    package struct ConnectionIdentifier: Hashable, Sendable {
        package let rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }
    }

    package enum Action: Sendable, Equatable {
        case send(RoomNotice, to: ConnectionIdentifier)
        /// After what was sent before. `disconnect` must still be called when the connection has ended.
        case close(ConnectionIdentifier, code: UInt16, reason: String)
    }

    struct Connection {
        var address: IPAddress
        var entryDeadline: NetworkTime
        var membership: (room: RoomIdentifier, peer: PeerIdentifier)?
        var relayedMessageCount = 0
        var relayedBytes = 0
        /// How many times `RoomLimits.relayedMessageCount` and `relayedBytes` it may use up.
        var allowances = 1
        var isClosing = false
    }

    struct Room {
        /// Distinguishes rooms of one name.
        var serial: UInt64
        var size: Int
        var host: PeerIdentifier
        var number: RoomNumber?
        var token: RoomTokenHash
        /// In order of entry, the host first.
        var members: [(peer: PeerIdentifier, connection: ConnectionIdentifier)]
        var nextPeer: Int
        var began: NetworkTime
        var lastActivity: NetworkTime
        /// A deadline of it waits in `deadlines`.
        var hasDeadline = false
        var guestCount = 0
        var messageCount = 0
        var byteCount = 0

        var hasGuests: Bool { members.count > 1 }

        func expiry(_ limits: RoomLimits) -> NetworkTime { lastActivity.advanced(by: limits.idleTimeout) }
    }

    enum Subject {
        case entry(ConnectionIdentifier)
        case idle(RoomIdentifier, serial: UInt64)
    }

    let limits: RoomLimits
    let iceServers: [RoomICEServer]
    var connections: [ConnectionIdentifier: Connection] = [:]
    var connectionCounts: [AddressGroup: Int] = [:]
    var rooms: [RoomIdentifier: Room] = [:]
    var numbers: RoomNumbers
    var remembered: RememberedRooms
    var entries: EntryBudget
    var numberEntries: EntryBudget
    var deadlines = Deadlines<Subject>()
    var nextSerial: UInt64 = 0
    var generator: any RandomNumberGenerator & Sendable
    var isStopped = false
    var actions: Deque<Action> = []
    let keepsRecords: Bool
    var records: Deque<RoomRecord> = []
    package internal(set) var counters = RoomCounters()

    /// - Parameters:
    ///   - memory: what the server before this one left, and how long ago that was.
    ///   - keepsRecords: whether `pollRecord()` will be called.
    ///   - generator: makes tokens and numbers. Nobody may foresee a token.
    package init(
        limits: RoomLimits = .init(), iceServers: [RoomICEServer] = [],
        remembering memory: (rooms: RoomMemory, age: Duration)? = nil, keepsRecords: Bool = false,
        using generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        at now: NetworkTime = .zero
    ) {
        self.limits = limits
        self.iceServers = iceServers
        self.keepsRecords = keepsRecords
        self.generator = generator
        entries = EntryBudget(perSecond: limits.entriesPerSecond, burst: limits.entryBurst)
        numberEntries = EntryBudget(perSecond: limits.numbersPerSecond, burst: limits.numberBurst)
        numbers = RoomNumbers(rest: limits.numberRest, mostResting: limits.restingNumberCount)
        remembered = RememberedRooms(time: limits.returnTimeout, limit: limits.roomCount)
        if let memory { remember(memory.rooms, age: max(.zero, memory.age), at: now) }
    }

    package var roomCount: Int { rooms.count }
    package var connectionCount: Int { connections.count }
    /// Rooms with a guest.
    package var occupiedRoomCount: Int { rooms.values.count { $0.hasGuests } }
    package var numberCount: Int { numbers.inUseCount }
    package var restingNumberCount: Int { numbers.restingCount }
    /// Rooms whose hosts are expected back.
    package var rememberedRoomCount: Int { remembered.count }

    /// The next thing to do, in order; nil when all is done.
    package mutating func pollAction() -> Action? { actions.popFirst() }

    /// The next thing for the log, in order.
    package mutating func pollRecord() -> RoomRecord? { records.popFirst() }

    /// When `handleTimeout` wants to be called. Activity only moves deadlines on, so that it may come too early, which
    /// costs one idle wake-up.
    package func pollTimeout() -> NetworkTime? { deadlines.next }

    // MARK: What happens

    /// - Parameter address: where it comes from; entries and connections are counted by it.
    package mutating func connect(_ id: ConnectionIdentifier, from address: IPAddress, at now: NetworkTime) {
        let deadline = now.advanced(by: limits.entryTimeout)
        connections[id] = Connection(address: address, entryDeadline: deadline)
        counters.connections += 1
        let count = connectionCounts[AddressGroup(address), default: 0] + 1
        connectionCounts[AddressGroup(address)] = count
        if isStopped { return refuse(id, .restarting, "the server is restarting", at: now) }
        guard count <= limits.connectionsPerAddress else {
            return refuse(id, .busy, "too many connections from this address", at: now)
        }
        schedule(.entry(id), at: deadline)
    }

    /// A text message came. Everything wrong with it is answered as the protocol says; nothing is thrown.
    package mutating func handleText(_ text: String, from id: ConnectionIdentifier, at now: NetworkTime) {
        guard let connection = connections[id], !connection.isClosing else { return }
        guard text.utf8.count <= limits.messageBytes else {
            return close(id, 1009, "the message is too large", .refused, at: now)
        }
        let request: RoomRequest
        do {
            request = try RoomRequest(parsing: text)
        } catch {
            switch error {
            case .notAnObject: close(id, 1003, "messages are JSON objects", .refused, at: now)
            case .unknownType: refuse(id, .badMessage, "unknown type", at: now)
            case .badMember(let name): refuse(id, .badMessage, "bad member \(name)", at: now)
            }
            return
        }
        if let room = connection.membership?.room { rooms[room]?.lastActivity = now }
        switch request {
        case .create(let room, let size, let wish, let token):
            create(room, size: size, wish: wish, token: token, by: id, at: now)
        case .join(let room): join(room, by: id, at: now)
        case .joinNumber(let number): join(number, by: id, at: now)
        case .message(let peer, let body): relay(body, to: peer, from: id, at: now)
        case .drop(let peer): drop(peer, by: id, at: now)
        case .bye: close(id, 1000, "bye", .left, at: now)
        }
    }

    /// The connection has ended, whoever ended it.
    package mutating func disconnect(_ id: ConnectionIdentifier, at now: NetworkTime) {
        leave(id, .lost, at: now)
        guard let connection = connections.removeValue(forKey: id) else { return }
        let group = AddressGroup(connection.address)
        if let count = connectionCounts[group] { connectionCounts[group] = count > 1 ? count - 1 : nil }
    }

    package mutating func handleTimeout(at now: NetworkTime) {
        while let subject = deadlines.popDue(at: now) {
            switch subject {
            case .entry(let id):
                if awaitsEntry(id) { refuse(id, .expired, "no room was entered in time", at: now) }
            case .idle(let name, let serial):
                guard let room = rooms[name], room.serial == serial else { continue }
                rooms[name]?.hasDeadline = false
                // Nothing expires while a guest is inside; the deadline comes back when the last one leaves.
                guard !room.hasGuests else { continue }
                if room.expiry(limits) <= now, let host = room.members.first {
                    refuse(host.connection, .expired, "nobody came", at: now)
                } else {
                    scheduleExpiry(of: name)
                }
            }
        }
        remembered.forget(at: now)
    }

    /// Tells everybody to come again after a restart, and enters nobody any more.
    ///
    /// - Returns: what the next server is to remember.
    package mutating func stop(at now: NetworkTime) -> RoomMemory {
        let memory = memory(at: now)
        isStopped = true
        for id in connections.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            refuse(id, .restarting, "the server is restarting", at: now)
        }
        return memory
    }

    // MARK: Deadlines

    func awaitsEntry(_ id: ConnectionIdentifier) -> Bool {
        connections[id].map { $0.membership == nil && !$0.isClosing } ?? false
    }

    mutating func scheduleExpiry(of name: RoomIdentifier) {
        guard let room = rooms[name], !room.hasDeadline else { return }
        rooms[name]?.hasDeadline = true
        schedule(.idle(name, serial: room.serial), at: room.expiry(limits))
    }

    private mutating func schedule(_ subject: Subject, at time: NetworkTime) {
        let (connections, rooms) = (connections, rooms)
        deadlines.add(subject, at: time) { subject in
            switch subject {
            case .entry(let id): connections[id].map { $0.membership == nil && !$0.isClosing } ?? false
            case .idle(let name, let serial): rooms[name]?.serial == serial
            }
        }
    }
}

extension RoomErrorCode {
    /// The WebSocket close code that follows it.
    var closeCode: UInt16 {
        switch self {
        case .noSuchRoom: 4001
        case .roomExists: 4003
        case .tooManyMessages: 4005
        case .expired: 4006
        case .busy: 4007
        case .restarting: 4008
        case .replaced: 4009
        case .dropped: 4010
        default: 4004
        }
    }
}
