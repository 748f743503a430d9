internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Transfer

/// The two channels of a transfer (Docs/Protocols/Transfer.md), made alike by both sides before the offer.
struct TransferChannels: ProvenChannels {
    /// How a sender makes its end of the data channel.
    struct Delivery: Sendable, Equatable {
        var isUnordered = false
        /// After so many SCTP gives a frame up; nil is never.
        var maxRetransmits: UInt16?

        /// Frames may come in another order, or not at all: the transfer has to repair that by itself.
        var isLossy: Bool { isUnordered || maxRetransmits != nil }
    }

    let control: DataChannel
    let data: DataChannel

    static func make(on connection: PeerConnection) async throws -> TransferChannels {
        try await make(on: connection, Delivery())
    }

    static func make(on connection: PeerConnection, _ delivery: Delivery) async throws -> TransferChannels {
        let name = "martlet.transfer.1"
        return TransferChannels(
            control: try await connection.createDataChannel(
                "martlet-control", DataChannelOptions(protocol: name, negotiated: true, id: 0)),
            data: try await connection.createDataChannel(
                "martlet-data",
                DataChannelOptions(
                    ordered: !delivery.isUnordered, maxRetransmits: delivery.maxRetransmits, protocol: name,
                    negotiated: true, id: 2)))
    }

    /// Returns when both can be used.
    func opened() async throws {
        try await control.opened()
        try await data.opened()
    }
}

/// The other side, verified and connected.
typealias TransferPeer = ConnectedPeer<TransferChannels>

extension ConnectedPeer<TransferChannels> {
    /// How the connection runs, as far as is known.
    func path() async -> PathDescription? {
        guard let path = await connection.selectedPath() else { return nil }
        let own = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        return PathDescription(path, ownAddresses: own.map(\.address))
    }
}
