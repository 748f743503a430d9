import Chat
import Martlet
import Signaling
import Synchronization
import TestSupport
import Testing
import Transfer

@Suite(.exclusiveStack, .timeLimit(.minutes(1)), .serialized)
struct TalkFilesTests {
    private struct Ended {
        var file: Int
        var result: Result<TransferReport, TransferError>

        var code: TransferError.Code? {
            if case .failure(let error) = result { error.code } else { nil }
        }

        var report: TransferReport? { try? result.get() }
    }

    private func offered(_ person: Person) async -> (Int, IncomingOffer) {
        await person.next { if case .fileOffered(let file, _, let offer) = $0 { (file, offer) } else { nil } }
    }

    private func ended(_ person: Person) async -> Ended {
        await person.next { event in
            if case .fileEnded(let file, _, let result) = event { Ended(file: file, result: result) } else { nil }
        }
    }

    private func bytes(_ count: Int) -> [UInt8] {
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 11) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes.append(contentsOf: block.prefix(count - bytes.count)) }
        return bytes
    }

    @Test func `files go in the middle of the talk, in both directions, and keep their names apart`() async throws {
        let (world, from, to) = (try await TalkWorld(), try TemporaryFolder(), try TemporaryFolder())
        let anna = Person("anna", folder: from.path)
        let chris = Person("chris", folder: to.path)
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        let content = bytes(3_000_000)
        let path = try from.write(content, to: "film.mkv")
        _ = try to.write([1, 2, 3], to: "film.mkv")
        let number = try await anna.talk.sendFiles(try SourceList([.path(path)]))
        let (file, offer) = await offered(chris)
        #expect(offer.current.items.map(\.name) == ["film.mkv"])
        _ = try await chris.talk.say("one moment")
        #expect(await anna.message() == "one moment")
        #expect(await chris.talk.accept(file + 100) == false)
        #expect(await chris.talk.accept(file))
        _ = try await anna.talk.say("while it runs")
        let received = await ended(chris)
        #expect(received.file == file && received.report?.items.first?.localPath == "film (1).mkv")
        let sent = await ended(anna)
        #expect(sent.file == number && sent.report?.firstError == nil && sent.report?.items.count == 1)
        #expect(try to.read("film (1).mkv") == content)
        // The other way, and no.
        _ = try await chris.talk.sendFiles(try SourceList([.path(to.path("film.mkv"))]))
        let (other, _) = await offered(anna)
        #expect(await anna.talk.decline(other))
        #expect(await ended(chris).code == .declined)
        #expect(await ended(anna).code == .declined)
        // Stopped by the sender while the other is asked.
        let third = try await anna.talk.sendFiles(try SourceList([.path(path)]))
        _ = await offered(chris)
        #expect(await anna.talk.cancel(third))
        #expect(await ended(anna).code == .canceled)
        #expect(await ended(chris).code == .canceled)
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `a transfer goes on over the next connection, and nobody is asked again`() async throws {
        let (world, from, to) = (try await TalkWorld(), try TemporaryFolder(), try TemporaryFolder())
        let anna = Person("anna", folder: from.path)
        let chris = Person("chris", folder: to.path)
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        let content = bytes(24_000_000)
        let path = try from.write(content, to: "film.mkv")
        _ = try await anna.talk.sendFiles(try SourceList([.path(path)]))
        let (file, _) = await offered(chris)
        #expect(await chris.talk.accept(file))
        let _: Bool = await chris.next { event in
            guard case .fileProgress(_, _, .progress(let progress)) = event else { return nil }
            return progress.completedBytes > 0 ? true : nil
        }
        await chris.connections.withLock { $0.last }?.close()
        let _: Bool = await chris.next { if case .back = $0 { true } else { nil } }
        let received = await ended(chris)
        #expect(received.file == file && received.report?.firstError == nil)
        #expect(await ended(anna).report?.firstError == nil)
        #expect(try to.read("film.mkv") == content)
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `an offer that was not answered is made again, and a yes said meanwhile holds`() async throws {
        let (world, from, to) = (try await TalkWorld(), try TemporaryFolder(), try TemporaryFolder())
        let anna = Person("anna", folder: from.path)
        let chris = Person("chris", folder: to.path)
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        let path = try from.write(bytes(1000), to: "note")
        _ = try await anna.talk.sendFiles(try SourceList([.path(path)]))
        let (file, _) = await offered(chris)
        await chris.connections.withLock { $0.last }?.close()
        let _: Bool = await chris.next { if case .lost = $0 { true } else { nil } }
        #expect(await chris.talk.accept(file))
        let received = await ended(chris)
        #expect(received.file == file && received.report?.firstError == nil)
        #expect(try to.read("note").count == 1000)
        await anna.talk.leave()
        #expect(await chris.ended() == nil)
        await room.close()
        await world.stop()
    }

    @Test func `to whom files are offered is known before anything happens with them`() async throws {
        let order = Mutex<[String]>([])
        let (world, from) = (try await TalkWorld(), try TemporaryFolder())
        let anna = Person("anna") { event in
            if case .fileEnded(let file, let member, _) = event {
                order.withLock { $0.append("\(file) ended with \(member.name)") }
            }
        }
        let chris = Person("chris")
        let room = try await world.host(anna)
        world.visit(chris)
        _ = await anna.joined()
        _ = await chris.joined()
        let path = try from.write(bytes(1000), to: "note")
        let number = try await anna.talk.sendFiles(try SourceList([.path(path)])) { file, members in
            order.withLock { $0.append("\(file) is offered to \(members.map(\.name))") }
        }
        await chris.talk.leave()
        _ = await ended(anna)
        #expect(order.withLock(\.self) == ["\(number) is offered to [\"chris\"]", "\(number) ended with chris"])
        await anna.talk.leave()
        await room.close()
        await world.stop()
    }
}
