import Martlet
import Signaling
import Synchronization
import TestSupport
import Testing

@testable import Chat

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct ThreePeopleTests {
    @Test func `three people hear each other directly, and two go on when the host has left`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna", people: 3)
        let chris = Person("chris")
        let dora = Person("dora")
        let room = try await world.host(anna)
        world.visit(chris)
        #expect(await chris.joined().name == "anna")
        world.visit(dora)
        #expect(await anna.joined().name == "chris")
        #expect(await anna.joined().name == "dora")
        #expect(await chris.joined().name == "dora")
        #expect(await Set([dora.joined().name, dora.joined().name]) == ["anna", "chris"])
        #expect(await anna.talk.words().count == 2)
        _ = try await dora.talk.say("hello both")
        #expect(await anna.message() == "hello both")
        #expect(await chris.message() == "hello both")
        let heard: Int = await dora.next { event in
            if case .delivered(_, 2, 2) = event { 2 } else { nil }
        }
        #expect(heard == 2)
        // The words of a pair are those of its own connection.
        let ours = await chris.talk.words().first { $0.0.name == "dora" }?.1
        let theirs = await dora.talk.words().first { $0.0.name == "chris" }?.1
        #expect(ours != nil && ours == theirs)
        await anna.talk.leave()
        let left: String = await chris.next { if case .left(let member, .left) = $0 { member.name } else { nil } }
        #expect(left == "anna")
        _ = try await chris.talk.say("she has gone")
        #expect(await dora.message() == "she has gone")
        await chris.talk.leave()
        #expect(await chris.ended() == nil)
        #expect(await dora.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `guests look for each other with the servers of the room`() async throws {
        let world = try await TalkWorld(iceServers: [RoomICEServer(urls: ["stun:127.0.0.1:9"])])
        let anna = Person("anna")
        let chris = Person("chris")
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await chris.joined()
        #expect(await chris.talk.fellowConfiguration.iceServers == [ICEServer(urls: ["stun:127.0.0.1:9"])])
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `a guest who comes back is introduced again, and nothing is lost between the guests`() async throws {
        let (world, room, anna, chris, dora) = try await together()
        // To the host only: the guests stay connected meanwhile, and are again behind it.
        await dora.connections.withLock { $0.last }?.close()
        for number in 0..<20 { _ = try await chris.talk.say("\(number)") }
        var heard = await dora.messages { if case .lost(let member) = $0 { member.name == "anna" } else { false } }
        for number in 20..<40 { _ = try await chris.talk.say("\(number)") }
        heard += await dora.messages { if case .back(let member) = $0 { member.name == "anna" } else { false } }
        for number in 40..<60 { _ = try await chris.talk.say("\(number)") }
        #expect(await anna.messages(60) == (0..<60).map(String.init))
        #expect(await heard + dora.messages(60 - heard.count) == (0..<60).map(String.init))
        await chris.talk.delivered()
        #expect(await dora.talk.members().count == 2)
        for person in [dora, chris, anna] { await person.talk.leave() }
        #expect(await dora.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `guests who lose each other alone are introduced again, and nothing is lost`() async throws {
        let (world, room, anna, chris, dora) = try await together()
        await chris.talk.cutFellows()
        for number in 0..<20 { _ = try await chris.talk.say("\(number)") }
        let lost: String = await chris.next { if case .lost(let member) = $0 { member.name } else { nil } }
        let back: String = await chris.next { if case .back(let member) = $0 { member.name } else { nil } }
        #expect((lost, back) == ("dora", "dora"))
        #expect(await dora.messages(20) == (0..<20).map(String.init))
        #expect(await anna.messages(20) == (0..<20).map(String.init))
        for person in [dora, chris, anna] { await person.talk.leave() }
        await room.close()
        await world.stop()
    }

    @Test func `guests who are connected go on talking when the host gives one of them up`() async throws {
        let (world, room, anna, chris, dora) = try await together()
        for fellow in await chris.talk.fellows { await chris.talk.parted(fellow) }
        _ = try await chris.talk.say("we are still here")
        #expect(await dora.message() == "we are still here")
        let heard: Int = await chris.next { if case .delivered(_, 2, let people) = $0 { people } else { nil } }
        #expect(heard == 2)
        for person in [dora, chris, anna] { await person.talk.leave() }
        await room.close()
        await world.stop()
    }

    @Test func `a guest for whom there is no way back to the host stays with the others`() async throws {
        let world = try await TalkWorld()
        let anna = Person("anna", people: 3)
        let chris = Person("chris")
        let dora = Person("dora")
        let room = try await world.host(anna)
        world.visit(chris, comesBack: false)
        _ = await chris.joined()
        world.visit(dora)
        #expect(await chris.joined().name == "dora")
        _ = await dora.joined()
        _ = await dora.joined()
        await chris.connections.withLock { $0.last }?.close()
        let name: String = await chris.next { if case .left(let member, .gaveUp) = $0 { member.name } else { nil } }
        #expect(name == "anna")
        _ = try await chris.talk.say("you are still here")
        #expect(await dora.message() == "you are still here")
        await chris.talk.leave()
        #expect(await chris.ended() == nil)
        let left: String = await dora.next { if case .left(let member, .left) = $0 { member.name } else { nil } }
        #expect(left == "chris")
        for person in [dora, anna] { await person.talk.leave() }
        await room.close()
        await world.stop()
    }

    /// A host, chris and dora, each connected to each.
    private func together() async throws -> (TalkWorld, HostedRoom, anna: Person, chris: Person, dora: Person) {
        let world = try await TalkWorld()
        let (anna, chris, dora) = (Person("anna", people: 3), Person("chris"), Person("dora"))
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await chris.joined()
        world.visit(dora)
        #expect(await chris.joined().name == "dora")
        _ = await dora.joined()
        _ = await dora.joined()
        return (world, room, anna, chris, dora)
    }
}

extension ChatTalk {
    /// Breaks the connections to the other guests, and no other.
    fileprivate func cutFellows() async {
        for partner in partners {
            if case .fellow = partner.key { await partner.link?.peer.connection.close() }
        }
    }

    /// The host's numbers of the other guests.
    fileprivate var fellows: [Int64] {
        partners.compactMap { if case .fellow(let number) = $0.key { number } else { nil } }
    }
}
