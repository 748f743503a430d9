import Martlet
import NetworkIO
import TestSupport
import Testing

@testable import Signaling

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
        #expect(await heard.next() == .serverBack(code: room.code, token: room.token))
        #expect(room.code?.words == place.words)
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
        #expect(await heard.next() == .serverBack(code: nil, token: room.token))
        async let joined = PeerConnector.join(.link(place.link), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        await (try await joined).close()
        await host.close()
        await room.close()
        await second.stop()
    }

    @Test func `a room that expired is there again, under its number`() async throws {
        var limits = RoomLimits()
        limits.idleTimeout = .milliseconds(50)
        let rendezvous = try await TestRendezvous(limits: limits)
        var place = RoomPlace(try rendezvous.link())
        place.words = try words("clock mango crust")
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(place) { told.yield($0) }
        let number = try #require(room.number)
        while await rendezvous.rooms.status.counters.roomsTakenBack < 2 { await Task.yield() }
        #expect(room.number == number)
        await room.close()
        told.finish()
        // Nobody need hear of it.
        #expect(await events.first { _ in true } == nil)
        await rendezvous.stop()
    }

    @Test func `a room that gets another number has other words, and both stay when it is lost again`() async throws {
        let first = try await TestRendezvous()
        var place = RoomPlace(try first.link())
        place.words = try words("clock mango crust")
        place.number = RoomNumber(7)
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(place, size: 8) { told.yield($0) }
        #expect(room.code?.text == "7-clock-mango-crust")
        await first.stop()
        // A server that forgot all, where somebody else is quicker.
        let second = try await TestRendezvous(port: first.server.port)
        var other = place
        other.room = try Samples.room("zzzzzzzzzzzzzzzz")
        let stranger = try await PeerConnector.host(other)
        var heard = events.makeAsyncIterator()
        #expect(await heard.next() == .serverLost)
        guard case .serverBack(let code?, let token?) = await heard.next() else {
            Issue.record("the room did not come back")
            return
        }
        if stranger.number == RoomNumber(7) {
            #expect(code.number != RoomNumber(7) && code.words != place.words)
        }
        #expect(room.code == code && room.token == token)
        // Whoever holds the new code comes in; it is the one that is asked for from now on.
        let memory = await second.rooms.stop()
        await second.stop()
        let third = try await TestRendezvous(port: first.server.port, remembering: memory)
        #expect(await heard.next() == .serverLost)
        #expect(await heard.next() == .serverBack(code: code, token: token))
        async let joined = PeerConnector.join(.code(code, at: place.rendezvous), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        await (try await joined).close()
        await host.close()
        await room.close()
        await stranger.close()
        await third.stop()
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

    @Test func `a room full of people who came and left keeps its link`() async throws {
        var limits = RoomLimits()
        (limits.entriesPerSecond, limits.entryBurst) = (1000, 1000)
        let rendezvous = try await TestRendezvous(limits: limits)
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link), size: 4)
        for _ in 0..<2 * RoomPeers.arrivalLimit {
            let guest = try await RoomClient.join(.link(link))
            _ = try await guest.paired()
            await guest.leave()
        }
        let honest = try await RoomClient.join(.link(link))
        _ = try await honest.paired()
        var waiting = 1
        while let guest = try await room.nextGuest(), guest.peer != honest.peer { waiting += 1 }
        #expect(waiting <= RoomPeers.arrivalLimit)
        await room.close()
        #expect(try await room.nextGuest() == nil)
        await rendezvous.stop()
    }

    @Test func `whoever asks late for the host hears the refusal, not that the host has left`() async throws {
        let rendezvous = try await TestRendezvous()
        var place = RoomPlace(try rendezvous.link())
        place.words = try words("clock mango crust")
        let host = try await RoomClient.host(place, looks: LookCount(failed: LookCount.limit))
        let code = RoomCode(number: try #require(host.number), words: try words("clock mango crust"))
        let client = try await RoomClient.join(.code(code, at: place.rendezvous))
        let peers = RoomPeers(room: client)
        // The refusal is out, and then the host is gone.
        let refused = try await host.next { if case .couldNotVerify(_, let error) = $0 { error } else { nil } }
        #expect(refused == .codeDead)
        await host.leave()
        for await _ in peers.arrivals {}
        #expect(await peers.peer(client.host).signals.next() == .couldNotVerify(.refused(code: "dead")))
        await rendezvous.stop()
    }
}
