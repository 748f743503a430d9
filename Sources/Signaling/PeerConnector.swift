package import Martlet
package import NetworkIO

/// A connection that came about in a room.
///
/// When the last reference goes, the exchange of candidates ends; the connection itself lives as long as it is held.
package final class ConnectedPeer<Channels: ProvenChannels>: Sendable {
    package let connection: PeerConnection
    /// What `prepare` returned.
    package let channels: Channels
    /// Nil where there is no room.
    package let peer: PeerIdentifier?
    /// Incoming channels and state changes, in place of `connection.events`, which is used up here. One consumer; at
    /// most 256 wait.
    package let events: AsyncStream<PeerConnectionEvent>
    /// Ends when the other side has left the room, or the room has ended: a process that was killed is noticed by it
    /// before its silence is. By itself it does not end the connection. One consumer.
    package let parting: AsyncStream<Never>
    /// Nil where there is no room.
    private let negotiation: Negotiation?
    /// The room to be left at the end.
    private let peers: RoomPeers?

    /// A connection that came about without a room.
    ///
    /// - Parameter events: in place of `connection.events`, which is used up.
    package init(connection: PeerConnection, channels: Channels, events: AsyncStream<PeerConnectionEvent>) {
        self.connection = connection
        self.channels = channels
        self.events = events
        (peer, negotiation, peers) = (nil, nil, nil)
        // Nobody parts from a room that there is not.
        parting = AsyncStream { _ in }
    }

    fileprivate init(
        connection: PeerConnection, channels: Channels, peer: PeerIdentifier, negotiation: Negotiation,
        peers: RoomPeers, leavesRoom: Bool
    ) {
        self.connection = connection
        self.channels = channels
        self.peer = peer
        self.negotiation = negotiation
        self.peers = leavesRoom ? peers : nil
        events = negotiation.events
        parting = negotiation.parting
    }

    deinit {
        guard let negotiation else { return }
        Task { await negotiation.stop() }
    }

    /// Closes the connection; a guest leaves the room too.
    package func close() async {
        await connection.close()
        await negotiation?.stop()
        await peers?.leave()
    }
}

/// Makes peer connections out of room links (Docs/Protocols/Rooms.md).
package enum PeerConnector {
    /// Makes what both sides must have before the offer, such as negotiated channels. Called once for a connection.
    package typealias Preparation<Channels> = @Sendable (PeerConnection) async throws -> Channels

    package static let defaultTimeout = Duration.seconds(30)

    /// Enters the link's room and connects to its host.
    ///
    /// - Parameters:
    ///   - configuration: the room's STUN servers are added to its own.
    ///   - timeout: for the host's offer and the connection together, once the room is entered.
    package static func join<Channels: ProvenChannels>(
        _ entrance: RoomEntrance, looks: LookCount = LookCount(), over client: WebSocketClient = .init(),
        configuration: PeerConnectionConfiguration = .init(),
        timeout: Duration = defaultTimeout, prepare: Preparation<Channels>
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        let room: RoomClient
        guard case .link(let link) = entrance else { throw .codeDead }
        do { room = try await RoomClient.join(link, over: client) } catch { throw PeerConnectorError(error) }
        let peers = RoomPeers(room: room)
        do {
            return try await connect(
                peers.peer(room.host), in: peers, role: .guest, configuration, timeout, prepare)
        } catch {
            await peers.leave()
            throw error
        }
    }

    /// Makes the link's room and waits for guests in it.
    ///
    /// - Parameter size: members at a time, the host included; 2 to 32.
    package static func host(
        _ place: RoomPlace, size: Int = 2, looks: LookCount = LookCount(), over client: WebSocketClient = .init(),
        onEvent: @escaping @Sendable (HostedRoomEvent) -> Void = { _ in }
    ) async throws(PeerConnectorError) -> HostedRoom {
        do {
            return HostedRoom(peers: RoomPeers(room: try await RoomClient.host(place.link, size: size, over: client)))
        } catch {
            throw PeerConnectorError(error)
        }
    }

    fileprivate static func connect<Channels: ProvenChannels>(
        _ peer: RoomPeer, in peers: RoomPeers, role: RoomRole, _ configuration: PeerConnectionConfiguration,
        _ timeout: Duration, _ prepare: Preparation<Channels>
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        var configuration = configuration
        let urls = RoomICEServer.usableURLs(of: peers.room.iceServers)
        if !urls.isEmpty { configuration.iceServers.append(ICEServer(urls: urls)) }
        let connection: PeerConnection
        do { connection = try PeerConnection(configuration: configuration) } catch {
            let failure = error as? MartletError ?? MartletError(code: .operationError, message: "\(error)")
            throw await giveUp(.connectionFailed(failure), peer)
        }
        let channels: Channels
        do { channels = try await prepare(connection) } catch {
            await connection.close()
            throw await giveUp(.preparationFailed("\(error)"), peer)
        }
        let negotiation = Negotiation(connection: connection, peer: peer, role: role)
        try await negotiation.connect(within: timeout)
        return ConnectedPeer(
            connection: connection, channels: channels, peer: peer.id, negotiation: negotiation, peers: peers,
            leavesRoom: role == .guest)
    }

    private static func giveUp(_ error: PeerConnectorError, _ peer: RoomPeer) async -> PeerConnectorError {
        if let notice = error.notice { try? await peer.send(notice) }
        return error
    }
}

