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
    /// Ends when the other side has left the room: a process that was killed is noticed by it before its silence is. By
    /// itself it does not end the connection. One consumer.
    package let parting: AsyncStream<Never>
    /// The other side has said in the room, behind the proofs, that it goes away for good with what it had to send
    /// (`cancelled`): its page was closed. Ends when it can say nothing more there. One consumer.
    package let cancellations: AsyncStream<Void>
    /// What helps other connections of the same people to find a path: the servers of this one.
    package let iceServers: [ICEServer]
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
        iceServers = []
        // Nobody parts from a room that there is not.
        parting = AsyncStream { _ in }
        cancellations = AsyncStream { $0.finish() }
    }

    fileprivate init(
        connection: PeerConnection, channels: Channels, peer: PeerIdentifier, negotiation: Negotiation,
        peers: RoomPeers, leavesRoom: Bool, iceServers: [ICEServer]
    ) {
        self.iceServers = iceServers
        self.connection = connection
        self.channels = channels
        self.peer = peer
        self.negotiation = negotiation
        self.peers = leavesRoom ? peers : nil
        events = negotiation.events
        parting = negotiation.parting
        cancellations = negotiation.cancellations
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

/// Makes peer connections out of links and codes (Docs/Protocols/Rooms.md).
package enum PeerConnector {
    /// Makes what both sides must have before the offer, such as negotiated channels. Called once for a connection.
    package typealias Preparation<Channels> = @Sendable (PeerConnection) async throws -> Channels

    package static let defaultTimeout = Duration.seconds(30)

    /// Enters the room and connects to its host. Returns when both have proved to each other, on the control channel,
    /// that nobody stands in between.
    ///
    /// - Parameters:
    ///   - looks: how often the code was tried on this side; of no concern for links.
    ///   - configuration: the room's STUN servers are added to its own.
    ///   - timeout: for the host's offer and the connection together, once the room is entered.
    package static func join<Channels: ProvenChannels>(
        _ entrance: RoomEntrance, looks: LookCount = LookCount(), over client: WebSocketClient = .init(),
        configuration: PeerConnectionConfiguration = .init(), timeout: Duration = defaultTimeout,
        prepare: Preparation<Channels>
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        if case .code = entrance, looks.isExhausted { throw .codeDead }
        let room: RoomClient
        do { room = try await RoomClient.join(entrance, looks: looks, over: client) } catch {
            throw PeerConnectorError(error)
        }
        let peers = RoomPeers(room: room)
        do {
            return try await connect(
                peers.peer(room.host), in: peers, role: .guest, configuration, timeout, prepare)
        } catch {
            await peers.leave()
            throw error
        }
    }

    /// Makes the room and waits for guests in it.
    ///
    /// - Parameters:
    ///   - size: members at a time, the host included; 2 to 32.
    ///   - looks: at the code, by all guests together, in this and earlier rooms with the same words.
    ///   - onEvent: hears what a person should; on any thread, in order.
    package static func host(
        _ place: RoomPlace, size: Int = 2, looks: LookCount = LookCount(), over client: WebSocketClient = .init(),
        onEvent: @escaping @Sendable (HostedRoomEvent) -> Void = { _ in }
    ) async throws(PeerConnectorError) -> HostedRoom {
        let hosting = Hosting(place: place, size: size, looks: looks, client: client, onEvent: onEvent)
        do { return HostedRoom(hosting, first: try await hosting.enter()) } catch {
            throw PeerConnectorError(error)
        }
    }

    static func connect<Channels: ProvenChannels>(
        _ peer: RoomPeer, in peers: RoomPeers, role: RoomRole, _ configuration: PeerConnectionConfiguration,
        _ timeout: Duration, _ prepare: Preparation<Channels>
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        var configuration = configuration
        let urls = RoomICEServer.usableURLs(of: peers.room.iceServers)
        if !urls.isEmpty { configuration.iceServers.append(ICEServer(urls: urls)) }
        let connection: PeerConnection
        let certificate = peer.takeCertificate()
        do { connection = try PeerConnection(configuration: configuration, certificate: certificate) } catch {
            let failure = error as? MartletError ?? MartletError(code: .operationError, message: "\(error)")
            throw await giveUp(.connectionFailed(failure), peer)
        }
        let channels: Channels
        do { channels = try await prepare(connection) } catch {
            await connection.close()
            throw await giveUp(.preparationFailed("\(error)"), peer)
        }
        let negotiation = Negotiation(connection: connection, control: channels.control, peer: peer, role: role)
        try await negotiation.connect(within: timeout)
        return ConnectedPeer(
            connection: connection, channels: channels, peer: peer.id, negotiation: negotiation, peers: peers,
            leavesRoom: role == .guest, iceServers: configuration.iceServers)
    }

    private static func giveUp(_ error: PeerConnectorError, _ peer: RoomPeer) async -> PeerConnectorError {
        if let notice = error.notice { try? await peer.send(notice) }
        return error
    }
}
