import NetworkIO
import Signaling
import Testing
import Wire

/// Members that do not read what others send them.
@Suite(.timeLimit(.minutes(1)), .serialized)
struct SlowReaderTests {
    /// The server drops who does not read when so much waits for all, before the limit of one connection (1 MiB).
    private static let queuedBytes = 512 * 1024

    private func connect(_ rendezvous: TestRendezvous, reads: Bool = true) async throws -> WebSocketConnection {
        // Who takes no message from a box for one has its socket not read either.
        var options = WebSocketOptions()
        if !reads { options.waitingMessageCount = 1 }
        let url = try #require(WebSocketURL("ws://127.0.0.1:\(rendezvous.server.port)\(RoomServer.path)"))
        return try await WebSocketClient(options: options).connect(to: url, subprotocol: RoomServer.subprotocol)
    }

    private func create(_ host: WebSocketConnection, _ room: String) async throws {
        try host.send(#"{"type":"create","room":"\#(room)","size":2}"#)
        #expect(await host.receive()?.contains(#""type":"created""#) == true)
    }

    /// - Returns: the host's identifier.
    private func join(_ guest: WebSocketConnection, _ room: String) async throws -> String {
        try guest.send(#"{"type":"join","room":"\#(room)"}"#)
        let joined = try #require(await guest.receive())
        let rest = try #require(joined.split(separator: #""host":""#, maxSplits: 1).last)
        return String(rest.prefix { $0 != "\"" })
    }

    @Test func `when too much waits for all those who read least are dropped, and others go on`() async throws {
        var limits = RoomLimits()
        limits.queuedBytes = Self.queuedBytes
        // The system's own buffers take some megabytes before anything waits.
        limits.relayedBytes = 1 << 30
        limits.relayedMessageCount = 100_000
        let rendezvous = try await TestRendezvous(limits: limits)
        let (slow, guest) = (try await connect(rendezvous, reads: false), try await connect(rendezvous))
        let (host, other) = (try await connect(rendezvous), try await connect(rendezvous))
        try await create(slow, "abcdefghijkmnpqr")
        let to = try await join(guest, "abcdefghijkmnpqr")
        try await create(host, "zzzzzzzzzzzzzzzz")
        let there = try await join(other, "zzzzzzzzzzzzzzzz")
        #expect(await host.receive()?.contains("peer-joined") == true)

        let message = #"{"type":"message","to":"\#(to)","body":"\#(String(repeating: "x", count: 60_000))"}"#
        while await rendezvous.rooms.status.slowReadersDropped == 0 {
            // No faster than the server takes it.
            if guest.queuedByteCount < 200_000 { try? guest.send(message) }
            #expect(await rendezvous.rooms.status.queuedBytes <= Self.queuedBytes + 70_000)
            await Task.yield()
        }
        // It is gone, and so its room: the guest hears of it.
        #expect(await guest.receive()?.contains("peer-left") == true)
        // What it said after that went nowhere.
        while await guest.receive() != nil {}
        guard case .byPeer(WebSocketCloseCode(rawValue: 4006), _) = await guest.closed() else {
            Issue.record("the guest was closed otherwise: \(await guest.closed())")
            return
        }
        let status = await rendezvous.rooms.status
        #expect(status.slowReadersDropped == 1)
        #expect(status.rooms == 1)
        #expect(status.queuedBytes < 1000)
        try other.send(#"{"type":"message","to":"\#(there)","body":"still here"}"#)
        #expect(await host.receive()?.contains("still here") == true)
        await rendezvous.stop()
    }
}
