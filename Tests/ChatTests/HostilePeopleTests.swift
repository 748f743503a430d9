import Martlet
import Signaling
import TestSupport
import Testing
import Wire

@testable import Chat

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct HostilePeopleTests {
    @Test func `whoever comes with a session that stands takes its place, and the old connection is closed`()
        async throws
    {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let room = try await world.host(anna)
        var first = try await RawGuest(world, named: "chris")
        _ = await anna.joined()
        _ = try await anna.talk.say("once")
        try first.pair.receive(try await first.next(), at: .zero)
        let second = try await RawGuest(world, named: "chris", as: first)
        await first.peer.channels.control.closed()
        // It has the first message, and hears only what it does not have.
        _ = try await anna.talk.say("twice")
        guard case .message(2, "twice", _) = try await second.next() else {
            Issue.record("another message")
            return
        }
        #expect(await anna.talk.members().count == 1)
        let leaving = Task { await anna.talk.leave() }
        while try await second.next() != .bye {}
        await second.peer.close()
        await leaving.value
        #expect(await anna.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `somebody silent takes no place and does not hold up the end`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let chris = Person("chris")
        let room = try await world.host(anna)
        let silent = try await RawGuest.enter(world)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        let began = ContinuousClock.now
        await anna.talk.leave()
        #expect(await anna.ended() == nil)
        #expect(ContinuousClock.now - began < .seconds(8))
        #expect(await chris.ended() == nil)
        await silent.close()
        await room.close()
        await world.stop()
    }

    @Test func `whoever reads nothing and says no bye is left after two seconds`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let room = try await world.host(anna)
        let deaf = try await RawGuest(world, named: "deaf")
        _ = await anna.joined()
        for _ in 0..<100 { _ = try await anna.talk.say(String(repeating: "x", count: 10_000)) }
        let began = ContinuousClock.now
        await anna.talk.leave()
        #expect(await anna.ended() == nil)
        #expect(ContinuousClock.now - began < .seconds(8))
        await deaf.peer.close()
        await room.close()
        await world.stop()
    }

    @Test func `what is beyond the window is not sent before something is acknowledged`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let room = try await world.host(anna)
        let slow = try await RawGuest(world, named: "slow")
        _ = await anna.joined()
        for number in 1...300 { _ = try await anna.talk.say("\(number)") }
        func sent(_ least: Int) async -> Int {
            await anna.next { if case .sent(let number) = $0, number >= least { number } else { nil } }
        }
        #expect(await sent(ChatLimits.windowMessages) == ChatLimits.windowMessages)
        try await slow.say(.ack(seq: 10))
        #expect(await sent(ChatLimits.windowMessages + 10) == ChatLimits.windowMessages + 10)
        await slow.peer.close()
        await anna.talk.leave()
        await room.close()
        await world.stop()
    }

    @Test func `a flood waits for the person, and more than may be without ack ends the connection`() async throws {
        let world = try await TalkWorld()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let anna = Person("anna") { event in
            guard case .message(_, "message 1", _) = event else { return }
            for await _ in gate {}
        }
        let room = try await world.host(anna)
        let flood = try await RawGuest(world, named: "flood")
        _ = await anna.joined()
        for number in 1...257 {
            try await flood.say(.message(seq: Int64(number), text: "message \(number)", age: 0))
        }
        #expect(await flood.refusal() == "protocol")
        open.finish()
        let parting: ChatParting = await anna.next { if case .left(_, let parting) = $0 { parting } else { nil } }
        #expect(parting == .failed(.protocolViolation("more than may be without ack")))
        await flood.peer.close()
        await anna.talk.leave()
        #expect(await anna.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `other channels than those for files are closed, and a ninth of them`() async throws {
        let world = try await TalkWorld()
        let folder = try TemporaryFolder()
        let anna = Person("anna", folder: folder.path)
        let room = try await world.host(anna)
        let guest = try await RawGuest(world, named: "chris")
        _ = await anna.joined()
        let connection = guest.peer.connection
        let other = try await connection.createDataChannel("martlet-film", .init(protocol: "martlet.transfer.1"))
        await other.closed()
        let lossy = try await connection.createDataChannel(
            "martlet-file", .init(ordered: false, protocol: "martlet.transfer.1"))
        await lossy.closed()
        var channels: [DataChannel] = []
        for _ in 0..<9 {
            channels.append(
                try await connection.createDataChannel("martlet-file", .init(protocol: "martlet.transfer.1")))
        }
        await channels[8].closed()
        try await channels[0].opened()
        #expect(channels[0].readyState == .open)
        await guest.peer.close()
        await anna.talk.leave()
        #expect(await anna.ended() == nil)
        await room.close()
        await world.stop()
    }
}
