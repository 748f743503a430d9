import Synchronization
import TestSupport
import Testing

@testable import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a sender could try that knows how this program keeps its books.
struct ForgeryTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try TemporaryFolder(isInMemory: true)
        target = try TemporaryFolder(isInMemory: true)
    }

    /// Sends these files; returns whether the person was asked.
    private func send(
        _ names: [String], transfer: String, answer: OfferDecision
    ) async throws -> (wasAsked: Bool, received: Result<TransferReport, TransferError>) {
        let channel = MemoryChannel.pair(capacity: 4 << 20)
        var options = TransferOptions()
        options.transfer = transfer
        let sources = try SourceList(names.map { .path(source.path($0)) })
        let sender = FileSender(sources: sources, channel: channel.0, options: options)
        let asked = Mutex(false)
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target.path)), channel: channel.1
        ) { _ in
            asked.withLock { $0 = true }
            return answer
        }
        async let sent: Void = {
            _ = try? await sender.run()
            channel.0.close()
        }()
        let received: Result<TransferReport, TransferError>
        do throws(TransferError) { received = .success(try await receiver.run()) } catch { received = .failure(error) }
        channel.1.close()
        await sent
        return (asked.withLock { $0 }, received)
    }

    @Test func `a journal that a sender has sent is never believed`() async throws {
        try source.write(Array("evil".utf8), to: "notes.txt")
        try target.write(Array("mine".utf8), to: "notes.txt")
        let item = try SourceList([.path(source.path("notes.txt"))]).item(0).message
        var offered = OfferedItems()
        var folders: FolderCache?
        offered.add([item], in: &folders)
        var bytes = JournalRecord.header(transfer: "second", session: "s").encoded(at: 0)
        bytes += JournalRecord.accepted(digest: offered.digest, policy: .overwrite).encoded(at: Int64(bytes.count))
        let forged = Journal.name(transfer: "second")
        try source.write(bytes, to: forged)

        let first = try await send([forged], transfer: "first", answer: .accept())
        #expect(first.wasAsked)
        let second = try await send(["notes.txt"], transfer: "second", answer: .decline())
        #expect(second.wasAsked)
        #expect(try target.read("notes.txt") == Array("mine".utf8))
    }

    @Test(arguments: ["../notes.txt", "..", "a/b", "", "a\0b"])
    func `a journal that speaks of other folders is not read`(name: String) async throws {
        try #require(mkdir(target.path("here"), 0o700) == 0)
        try target.write(Array("mine".utf8), to: "notes.txt")
        let root = try DestinationDirectory(path: target.path("here")).root
        let file = try FileStatus(path: target.path("notes.txt")).identity
        var journal = try Journal.new(transfer: "t", session: "s", in: root)
        try journal.append(.begun(ItemKey(high: 1, low: 2), name: name, parent: [], file))
        try journal.append(.begun(ItemKey(high: 1, low: 3), name: "x", parent: [name], file))
        let bytes = JournalRecord.begun(ItemKey(high: 1, low: 2), name: name, parent: [], file).encoded(at: 0)
        #expect(JournalRecord.read(bytes[...], at: 0).records.isEmpty)

        try source.write([1], to: "a")
        let destination = Destination.folder(try DestinationDirectory(path: target.path("here")))
        let channel = MemoryChannel.pair()
        var options = TransferOptions()
        options.transfer = "t"
        let sender = FileSender(
            sources: try SourceList([.path(source.path("a"))]), channel: channel.0, options: options)
        let receiver = FileReceiver(destination: destination, channel: channel.1) { _ in .accept() }
        _ = consume journal
        async let sent: Void = {
            _ = try? await sender.run()
            channel.0.close()
        }()
        _ = try await receiver.run()
        channel.1.close()
        await sent
        #expect(try target.read("notes.txt") == Array("mine".utf8))
        #expect(try target.read("here/a") == [1])
    }
}
