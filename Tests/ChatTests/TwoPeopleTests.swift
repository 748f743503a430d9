import Chat
import Martlet
import Signaling
import Synchronization
import TestSupport
import Testing

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct TwoPeopleTests {
    @Test func `two people talk, each hears everything in order, and both go in peace`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let chris = Person("chris")
        // Said while nobody is there: for whoever comes first.
        #expect(try await anna.talk.say("before you came") == [1])
        let room = try await world.host(anna)
        world.visit(chris)
        #expect(await anna.joined().name == "chris")
        let host = await chris.joined()
        #expect((host.id, host.name, host.agent) == (1, "anna", "Test"))
        for number in 1...300 { _ = try await anna.talk.say("line \(number)") }
        #expect(await chris.messages(301) == ["before you came"] + (1...300).map { "line \($0)" })
        await anna.talk.delivered()
        let last: Int = await anna.next { event in
            if case .delivered(let number, 1, 1) = event, number == 301 { number } else { nil }
        }
        #expect(last == 301)
        _ = try await chris.talk.say("two\nlines")
        #expect(await anna.message() == "two\nlines")
        // The words are the same on both sides, and nothing waits for them.
        let words = await anna.talk.words().map(\.1)
        #expect(words == (await chris.talk.words().map(\.1)))
        #expect(words.first??.count == 3)
        #expect(await anna.talk.paths().first?.1 != nil)
        _ = try await chris.talk.say("the last word")
        await chris.talk.leave()
        #expect(await chris.ended() == nil)
        #expect(await anna.message() == "the last word")
        let parting: ChatParting = await anna.next { if case .left(_, let parting) = $0 { parting } else { nil } }
        #expect(parting == .left)
        await anna.talk.leave()
        #expect(await anna.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `after a lost connection nothing is lost, doubled or out of order`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let chris = Person("chris")
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        for round in 0..<3 {
            for number in 0..<50 {
                _ = try await anna.talk.say("a\(round * 100 + number)")
                _ = try await chris.talk.say("c\(round * 100 + number)")
            }
            let connection = chris.connections.withLock { $0.last }
            await connection?.close()
            for number in 50..<100 {
                _ = try await anna.talk.say("a\(round * 100 + number)")
                _ = try await chris.talk.say("c\(round * 100 + number)")
            }
            #expect(await chris.messages(100) == (0..<100).map { "a\(round * 100 + $0)" })
            #expect(await anna.messages(100) == (0..<100).map { "c\(round * 100 + $0)" })
        }
        await anna.talk.delivered()
        await chris.talk.delivered()
        #expect(await anna.talk.members().map(\.id) == [1])
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await chris.talk.leave()
        await room.close()
        await world.stop()
    }

    @Test func `a room for two turns the third away`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let chris = Person("chris")
        let third = Person("third")
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        world.visit(third)
        #expect(await third.ended() == .taken)
        let name: String = await anna.next { if case .notConnected(let name, _) = $0 { name } else { nil } }
        #expect(name == "third")
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `a talk whose task is cancelled ends at both sides`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna")
        let chris = Person("chris")
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        chris.cancel()
        #expect(await chris.ended() == .cancelled)
        let parting: ChatParting = await anna.next { if case .left(_, let parting) = $0 { parting } else { nil } }
        #expect(parting == .left)
        anna.cancel()
        #expect(await anna.ended() == .cancelled)
        await room.close()
        await world.stop()
    }

    @Test func `names are told apart, and a new one is heard`() async throws {
        let world = try await TalkWorld()
        let anna = Person("chris")
        let chris = Person("chris")
        let room = try await world.host(anna)
        world.visit(chris)
        #expect(await anna.joined().name == "chris (2)")
        _ = await chris.joined()
        await chris.talk.rename("  dora\u{202E} ")
        let names: [String] = await anna.next { event in
            if case .renamed(let member, let old) = event { [old, member.name] } else { nil }
        }
        #expect(names == ["chris (2)", "dora\\u{202E}"])
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `room for a long text is waited for, not only for a piece of it`() async throws {
        let anna = Person("anna")
        let one = String(repeating: "x", count: ChatLimits.textBytes)
        // Nobody is there: all of it waits, until there is room for one more piece.
        for _ in 1..<ChatLimits.keptBytes / one.utf8.count { _ = try await anna.talk.say(one) }
        await anna.talk.hasRoom(for: one)
        let long = "\(one)\n\(one)"
        await #expect(throws: ChatError.full) { try await anna.talk.say(long) }
        // It returns only because the talk ends.
        let hasLeft = Mutex(false)
        let waiting = Task {
            await anna.talk.hasRoom(for: long)
            return hasLeft.withLock(\.self)
        }
        for _ in 0..<1_000 { await Task.yield() }
        hasLeft.withLock { $0 = true }
        await anna.talk.leave()
        #expect(await waiting.value)
    }
}