/// A room of ours. When the last reference goes, the room ends.
package final class HostedRoom: Sendable {
    private let peers: RoomPeers

    fileprivate init(peers: RoomPeers) {
        self.peers = peers
    }

    /// What the server gave, as of now; nil where none was asked for.
    package var number: RoomNumber? { nil }

    /// The next guest who said hello, or nil after `close()`. One caller at a time. Each guest is connected by itself,
    /// several at once if you like.
    package func nextGuest() async throws(PeerConnectorError) -> HostedGuest? {
        if let peer = await peers.arrivals.next() { return HostedGuest(peer: peer, peers: peers) }
        if Task.isCancelled { throw .cancelled }
        if let ending = peers.ending, ending != .left { throw PeerConnectorError(ending) }
        return nil
    }

    package var guests: Guests { Guests(room: self) }

    /// Leaves and thereby ends the room; connections stay.
    package func close() async {
        await peers.leave()
    }

    /// `nextGuest` as a sequence.
    package struct Guests: AsyncSequence, Sendable {
        package typealias Failure = PeerConnectorError

        fileprivate let room: HostedRoom

        package struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let room: HostedRoom

            package mutating func next() async throws(PeerConnectorError) -> HostedGuest? {
                try await room.nextGuest()
            }

            package mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(PeerConnectorError) -> HostedGuest? {
                try await room.nextGuest()
            }
        }

        package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(room: room) }
    }
}

/// Somebody who entered our room and said hello; not verified before `connect` returns.
package struct HostedGuest: Sendable {
    private let roomPeer: RoomPeer
    private let peers: RoomPeers

    fileprivate init(peer: RoomPeer, peers: RoomPeers) {
        roomPeer = peer
        self.peers = peers
    }

    package var peer: PeerIdentifier { roomPeer.id }

    /// Turns the guest away, saying why, in place of `connect`. `taken` says that the link already serves somebody.
    package func refuse(code: String, message: String) async {
        try? await roomPeer.send(.failed(code: code, message: message))
    }

    /// Makes the offer and connects. Once for a guest.
    ///
    /// - Parameter timeout: for the guest's answer and the connection together.
    package func connect<Channels: ProvenChannels>(
        configuration: PeerConnectionConfiguration = .init(), timeout: Duration = PeerConnector.defaultTimeout,
        prepare: PeerConnector.Preparation<Channels>
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        try await PeerConnector.connect(roomPeer, in: peers, role: .host, configuration, timeout, prepare)
    }
}
