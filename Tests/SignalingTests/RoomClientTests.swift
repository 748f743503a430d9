import NetworkIO
import Signaling
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)), .serialized)
struct RoomClientTests {
    @Test func `two clients meet over a server`() async throws {
        let rendezvous = try await TestRendezvous(iceServers: [RoomICEServer(urls: ["stun:192.0.2.9"])])
        let host = try await RoomClient.host(RoomPlace(rendezvous.link()))
        let guest = try await RoomClient.join(.link(rendezvous.link()))
        #expect(guest.host == host.peer)
        #expect(guest.iceServers == [RoomICEServer(urls: ["stun:192.0.2.9"])])
        async let other = guest.paired()
        let there = try await host.paired()
        #expect(there == guest.peer)
        #expect(try await other == host.peer)
        try await host.send(.offer(sdp: String(repeating: "o", count: 50_000)), to: there)
        #expect(try await guest.payload() == .offer(sdp: String(repeating: "o", count: 50_000)))
        try await guest.send(.failed(code: "c", message: "m"), to: host.peer)
        await guest.leave()
        await #expect(throws: RoomError.left) { _ = try await guest.next() }
        // What the guest said before it left arrives.
        #expect(try await host.payload() == .failed(code: "c", message: "m"))
        #expect(try await host.next() == .peerLeft(there))
        await host.leave()
        // The server hears the bye a moment after it has answered the Close frame.
        while await rendezvous.rooms.roomCount > 0 { await Task.yield() }
        await #expect(throws: RoomError.noSuchRoom) { _ = try await RoomClient.join(.link(rendezvous.link())) }
        await rendezvous.stop()
    }

    @Test func `refusals are told apart`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        await #expect(throws: RoomError.noSuchRoom) { _ = try await RoomClient.join(.link(link)) }
        let host = try await RoomClient.host(RoomPlace(link))
        await #expect(throws: RoomError.roomExists) { _ = try await RoomClient.host(RoomPlace(link)) }
        let guest = try await RoomClient.join(.link(link))
        await #expect(throws: RoomError.full) { _ = try await RoomClient.join(.link(link)) }
        await host.leave()
        await #expect(throws: RoomError.expired) { while true { _ = try await guest.next() } }
        await rendezvous.stop()
        await #expect(throws: RoomError.unreachable(.refused(host: "127.0.0.1", port: link.rendezvous.port))) {
            _ = try await RoomClient.join(.link(link))
        }
    }

    @Test func `a room without guests expires by the server's clock`() async throws {
        var limits = RoomLimits()
        limits.idleTimeout = .milliseconds(50)
        let rendezvous = try await TestRendezvous(limits: limits)
        let host = try await RoomClient.host(RoomPlace(rendezvous.link()))
        await #expect(throws: RoomError.expired) { _ = try await host.next() }
        await rendezvous.stop()
    }

    @Test func `a server that vanishes is noticed`() async throws {
        let rendezvous = try await TestRendezvous()
        let host = try await RoomClient.host(RoomPlace(rendezvous.link()))
        await rendezvous.stop()
        do {
            _ = try await host.next()
            Issue.record("there was an event")
        } catch {
            guard case .connectionLost = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a server that never answers times out`() async throws {
        let configuration = HTTPServer.Configuration(addresses: [IPAddress(v4: 0x7F00_0001)], port: 0, hosts: .any)
        let mute = WebSocketEndpoint(path: RoomServer.path, subprotocol: RoomServer.subprotocol) { connection in
            while await connection.receive() != nil {}
        }
        let server = try await HTTPServer.start(configuration, webSockets: [mute]) { _ in .text(404, "") }
        let link = RoomLink(
            rendezvous: Rendezvous(isSecure: false, host: "127.0.0.1", port: server.port), room: try Samples.room(),
            secret: try Samples.secret())
        await #expect(throws: RoomError.timedOut) {
            _ = try await RoomClient.join(.link(link), timeout: .seconds(1))
        }
        await server.shutdown(grace: .milliseconds(100))
    }

    @Test func `a cancelled wait leaves the room usable`() async throws {
        let rendezvous = try await TestRendezvous()
        let host = try await RoomClient.host(RoomPlace(rendezvous.link()))
        let waiting = Task { try await host.next() }
        waiting.cancel()
        await #expect(throws: RoomError.cancelled) { _ = try await waiting.value }
        let guest = try await RoomClient.join(.link(rendezvous.link()))
        async let other = guest.paired()
        #expect(try await host.paired() == guest.peer)
        #expect(try await other == host.peer)
        await rendezvous.stop()
    }
}
