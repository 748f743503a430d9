import NIOCore
import NIOPosix
import NetworkIO

/// Accepts TCP connections and never says a word.
final class SilentListener: Sendable {
    private let channel: any Channel

    init() async throws {
        channel = try await ServerBootstrap(group: NetworkLoop.shared.group).bind(host: "127.0.0.1", port: 0).get()
    }

    var port: UInt16 { UInt16(channel.localAddress?.port ?? 0) }

    func close() async {
        try? await channel.close()
    }
}
