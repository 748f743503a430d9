package import NetworkIO
internal import Wire

/// Serves rooms to WebSocket connections: the shell around `RoomRegistry`.
package actor RoomServer {
    package static let path = "/rooms"
    package static let subprotocol = "martlet.rooms.2"

    private var registry: RoomRegistry
    private var connections: [RoomRegistry.ConnectionIdentifier: WebSocketConnection] = [:]
    private var nextNumber: UInt64 = 0
    private let clock = NetworkClock()
    private var alarm: Task<Void, Never>?
    private var alarmTime = NetworkTime.distantFuture

    /// - Parameter iceServers: handed to everybody who enters a room.
    package init(limits: RoomLimits = .init(), iceServers: [RoomICEServer] = []) {
        registry = RoomRegistry(limits: limits, iceServers: iceServers)
    }

    deinit {
        alarm?.cancel()
    }

    /// What an `HTTPServer` needs to offer the rooms at `path`.
    package nonisolated var endpoint: WebSocketEndpoint {
        WebSocketEndpoint(path: Self.path, subprotocol: Self.subprotocol) { connection in
            await self.serve(connection)
        }
    }

    package var roomCount: Int { registry.roomCount }

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

    private func act() {
        while let action = registry.pollAction() {
            switch action {
            case .send(let notice, let id):
                // Whoever cannot take it any more is about to be disconnected.
                try? connections[id]?.send(notice.text)
            case .close(let id, let code, let reason):
                connections[id]?.close(WebSocketCloseCode(rawValue: code), reason: reason)
            }
        }
        setAlarm()
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
