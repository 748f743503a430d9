import Martlet
import NetworkIO
import Signaling
import TestSupport
import Testing

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct PeerConnectorTests {

    @Test func `a link connects two peers who then need no server`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        async let joined = PeerConnector.join(.link(link), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let guest = try #require(arrival)
        let host = try await guest.connect(prepare: Channels.prepare)
        let other = try await joined
        await rendezvous.stop()
        try await host.channels.opened()
        try await other.channels.opened()
        try await host.channels.send("hello")
        #expect(try await other.channels.receive() == .text("hello"))
        try await other.channels.send([1, 2, 3])
        #expect(try await host.channels.receive() == .binary([1, 2, 3]))
        await host.close()
        // The other side hears of it.
        for await event in other.events {
            if case .connectionStateChange(.closed) = event { break }
        }
        await other.close()
    }

    @Test func `whoever is connected hears that the other has left the room, and may come again`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        for _ in 0..<2 {
            async let joined = PeerConnector.join(.link(link), prepare: Channels.prepare)
            let arrival = try await room.nextGuest()
            let host = try await #require(arrival).connect(prepare: Channels.prepare)
            await (try await joined).close()
            for await _ in host.parting {}
            await host.close()
        }
        async let joined = PeerConnector.join(.link(link), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        let guest = try await joined
        await room.close()
        for await _ in guest.parting {}
        // The room is made anew under the same name, as by a process that was started again.
        let again = try await PeerConnector.host(RoomPlace(link))
        await again.close()
        await guest.close()
        await host.close()
        await rendezvous.stop()
    }

    @Test func `a host serves several guests at once`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link), size: 4)
        let greetings = try await withThrowingTaskGroup(of: DataChannelMessage?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let host = try await PeerConnector.join(.link(link), prepare: Channels.prepare)
                    try await host.channels.opened()
                    let message = try await host.channels.receive()
                    await host.close()
                    return message
                }
            }
            var guests = 0
            for try await guest in room.guests {
                group.addTask {
                    let connected = try await guest.connect(prepare: Channels.prepare)
                    try await connected.channels.opened()
                    try await connected.channels.send(connected.peer?.text ?? "")
                    await connected.channels.closed()
                    await connected.close()
                    return nil
                }
                guests += 1
                if guests == 3 { break }
            }
            return try await group.reduce(into: [DataChannelMessage?]()) { $0.append($1) }
        }
        let texts = greetings.compactMap { if case .text(let text)? = $0 { text } else { nil } }
        #expect(texts.sorted() == ["p2", "p3", "p4"])
        await room.close()
        #expect(try await room.nextGuest() == nil)
        await rendezvous.stop()
    }

    @Test func `a guest with another secret is found out on both sides`() async throws {
        let rendezvous = try await TestRendezvous()
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(RoomPlace(rendezvous.link())) { told.yield($0) }
        await #expect(throws: PeerConnectorError.couldNotVerify) {
            _ = try await PeerConnector.join(.link(rendezvous.link(secret: 1)), prepare: Channels.prepare)
        }
        #expect(await events.first { _ in true } == .wrongLink)
        await room.close()
        await rendezvous.stop()
    }

    @Test func `a code connects two peers, and three wrong ones kill it on both sides`() async throws {
        let rendezvous = try await TestRendezvous()
        var place = RoomPlace(try rendezvous.link())
        place.words = try CodeWords(parsing: "clock mango crust")
        let (events, told) = AsyncStream.makeStream(of: HostedRoomEvent.self)
        let room = try await PeerConnector.host(place, size: 8) { told.yield($0) }
        let number = try #require(room.number)
        let at = place.rendezvous
        let right = RoomCode(number: number, words: try CodeWords(parsing: "clock mango crust"))
        async let joined = PeerConnector.join(.code(right, at: at), prepare: Channels.prepare)
        let arrival = try await room.nextGuest()
        let host = try await #require(arrival).connect(prepare: Channels.prepare)
        await (try await joined).close()
        await host.close()
        let wrong = RoomCode(number: number, words: try CodeWords(parsing: "clock mango crumb"))
        let looks = LookCount()
        for left in [2, 1, 0] {
            await #expect(throws: PeerConnectorError.wrongWords(left: left)) {
                _ = try await PeerConnector.join(.code(wrong, at: at), looks: looks, prepare: Channels.prepare)
            }
        }
        await #expect(throws: PeerConnectorError.codeDead) {
            _ = try await PeerConnector.join(.code(right, at: at), looks: looks, prepare: Channels.prepare)
        }
        await #expect(throws: PeerConnectorError.refused(code: "dead")) {
            _ = try await PeerConnector.join(.code(right, at: at), prepare: Channels.prepare)
        }
        told.finish()
        let all = await events.reduce(into: []) { $0.append($1) }
        #expect(all == [.wrongWords(left: 2), .wrongWords(left: 1), .wrongWords(left: 0), .codeDead])
        await room.close()
        await rendezvous.stop()
    }

    @Test func `a description with another certificate than that of the exchange is refused`() async throws {
        let rendezvous = try await TestRendezvous()
        let room = try await PeerConnector.host(RoomPlace(rendezvous.link()))
        let guest = try await RoomClient.join(.link(rendezvous.link()))
        _ = try await guest.paired()
        try await guest.send(.answer(sdp: "v=0\r\n" + fingerprint(of: try PeerCertificate())), to: guest.host)
        let arrival = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.couldNotVerify) {
            _ = try await arrival?.connect(prepare: Channels.prepare)
        }
        await rendezvous.stop()
    }

    @Test(arguments: [nil, "hello", #"{"type":"proof","proof":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#])
    func `whoever says anything but the proof on the channel is not believed`(first: String?) async throws {
        let rendezvous = try await TestRendezvous()
        let room = try await PeerConnector.host(RoomPlace(rendezvous.link()))
        let guest = try await RoomClient.join(.link(rendezvous.link()))
        let host = try await guest.paired()
        async let connecting = room.nextGuest()?.connect(prepare: Channels.prepare)
        var sdp: String?
        while sdp == nil {
            if case .offer(let text) = try await guest.payload() { sdp = text }
        }
        let connection = try PeerConnection(certificate: guest.takeCertificate(for: host))
        let channels = try await Channels.prepare(connection)
        try await connection.setRemoteDescription(SessionDescription(type: .offer, sdp: try #require(sdp)))
        try await connection.setLocalDescription(try await connection.createAnswer())
        try await guest.send(.answer(sdp: connection.gatheredLocalDescription().sdp), to: host)
        try await channels.opened()
        if let first { try await channels.send(first) } else { try await channels.send([1, 2, 3]) }
        do {
            _ = try await connecting
            Issue.record("they connected")
        } catch { #expect(error as? PeerConnectorError == .couldNotVerify) }
        await connection.close()
        await guest.leave()
        await rendezvous.stop()
    }

    private func fingerprint(of certificate: PeerCertificate) -> String {
        let digits = certificate.fingerprint.map { ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() }
        return "a=fingerprint:sha-256 \(digits.joined(separator: ":"))\r\n"
    }

    @Test func `a room that is not there or full is reported`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        await #expect(throws: PeerConnectorError.noSuchRoom) {
            _ = try await PeerConnector.join(.link(link), prepare: Channels.prepare)
        }
        let room = try await PeerConnector.host(RoomPlace(link))
        await #expect(throws: PeerConnectorError.roomExists) { _ = try await PeerConnector.host(RoomPlace(link)) }
        let guest = try await RoomClient.join(.link(link))
        await #expect(throws: PeerConnectorError.roomFull) {
            _ = try await PeerConnector.join(.link(link), prepare: Channels.prepare)
        }
        await guest.leave()
        await room.close()
        await rendezvous.stop()
        await #expect(throws: PeerConnectorError.unreachable(.refused(host: "127.0.0.1", port: link.rendezvous.port))) {
            _ = try await PeerConnector.join(.link(link), prepare: Channels.prepare)
        }
    }

    @Test func `a peer that gives up, leaves or says nothing is reported`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link), size: 4)

        let quitter = try await RoomClient.join(.link(link))
        _ = try await quitter.paired()
        try await quitter.send(.failed(code: "declined", message: "no thanks"), to: quitter.host)
        let first = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.peerFailed(code: "declined", message: "no thanks")) {
            _ = try await first?.connect(prepare: Channels.prepare)
        }

        let leaver = try await RoomClient.join(.link(link))
        _ = try await leaver.paired()
        await leaver.leave()
        let second = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.peerLeft) { _ = try await second?.connect(prepare: Channels.prepare) }

        let silent = try await RoomClient.join(.link(link))
        _ = try await silent.paired()
        let third = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.timedOut) {
            _ = try await third?.connect(timeout: .milliseconds(200), prepare: Channels.prepare)
        }
        // The silent one is told.
        while true {
            if case .failed(let code, _) = try await silent.payload() {
                #expect(code == "timed-out")
                break
            }
        }

        let unwelcome = try await RoomClient.join(.link(link))
        _ = try await unwelcome.paired()
        try await room.nextGuest()?.refuse(code: "taken", message: "somebody came before")
        #expect(try await unwelcome.payload() == .failed(code: "taken", message: "somebody came before"))
        await unwelcome.leave()

        let confused = try await RoomClient.join(.link(link))
        _ = try await confused.paired()
        try await confused.send(.offer(sdp: "v=0"), to: confused.host)
        let fourth = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.protocolViolation("an unexpected description")) {
            _ = try await fourth?.connect(prepare: Channels.prepare)
        }

        await room.close()
        await rendezvous.stop()
    }

    @Test func `a description that makes no sense is reported`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        let guest = try await RoomClient.join(.link(link))
        _ = try await guest.paired()
        let certificate = try #require(guest.takeCertificate(for: guest.host))
        try await guest.send(.answer(sdp: "this is no description\n" + fingerprint(of: certificate)), to: guest.host)
        let arrival = try await room.nextGuest()
        do {
            _ = try await arrival?.connect(prepare: Channels.prepare)
            Issue.record("they connected")
        } catch {
            guard case .connectionFailed = error else {
                Issue.record("\(error)")
                return
            }
        }
        await rendezvous.stop()
    }

    @Test func `no network path is told apart from no answer`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        let guest = try await RoomClient.join(.link(link))
        _ = try await guest.paired()
        async let connecting = room.nextGuest()?.connect(timeout: .seconds(1), prepare: Channels.prepare)
        var sdp: String?
        while sdp == nil {
            if case .offer(let text) = try await guest.payload() { sdp = text }
        }
        // An answer whose candidates never come.
        let mute = try PeerConnection(certificate: guest.takeCertificate(for: guest.host))
        _ = try await Channels.prepare(mute)
        try await mute.setRemoteDescription(SessionDescription(type: .offer, sdp: try #require(sdp)))
        let answer = try await mute.createAnswer()
        try await guest.send(.answer(sdp: answer.sdp), to: guest.host)
        do {
            _ = try await connecting
            Issue.record("they connected")
        } catch { #expect(error as? PeerConnectorError == .noNetworkPath) }
        await mute.close()
        await rendezvous.stop()
    }

    @Test func `a preparation that fails is reported to both`() async throws {
        struct Unprepared: Error {}
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        let guest = try await RoomClient.join(.link(link))
        _ = try await guest.paired()
        let arrival = try await room.nextGuest()
        await #expect(throws: PeerConnectorError.preparationFailed("Unprepared()")) {
            _ = try await arrival?.connect { _ -> Channels in throw Unprepared() }
        }
        #expect(try await guest.payload() == .failed(code: "internal", message: "the other side could not prepare"))
        await rendezvous.stop()
    }

    @Test func `a cancelled attempt ends at once`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link))
        let guest = try await RoomClient.join(.link(link))
        _ = try await guest.paired()
        let arrival = try await room.nextGuest()
        let attempt = Task { try await arrival?.connect(prepare: Channels.prepare) }
        guard case .offer = try await guest.payload() else {
            Issue.record("no offer")
            return
        }
        attempt.cancel()
        await #expect(throws: PeerConnectorError.cancelled) { _ = try await attempt.value }
        await rendezvous.stop()
    }

    @Test func `a side that goes away for good says so in the room, behind the connection too`() async throws {
        let rendezvous = try await TestRendezvous()
        let link = try rendezvous.link()
        let room = try await PeerConnector.host(RoomPlace(link), size: 4)
        for codes in [["cancelled"], ["timed-out", "cancelled"], ["timed-out"], []] {
            async let joined = PeerConnector.join(.link(link), prepare: Channels.prepare)
            let arrival = try await room.nextGuest()
            let guest = try #require(arrival)
            let host = try await guest.connect(prepare: Channels.prepare)
            let other = try await joined
            for code in codes { await guest.refuse(code: code, message: "closed") }
            if codes.contains("cancelled") {
                #expect(await other.cancellations.first { true } != nil)
                // It is for whoever uses the connection to close it.
                try await host.channels.send("still here")
                #expect(try await other.channels.receive() == .text("still here"))
            } else {
                // Nothing else counts behind the connection; a room that has ended says nothing more.
                await host.close()
                if codes.isEmpty { await room.close() } else { await other.close() }
                #expect(await other.cancellations.first { true } == nil)
            }
            await other.close()
            await host.close()
        }
        await rendezvous.stop()
    }
}
