import Martlet
import Signaling

/// What the tests need of a connection.
struct Channels: ProvenChannels {
    let control: DataChannel

    func opened() async throws { try await control.opened() }
    func send(_ text: String) async throws { try await control.send(text) }
    func send(_ bytes: [UInt8]) async throws { try await control.send(bytes) }
    func receive() async throws -> DataChannelMessage? {
        for try await message in control.messages { return message }
        return nil
    }
    func closed() async { await control.closed() }

    /// A channel that both sides make, as file transfer does.
    static let prepare: @Sendable (PeerConnection) async throws -> Channels = { connection in
        var options = DataChannelOptions()
        options.negotiated = true
        options.id = 0
        return Channels(control: try await connection.createDataChannel("test", options))
    }
}
