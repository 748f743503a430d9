import Martlet

/// Two connections over real sockets of this machine, with signaling by hand.
struct LoopbackPair {
    let offerer: PeerConnection
    let answerer: PeerConnection

    init() throws {
        offerer = try PeerConnection()
        answerer = try PeerConnection()
    }

    func exchangeDescriptions() async throws {
        try await offerer.setLocalDescription()
        try await answerer.setRemoteDescription(try await offerer.gatheredLocalDescription())
        try await answerer.setLocalDescription()
        try await offerer.setRemoteDescription(try await answerer.gatheredLocalDescription())
    }

    /// Connects, and returns both ends of a channel that the offerer announces.
    func connect(
        _ label: String = "test", _ options: DataChannelOptions = .init()
    ) async throws -> (local: DataChannel, remote: DataChannel) {
        let local = try await offerer.createDataChannel(label, options)
        try await exchangeDescriptions()
        try await local.opened()
        return (local, try await firstIncoming())
    }

    func firstIncoming() async throws -> DataChannel {
        for await event in answerer.events {
            if case .dataChannel(let channel) = event { return channel }
        }
        throw MartletError(code: .closed, message: "no channel came")
    }

    func close() async {
        async let first: Void = offerer.close()
        async let second: Void = answerer.close()
        _ = await (first, second)
    }
}
