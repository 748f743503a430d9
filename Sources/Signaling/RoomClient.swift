package import Martlet
package import NetworkIO
internal import Synchronization
internal import Wire

/// A member of a room: the shell around `RoomSession`, over one WebSocket connection.
package actor RoomClient {
    package nonisolated let role: RoomRole
    /// Our own name in the room, and the host's, which for the host is the same.
    package nonisolated let peer: PeerIdentifier
    package nonisolated let host: PeerIdentifier
    /// What the rendezvous server recommends.
    package nonisolated let iceServers: [RoomICEServer]
    /// The host's, where the room has words.
    package nonisolated let number: RoomNumber?
    /// The host's; not those of its place, where the number is not that of its place.
    package nonisolated let words: CodeWords?
    /// By which the host gets the room back over another connection.
    package nonisolated let token: RoomToken?

    private var session: RoomSession
    private let connection: WebSocketConnection
    private let certificates: CertificateTable
    private var generator = SystemRandomNumberGenerator()
    /// Wakes the session for guests who say nothing.
    private var alarm: (time: NetworkTime, task: Task<Void, Never>)?

    private init(
        session: RoomSession, connection: WebSocketConnection, certificates: CertificateTable, peer: PeerIdentifier,
        host: PeerIdentifier
    ) {
        self.session = session
        self.connection = connection
        self.certificates = certificates
        self.peer = peer
        self.host = host
        role = session.role
        iceServers = session.iceServers
        number = session.number
        words = session.words
        token = session.token
    }

    deinit {
        alarm?.task.cancel()
    }

    /// Makes the room and enters it.
    ///
    /// - Parameters:
    ///   - size: members, the host included; 2 to 32.
    ///   - looks: at the code, by all guests together.
    ///   - token: what an earlier client of this room had.
    ///   - timeout: for connecting, and again for the server's answer.
    package static func host(
        _ place: RoomPlace, size: Int = 2, looks: LookCount = LookCount(), token: RoomToken? = nil,
        over client: WebSocketClient = .init(), timeout: Duration = .seconds(10)
    ) async throws(RoomError) -> RoomClient {
        let certificates = CertificateTable()
        let session = RoomSession.host(place, size: size, looks: looks, token: token, certificates: certificates.make)
        return try await enter(session, certificates, place.rendezvous, client, timeout)
    }

    /// Enters the room as a guest.
    package static func join(
        _ entrance: RoomEntrance, looks: LookCount = LookCount(), over client: WebSocketClient = .init(),
        timeout: Duration = .seconds(10)
    ) async throws(RoomError) -> RoomClient {
        let certificates = CertificateTable()
        let session = RoomSession.guest(entrance, looks: looks, certificates: certificates.make)
        return try await enter(session, certificates, entrance.rendezvous, client, timeout)
    }

    /// What happened next. One caller at a time; as long as nobody asks, the server is held back.
    ///
    /// - Throws: why the room has ended; after that always the same.
    package func next() async throws(RoomError) -> RoomEvent {
        while true {
            if let event = session.pollEvent() {
                switch event {
                // Whoever has failed may stay in the room for long.
                case .peerLeft(let peer), .couldNotVerify(let peer, _): certificates.forget(peer)
                default: break
                }
                return event
            }
            if let ending = session.ending {
                connection.close()
                throw ending
            }
            guard let text = await connection.receive() else {
                if Task.isCancelled { throw .cancelled }
                if let ending = session.ending { throw ending }
                throw RoomError(await connection.closed())
            }
            session.handleText(text, at: NetworkClock().now, using: &generator)
            try? transmit()
            setAlarm()
        }
    }

    /// The certificate by which that peer knows us since the exchange; once.
    package nonisolated func takeCertificate(for peer: PeerIdentifier) -> PeerCertificate? { certificates.forget(peer) }

    /// Sends to a peer who was paired. Never suspends for the network.
    package func send(_ payload: RoomPayload, to peer: PeerIdentifier) throws(RoomError) {
        try session.send(payload, to: peer)
        try transmit()
    }

    /// Leaves the room and waits until the connection has ended, so that all that was sent has gone out.
    package func leave() async {
        session.leave()
        try? transmit()
        connection.close()
        _ = await connection.closed()
    }

    private func setAlarm() {
        let time = session.pollTimeout()
        guard time != alarm?.time else { return }
        alarm?.task.cancel()
        alarm = time.map { time in
            let task = Task { [weak self] in
                try? await NetworkClock().sleep(until: time, tolerance: nil)
                if !Task.isCancelled { await self?.ring() }
            }
            return (time, task)
        }
    }

    private func ring() {
        alarm = nil
        session.handleTimeout(at: NetworkClock().now)
        try? transmit()
        setAlarm()
    }

    private func transmit() throws(RoomError) {
        while let text = session.pollTransmit() {
            do {
                try connection.send(text)
            } catch {
                switch error {
                case .closed: throw .left
                case .messageTooBig: throw .tooLarge
                case .queueFull: throw .connectionLost(.tooSlow)
                }
            }
        }
    }

    private static func enter(
        _ session: RoomSession, _ certificates: CertificateTable, _ rendezvous: Rendezvous, _ client: WebSocketClient,
        _ timeout: Duration
    ) async throws(RoomError) -> RoomClient {
        var session = session
        var generator = SystemRandomNumberGenerator()
        let connection: WebSocketConnection
        do {
            connection = try await client.connect(
                to: rendezvous.webSocketURL, subprotocol: RoomServer.subprotocol, timeout: timeout)
        } catch {
            throw .unreachable(error)
        }
        let isLate = Mutex(false)
        let alarm = Task {
            try await NetworkClock().sleep(for: timeout)
            isLate.withLock { $0 = true }
            connection.close()
        }
        defer { alarm.cancel() }
        while true {
            while let text = session.pollTransmit() { try? connection.send(text) }
            if case .entered(let peer, let host, _) = session.pollEvent() {
                return RoomClient(
                    session: session, connection: connection, certificates: certificates, peer: peer, host: host)
            }
            guard session.ending == nil, let text = await connection.receive() else { break }
            session.handleText(text, at: NetworkClock().now, using: &generator)
        }
        connection.close()
        if let ending = session.ending { throw ending }
        if isLate.withLock({ $0 }) { throw .timedOut }
        if Task.isCancelled { throw .cancelled }
        throw RoomError(await connection.closed())
    }
}

/// A certificate for each peer of the room, made when its exchange begins.
private final class CertificateTable: Sendable {
    private let certificates = Mutex<[PeerIdentifier: PeerCertificate]>([:])

    /// - Returns: the fingerprint; nil when no certificate can be made.
    @Sendable func make(for peer: PeerIdentifier) -> [UInt8]? {
        guard let certificate = try? PeerCertificate() else { return nil }
        certificates.withLock { $0[peer] = certificate }
        return certificate.fingerprint
    }

    @discardableResult
    func forget(_ peer: PeerIdentifier) -> PeerCertificate? { certificates.withLock { $0.removeValue(forKey: peer) } }
}
