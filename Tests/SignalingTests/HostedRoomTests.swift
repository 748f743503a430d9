import Martlet
import NetworkIO
import Signaling
import TestSupport
import Testing

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct HostedRoomTests {
    private func words(_ text: String) throws -> CodeWords { try CodeWords(parsing: text) }

    private func expectWrongWords(_ number: RoomNumber, at rendezvous: Rendezvous) async throws {
        let code = RoomCode(number: number, words: try words("clock mango crumb"))
        await #expect(throws: PeerConnectorError.wrongWords(left: 2)) {
            _ = try await PeerConnector.join(.code(code, at: rendezvous), prepare: Channels.prepare)
        }
    }

    @Test func `a room comes back after a restart with its number, and goes on counting looks`() async throws {
        let first = try await TestRendezvous()
        var place = RoomPlace(try first.link())
        place.words = try words("clock mango crust")
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(place, size: 8) { told.yield($0) }
        let number = try #require(room.number)
        let code = RoomEntrance.code(
            RoomCode(number: number, words: try words("clock mango crust")), at: place.rendezvous)
        try await expectWrongWords(number, at: place.rendezvous)
        async let joined = PeerConnector.join(code, prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        let guest = try await joined

        let memory = await first.rooms.stop()
        await first.stop()
        let second = try await TestRendezvous(port: first.server.port, remembering: memory)
        var heard = events.makeAsyncIterator()
        #expect(await heard.next() == .wrongWords(left: 2))
        #expect(await heard.next() == .serverLost)
        #expect(await heard.next() == .serverBack(number: number))
        #expect(room.number == number)
        // The connection stands all the same.
        try await host.channels.send("still here")
        #expect(try await guest.channels.receive() == .text("still here"))
        try await expectWrongWords(number, at: place.rendezvous)
        #expect(await heard.next() == .wrongWords(left: 1))
        // Whoever comes now is a guest as before.
        async let again = PeerConnector.join(code, prepare: Channels.prepare)
        let next = try await room.nextGuest()
        let other = try await #require(next).connect(prepare: Channels.prepare)
        await (try await again).close()
        await other.close()
        await guest.close()
        await host.close()
        await room.close()
        #expect(try await room.nextGuest() == nil)
        await second.stop()
    }

    @Test func `a server that forgets all gets the room anew`() async throws {
        let first = try await TestRendezvous()
        let place = RoomPlace(try first.link())
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(place) { told.yield($0) }
        #expect(room.number == nil)
        await first.stop()
        let second = try await TestRendezvous(port: first.server.port)
        var heard = events.makeAsyncIterator()
        #expect(await heard.next() == .serverLost)
        #expect(await heard.next() == .serverBack(number: nil))
        async let joined = PeerConnector.join(.link(place.link), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        await (try await joined).close()
        await host.close()
        await room.close()
        await second.stop()
    }

    @Test func `a room that is closed while its server is away does not come back`() async throws {
        let rendezvous = try await TestRendezvous()
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(RoomPlace(rendezvous.link())) { told.yield($0) }
        await rendezvous.stop()
        #expect(await events.first { _ in true } == .serverLost)
        await room.close()
        #expect(try await room.nextGuest() == nil)
    }

    @Test func `a room that somebody else took over with its token is over`() async throws {
        let rendezvous = try await TestRendezvous()
        let place = RoomPlace(try rendezvous.link())
        let first = try await RoomClient.host(place)
        let second = try await RoomClient.host(place, token: first.token)
        await #expect(throws: RoomError.replaced) { while true { _ = try await first.next() } }
        await second.leave()
        await rendezvous.stop()
    }
}
