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

    private struct Connection {
        var address: IPAddress
        var entryDeadline: NetworkTime
        var membership: (room: RoomIdentifier, peer: PeerIdentifier)?
        var relayedMessageCount = 0
        var relayedBytes = 0
        /// How many times `RoomLimits.relayedMessageCount` and `relayedBytes` it may use up.
        var allowances = 1
        var isClosing = false
    }

    private struct Room {
        var size: Int
        var host: PeerIdentifier
        /// In order of entry, the host first.
        var members: [(peer: PeerIdentifier, connection: ConnectionIdentifier)]
        var nextNumber = 2
        var lastActivity: NetworkTime

        var hasGuests: Bool { members.count > 1 }

        func expiry(_ limits: RoomLimits) -> NetworkTime { lastActivity.advanced(by: limits.idleTimeout) }
    }

    private let limits: RoomLimits
    private let iceServers: [RoomICEServer]
    private var connections: [ConnectionIdentifier: Connection] = [:]
    private var rooms: [RoomIdentifier: Room] = [:]
    private var budget: EntryBudget
    private var generator: any RandomNumberGenerator & Sendable
    private var actions: [Action] = []
    /// No deadline lies before it. Activity only moves deadlines on, so that a stale value costs one idle wake-up.
    private var wake: NetworkTime?

    /// - Parameter generator: makes the tokens, which nobody may foresee.
    package init(
        limits: RoomLimits = .init(), iceServers: [RoomICEServer] = [],
        using generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.limits = limits
        self.generator = generator
        self.iceServers = iceServers
        budget = EntryBudget(perSecond: limits.entriesPerSecond, burst: limits.entryBurst)
    }

    package var roomCount: Int { rooms.count }
    package var connectionCount: Int { connections.count }

    /// The next thing to do, in order; nil when all is done.
    package mutating func pollAction() -> Action? {
        actions.isEmpty ? nil : actions.removeFirst()
    }

    /// When `handleTimeout` wants to be called.
    package func pollTimeout() -> NetworkTime? { wake }

    // MARK: What happens

    /// - Parameter address: where it comes from; entries are counted by it.
    package mutating func connect(_ id: ConnectionIdentifier, from address: IPAddress, at now: NetworkTime) {
        let deadline = now.advanced(by: limits.entryTimeout)
        connections[id] = Connection(address: address, entryDeadline: deadline)
        wakeNoLater(than: deadline)
    }

    /// A text message came. Everything wrong with it is answered as the protocol says; nothing is thrown.
    package mutating func handleText(_ text: String, from id: ConnectionIdentifier, at now: NetworkTime) {
        guard let connection = connections[id], !connection.isClosing else { return }
        guard text.utf8.count <= limits.messageBytes else {
            return close(id, 1009, "the message is too large", at: now)
        }
        let request: RoomRequest
        do {
            request = try RoomRequest(parsing: text)
        } catch {
            switch error {
            case .notAnObject: close(id, 1003, "messages are JSON objects", at: now)
            case .unknownType: refuse(id, .badMessage, "unknown type", at: now)
            case .badMember(let name): refuse(id, .badMessage, "bad member \(name)", at: now)
            }
            return
        }
        if let room = connection.membership?.room { rooms[room]?.lastActivity = now }
        switch request {
        case .create(let room, let size, _, _): create(room, size: size, by: id, at: now)
        case .join(let room): join(room, by: id, at: now)
        case .joinNumber:
            if mayEnter(id, at: now) { refuse(id, .noSuchRoom, "there is no such room", at: now) }
        case .message(let peer, let body): relay(body, to: peer, from: id, at: now)
        case .bye: close(id, 1000, "bye", at: now)
        }
    }

    /// The connection has ended, whoever ended it.
    package mutating func disconnect(_ id: ConnectionIdentifier, at now: NetworkTime) {
        leave(id, at: now)
        connections[id] = nil
    }

    package mutating func handleTimeout(at now: NetworkTime) {
        guard let wake, wake <= now else { return }
        for (id, connection) in connections
        where connection.membership == nil && !connection.isClosing && connection.entryDeadline <= now {
            refuse(id, .expired, "no room was entered in time", at: now)
        }
        for room in rooms.values where !room.hasGuests && room.expiry(limits) <= now {
            for member in room.members { refuse(member.connection, .expired, "nobody came", at: now) }
        }
        let entries = connections.values.lazy.filter { $0.membership == nil && !$0.isClosing }.map(\.entryDeadline)
        let expiries = rooms.values.lazy.filter { !$0.hasGuests }.map { [limits] in $0.expiry(limits) }
        self.wake = [entries.min(), expiries.min()].compactMap(\.self).min()
    }

    // MARK: Requests

    private mutating func create(_ room: RoomIdentifier, size: Int, by id: ConnectionIdentifier, at now: NetworkTime) {
        guard mayEnter(id, at: now) else { return }
        guard (2...limits.memberCount).contains(size) else {
            return refuse(id, .badMessage, "a room has 2 to \(limits.memberCount) members", at: now)
        }
        guard rooms[room] == nil else { return refuse(id, .roomExists, "the room exists", at: now) }
        guard rooms.count < limits.roomCount else { return refuse(id, .busy, "there are too many rooms", at: now) }
        let host = PeerIdentifier(number: 1)
        rooms[room] = Room(size: size, host: host, members: [(host, id)], lastActivity: now)
        connections[id]?.membership = (room, host)
        wakeNoLater(than: now.advanced(by: limits.idleTimeout))
        let token = RoomToken.random(using: &generator)
        actions.append(.send(.created(room: room, peer: host, token: token, iceServers: iceServers), to: id))
    }

    private mutating func join(_ name: RoomIdentifier, by id: ConnectionIdentifier, at now: NetworkTime) {
        guard mayEnter(id, at: now) else { return }
        guard var room = rooms[name] else { return refuse(id, .noSuchRoom, "there is no such room", at: now) }
        guard room.members.count < room.size else {
            actions.append(.send(.full, to: id))
            return close(id, 4002, "the room is full", at: now)
        }
        let peer = PeerIdentifier(number: room.nextNumber)
        let others = room.members
        room.nextNumber += 1
        room.members.append((peer, id))
        room.lastActivity = now
        rooms[name] = room
        connections[id]?.membership = (name, peer)
        if let host = others.first, host.peer == room.host { connections[host.connection]?.allowances += 1 }
        let notice = RoomNotice.joined(
            room: name, peer: peer, host: room.host, peers: others.map(\.peer), iceServers: iceServers)
        actions.append(.send(notice, to: id))
        for other in others { actions.append(.send(.peerJoined(peer), to: other.connection)) }
    }

    private mutating func relay(
        _ body: String, to peer: PeerIdentifier, from id: ConnectionIdentifier, at now: NetworkTime
    ) {
        guard let membership = connections[id]?.membership, let room = rooms[membership.room] else {
            return refuse(id, .badMessage, "enter a room first", at: now)
        }
        let count = body.utf8.count
        guard count <= limits.bodyBytes else { return refuse(id, .badMessage, "the body is too large", at: now) }
        connections[id]?.relayedMessageCount += 1
        connections[id]?.relayedBytes += count
        guard let connection = connections[id],
            connection.relayedMessageCount <= limits.relayedMessageCount * connection.allowances,
            connection.relayedBytes <= limits.relayedBytes * connection.allowances
        else { return refuse(id, .tooManyMessages, "a member may say only so much", at: now) }
        guard peer != membership.peer, let target = room.members.first(where: { $0.peer == peer }) else {
            actions.append(.send(.error(code: .noSuchPeer, message: "nobody of that name is here"), to: id))
            return
        }
        actions.append(.send(.message(from: membership.peer, body: body), to: target.connection))
    }

    // MARK: Ends

    private mutating func mayEnter(_ id: ConnectionIdentifier, at now: NetworkTime) -> Bool {
        guard let connection = connections[id] else { return false }
        guard budget.spend(connection.address, at: now) else {
            refuse(id, .busy, "too many attempts from this address", at: now)
            return false
        }
        guard connection.membership == nil else {
            refuse(id, .badMessage, "a connection enters one room", at: now)
            return false
        }
        return true
    }

    private mutating func refuse(
        _ id: ConnectionIdentifier, _ code: RoomErrorCode, _ message: String, at now: NetworkTime
    ) {
        guard connections[id]?.isClosing == false else { return }
        actions.append(.send(.error(code: code, message: message), to: id))
        close(id, code.closeCode, message, at: now)
    }

    private mutating func close(_ id: ConnectionIdentifier, _ code: UInt16, _ reason: String, at now: NetworkTime) {
        guard connections[id]?.isClosing == false else { return }
        connections[id]?.isClosing = true
        actions.append(.close(id, code: code, reason: reason))
        leave(id, at: now)
    }

    private mutating func leave(_ id: ConnectionIdentifier, at now: NetworkTime) {
        guard let membership = connections[id]?.membership, var room = rooms[membership.room] else { return }
        connections[id]?.membership = nil
        room.members.removeAll { $0.connection == id }
        for member in room.members { actions.append(.send(.peerLeft(membership.peer), to: member.connection)) }
        if membership.peer == room.host {
            rooms[membership.room] = nil
            for member in room.members {
                connections[member.connection]?.membership = nil
                close(member.connection, 4006, "the host left", at: now)
            }
        } else {
            room.lastActivity = now
            rooms[membership.room] = room
            if !room.hasGuests { wakeNoLater(than: room.expiry(limits)) }
        }
    }

    private mutating func wakeNoLater(than deadline: NetworkTime) {
        wake = min(wake ?? deadline, deadline)
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
        default: 4004
        }
    }
}
