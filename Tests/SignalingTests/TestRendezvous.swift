import NetworkIO
import Signaling
import Testing
import Wire

/// A rendezvous server at a free loopback port, and links to rooms there.
final class TestRendezvous: Sendable {
    let server: HTTPServer
    let rooms: RoomServer

    /// - Parameters:
    ///   - port: of an earlier server, in whose place this one comes.
    ///   - memory: what that one left.
    init(
        limits: RoomLimits = .init(), iceServers: [RoomICEServer] = [], port: UInt16 = 0,
        remembering memory: RoomMemory? = nil
    ) async throws {
        rooms = RoomServer(
            limits: limits, iceServers: iceServers, remembering: memory.map { (rooms: $0, age: .seconds(1)) })
        let configuration = HTTPServer.Configuration(
            addresses: [IPAddress(v4: 0x7F00_0001)], port: port, hosts: .names(["127.0.0.1"]))
        server = try await HTTPServer.start(configuration, webSockets: [rooms.endpoint]) { _ in .text(404, "") }
    }

    func link(secret: UInt8 = 0) throws -> RoomLink {
        RoomLink(
            rendezvous: Rendezvous(isSecure: false, host: "127.0.0.1", port: server.port), room: try Samples.room(),
            secret: try Samples.secret(secret))
    }

    func stop() async {
        await server.shutdown(grace: .milliseconds(100))
    }
}

extension RoomClient {
    /// The next event that fits, skipping others.
    func next<Value>(_ pick: (RoomEvent) -> Value?) async throws -> Value {
        while true {
            if let value = pick(try await next()) { return value }
        }
    }

    /// Waits until anybody has shown the same secret.
    func paired() async throws -> PeerIdentifier {
        try await next { if case .paired(let peer, _) = $0 { peer } else { nil } }
    }

    func payload() async throws -> RoomPayload {
        try await next { if case .payload(let payload, _) = $0 { payload } else { nil } }
    }
}
