package import Martlet

/// The channels of a connection for something else than a transfer (Docs/Protocols/Chat.md and Lab.md, Channels): those
/// of a transfer, because a page does not know yet what the room is for.
package struct RoomChannels: ProvenChannels {
    package let control: DataChannel
    /// Carries nothing.
    package let data: DataChannel

    package static func make(on connection: PeerConnection) async throws -> RoomChannels {
        let name = "martlet.transfer.1"
        return RoomChannels(
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
