package import NetworkIO
internal import Wire

/// Serves rooms to WebSocket connections: the shell around `RoomRegistry`.
package actor RoomServer {
    package static let path = "/rooms"
    package static let subprotocol = "martlet.rooms.2"

    /// What a server does at one moment.
    package struct Status: Sendable {
        package var rooms: Int
        /// Of which somebody is in besides the host.
        package var occupiedRooms: Int
        package var rememberedRooms: Int
        package var connections: Int
        package var numbers: Int
        package var restingNumbers: Int
        package var queuedBytes: Int
        package var counters: RoomCounters
        /// Connections that were dropped because too much waited for all.
        package var slowReadersDropped: Int
    }

    private let limits: RoomLimits
    private let onRecord: (@Sendable (RoomRecord) -> Void)?
    private var registry: RoomRegistry
    private var connections: [RoomRegistry.ConnectionIdentifier: WebSocketConnection] = [:]
    private var nextNumber: UInt64 = 0
    private let clock = NetworkClock()
    private var alarm: Task<Void, Never>?
    private var alarmTime = NetworkTime.distantFuture
    /// Bytes that were handed to connections since their queues were looked at.
    private var uncheckedBytes = 0
    private var slowReadersDropped = 0

    /// - Parameters:
    ///   - iceServers: handed to everybody who enters a room.
    ///   - memory: what the server before this one left, and how long ago that was.
    ///   - onRecord: called for each thing worth a line in a log; must not block.
    package init(
        limits: RoomLimits = .init(), iceServers: [RoomICEServer] = [],
        remembering memory: (rooms: RoomMemory, age: Duration)? = nil,
        onRecord: (@Sendable (RoomRecord) -> Void)? = nil
    ) {
        self.limits = limits
        self.onRecord = onRecord
        registry = RoomRegistry(
            limits: limits, iceServers: iceServers, remembering: memory, keepsRecords: onRecord != nil, at: clock.now)
    }

    deinit {
        alarm?.cancel()
    }

    /// What an `HTTPServer` needs to offer the rooms at `path`.
    package nonisolated var endpoint: WebSocketEndpoint {
        var options = WebSocketOptions()
        // Few, for they may be large: a client that says more than is dealt with waits, rather than memory filling.
        options.waitingMessageCount = 8
        return WebSocketEndpoint(path: Self.path, subprotocol: Self.subprotocol, options: options) { connection in
            await self.serve(connection)
        }
    }

    package var roomCount: Int { registry.roomCount }

    package var status: Status {
        Status(
            rooms: registry.roomCount, occupiedRooms: registry.occupiedRoomCount,
            rememberedRooms: registry.rememberedRoomCount, connections: registry.connectionCount,
            numbers: registry.numberCount, restingNumbers: registry.restingNumberCount,
            queuedBytes: connections.values.reduce(0) { $0 + $1.queuedByteCount }, counters: registry.counters,
            slowReadersDropped: slowReadersDropped)
    }

    /// Serves one connection until it ends.
    package func serve(_ connection: WebSocketConnection) async {
        let id = RoomRegistry.ConnectionIdentifier(rawValue: nextNumber)
        nextNumber += 1
        connections[id] = connection
        registry.connect(id, from: connection.remoteAddress?.ip ?? IPAddress(v4: 0), at: clock.now)
        act()
        while let text = await connection.receive() {
            registry.handleText(text, from: id, at: clock.now)
            act()
        }
        connections[id] = nil
        registry.disconnect(id, at: clock.now)
        act()
    }

    /// Tells everybody to come again after a restart, and enters nobody any more.
    ///
    /// - Returns: what the next server is to remember.
    package func stop() -> RoomMemory {
        let memory = registry.stop(at: clock.now)
        act()
        return memory
    }

    private func act() {
        while let action = registry.pollAction() {
            switch action {
            case .send(let notice, let id):
                let text = notice.text
                uncheckedBytes += text.utf8.count
                // Whoever cannot take it any more is about to be disconnected.
                try? connections[id]?.send(text)
            case .close(let id, let code, let reason):
                connections[id]?.close(WebSocketCloseCode(rawValue: code), reason: reason)
            }
        }
        while let record = registry.pollRecord() { onRecord?(record) }
        if uncheckedBytes > limits.queuedBytes / 4 { dropSlowReaders() }
        setAlarm()
    }

    /// When too much waits for all together, those for whom most waits have to go.
    private func dropSlowReaders() {
        uncheckedBytes = 0
        var queues = connections.values.map { (connection: $0, bytes: $0.queuedByteCount) }
        var total = queues.reduce(0) { $0 + $1.bytes }
        guard total > limits.queuedBytes / 4 * 3 else { return }
        queues.sort { $0.bytes > $1.bytes }
        for queue in queues where total > limits.queuedBytes / 2 {
            queue.connection.drop()
            slowReadersDropped += 1
            total -= queue.bytes
        }
    }

    /// Later deadlines need no new alarm: the old one rings first and sets the next.
    private func setAlarm() {
        guard let deadline = registry.pollTimeout(), deadline < alarmTime else { return }
        alarm?.cancel()
        alarmTime = deadline
        alarm = Task { [weak self, clock] in
            try? await clock.sleep(until: deadline, tolerance: nil)
            if !Task.isCancelled { await self?.ring() }
        }
    }

    private func ring() {
        alarmTime = .distantFuture
        registry.handleTimeout(at: clock.now)
        act()
    }
}
