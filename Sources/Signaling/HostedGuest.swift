package import Martlet

/// Somebody who entered our room and showed that he holds its link or its code.
package struct HostedGuest: Sendable {
    private let roomPeer: RoomPeer
    private let peers: RoomPeers

    init(peer: RoomPeer, peers: RoomPeers) {
        roomPeer = peer
        self.peers = peers
    }

    package var peer: PeerIdentifier { roomPeer.id }

    /// It has left before anybody took it, or its room has ended.
    var isGone: Bool { roomPeer.isGone }

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
