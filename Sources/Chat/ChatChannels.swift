package import Martlet
package import Signaling

/// The channels that both sides make before the offer (Docs/Protocols/Chat.md, Channels): those of a transfer, because a
/// page does not know yet what the room is for.
package struct ChatChannels: ProvenChannels {
    package let control: DataChannel
    /// Carries nothing.
    package let data: DataChannel

    package static func make(on connection: PeerConnection) async throws -> ChatChannels {
        let name = "martlet.transfer.1"
        return ChatChannels(
            control: try await connection.createDataChannel(
                "martlet-control", DataChannelOptions(protocol: name, negotiated: true, id: 0)),
            data: try await connection.createDataChannel(
                "martlet-data", DataChannelOptions(protocol: name, negotiated: true, id: 2)))
    }

    package func opened() async throws {
        try await control.opened()
        try await data.opened()
    }
}

/// The other side of a talk, connected.
package typealias ChatPeer = ConnectedPeer<ChatChannels>
