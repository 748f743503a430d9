import CPlatform
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

/// Both sides, over channels in memory, from files to files.
struct FileTransferTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try TemporaryFolder()
        target = try TemporaryFolder()
    }

    struct Setup: Sendable {
        var hasOneChannel = false
        var seed: UInt64?
        var window = 16 << 20
        var capacity = 1 << 20
        var maximumMessageBytes = 65_536
    }

    /// Runs a transfer of what lies in `source`, and returns how it ended for sender and receiver.
    private func transfer(
        _ sources: [Source], _ setup: Setup = Setup(),
        decide: @escaping @Sendable (IncomingOffer) async -> OfferDecision = { _ in .accept() },
        senderEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> (Ending, Ending) {
        func pair(_ number: UInt64) -> (MemoryChannel, MemoryChannel) {
            MemoryChannel.pair(
                capacity: setup.capacity, seed: setup.seed.map { $0 &* 4 &+ number },
                maximumMessageBytes: setup.maximumMessageBytes)
        }
        let control = pair(0)
        let data = setup.hasOneChannel ? control : pair(1)
        let directory = try DestinationDirectory(path: target.path)
        var options = TransferOptions()
        options.windowBytes = setup.window
        let sender = try FileSender(
            sources: SourceList(sources), control: control.0, data: data.0, onEvent: senderEvent)
        let receiver = FileReceiver(
            destination: .folder(directory), control: control.1, data: data.1, options: options, decide: decide)
        let (sent, received) = await endings(over: control, data) { () async throws(TransferError) in
            try await sender.run()
        } receiver: { () async throws(TransferError) in
            try await receiver.run()
        }
        return (sent, received)
    }

    private func file(_ name: String, _ content: [UInt8]) throws -> Source {
        .path(try source.write(content, to: name))
    }

    private func code(_ ending: Ending) -> TransferError.Code? {
        if case .failure(let error) = ending { error.code } else { nil }
    }

    private static let sizes = [0, 1, 65_519, 65_520, 65_521, 131_039, 131_040, 131_041, 5 << 20]

    @Test(arguments: sizes, [false, true])
    func `a file arrives whole`(size: Int, hasOneChannel: Bool) async throws {
        var random = SplitMix64(seed: UInt64(size))
        let content = random.bytes(size)
        let (sent, received) = try await transfer(
            [file("a.bin", content)], Setup(hasOneChannel: hasOneChannel))
        #expect(try target.read("a.bin") == content)
        #expect(target.names == ["a.bin"])
        for report in [try sent.get(), try received.get()] {
            #expect(report.firstError == nil)
            #expect(report.items.map(\.outcome) == [.complete])
            #expect(report.items[0].digest == root(of: content))
            #expect(report.completedBytes == Int64(size))
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `files arrive whole however the channels run`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let setup = Setup(
            hasOneChannel: seed % 4 == 3, seed: seed, window: Int.random(in: 1...400_000, using: &random),
            capacity: Int.random(in: 1...200_000, using: &random),
            maximumMessageBytes: Int.random(in: 17...65_536, using: &random) + (seed % 2 == 0 ? 30_000 : 2_000))
        let contents = (0..<5).map { _ in random.bytes(Int.random(in: 0...300_000, using: &random)) }
        let files = try contents.enumerated().map { try file("f\($0)", $1) }
        let (sent, received) = try await transfer(files, setup)
        for (index, content) in contents.enumerated() { #expect(try target.read("f\(index)") == content) }
        #expect(try sent.get().firstError == nil && received.get().firstError == nil, "seed \(seed)")
    }

    @Test func `three files with difficult names arrive under their names`() async throws {
        let names = ["with space & $HOME.txt", "👩‍👩‍👧‍👦 e\u{301}\u{308}.txt", "-rf", ".hidden", "a\\b:c?.txt"]
        let (sent, received) = try await transfer(names.map { try file($0, Array($0.utf8)) })
        for name in names { #expect(try target.read(name) == Array(name.utf8)) }
        #expect(try received.get().items.allSatisfy { !$0.wasRenamed && $0.outcome == .complete })
        #expect(try sent.get().firstError == nil)
    }

    @Test func `a name with controls is renamed and reported, and the rest goes on`() async throws {
        let (sent, received) = try await transfer([file("a\u{1B}[2J\nb", [1]), file("c", [2])])
        #expect(target.names == ["a_[2J_b", "c"])
        let report = try received.get()
        #expect(report.items[0].wasRenamed && report.items[0].localPath == "a_[2J_b")
        #expect(report.items[0].name == #"a\u{1B}[2J\u{A}b"#)
        #expect(!report.items[1].wasRenamed)
        #expect(try sent.get().firstError == nil)
    }

    @Test func `modification time and executable bit are kept, and nothing else`() async throws {
        let path = try source.write([1], to: "tool")
        chmod(path, 0o4755)
        let times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
        _ = try await transfer([.path(path), file("text", [2])])
        let mask = martlet_umask()
        let tool = try target.status("tool")
        #expect(tool.st_mode & 0o7777 == 0o777 & ~mask)
        #expect(tool.st_mtim.tv_sec == 1_000_000_000)
        #expect(try target.status("text").st_mode & 0o7777 == 0o666 & ~mask)
    }

    @Test func `two files of one name both arrive`() async throws {
        try #require(mkdir(source.path("x"), 0o700) == 0 && mkdir(source.path("y"), 0o700) == 0)
        let files = try [file("x/a.txt", [1]), file("y/a.txt", [2])]
        let (_, received) = try await transfer(files) { _ in .accept(existing: .overwrite) }
        #expect(try target.read("a.txt") == [1] && target.read("a (1).txt") == [2])
        #expect(try received.get().items.map(\.wasRenamed) == [false, true])
    }

    @Test(arguments: ExistingFilePolicy.allCases)
    func `what exists is treated as asked`(policy: ExistingFilePolicy) async throws {
        try target.write([9], to: "a.txt")
        let sawExisting = Mutex<[Bool]>([])
        let (sent, received) = try await transfer([file("a.txt", [1, 2]), file("b.txt", [3])]) { offer in
            sawExisting.withLock { $0 = offer.current.items.map(\.exists) }
            return .accept(existing: policy)
        }
        #expect(sawExisting.withLock { $0 } == [true, false])
        #expect(try target.read("b.txt") == [3])
        let item = try received.get().items[0]
        let sentItem = try sent.get().items[0]
        switch policy {
        case .fail:
            #expect(item.error?.code == .exists && sentItem.error?.code == .exists)
            #expect(try target.read("a.txt") == [9])
        case .skip:
            #expect(item.outcome == .skipped && (sentItem.outcome == .skipped || sentItem.error?.code == .skipped))
            #expect(try target.read("a.txt") == [9])
        case .rename:
            #expect(item.localPath == "a (1).txt" && item.wasRenamed && sentItem.outcome == .complete)
            #expect(try target.read("a.txt") == [9] && target.read("a (1).txt") == [1, 2])
        case .overwrite:
            #expect(item.outcome == .complete && sentItem.outcome == .complete)
            #expect(try target.read("a.txt") == [1, 2])
        }
    }

    @Test func `overwriting replaces a link, not what it points to, and never a folder`() async throws {
        try source.write([5], to: "outside")
        try #require(symlink(source.path("outside"), target.path("link")) == 0)
        try #require(mkdir(target.path("folder"), 0o700) == 0)
        let (_, received) = try await transfer([file("link", [1]), file("folder", [2])]) { _ in
            .accept(existing: .overwrite)
        }
        #expect(try source.read("outside") == [5] && target.read("link") == [1])
        #expect(try received.get().items[1].error?.code == .exists)
        #expect(target.names == ["folder", "link"])
    }

    @Test func `a large file that is not wanted is not sent`() async throws {
        try target.write([9], to: "big")
        let path = source.path("big")
        try source.write([], to: "big")
        // Sparse: it would take long to send.
        try #require(truncate(path, 1 << 40) == 0)
        let (sent, received) = try await transfer([.path(path), file("small", [1])]) { _ in
            .accept(existing: .skip)
        }
        #expect(try received.get().items.map(\.outcome) == [.skipped, .complete])
        let outcome = try sent.get().items[0].outcome
        #expect(outcome != .complete)
    }

    @Test func `a no is told with its reason, and nothing is written`() async throws {
        let (sent, received) = try await transfer([file("a", [1])]) { _ in .decline(reason: "not\u{07} today") }
        guard case .failure(let error) = sent else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .declined && error.isReportedByPeer && error.message.contains(#"not\u{7} today"#))
        #expect(code(received) == .declined)
        #expect(target.names.isEmpty)
    }

    @Test func `what does not fit the disk is declined before anybody is asked`() async throws {
        try source.write([], to: "huge")
        try #require(truncate(source.path("huge"), 1 << 43) == 0)
        let (sent, received) = try await transfer([.path(source.path("huge"))]) { _ in
            Issue.record("asked")
            return .accept()
        }
        #expect(code(sent) == .declined && code(received) == .storage)
        #expect(target.names.isEmpty)
    }

    @Test func `a source that changes fails alone, and nothing of it stays`() async throws {
        let big = try file("big", [UInt8](repeating: 7, count: 4 << 20))
        let small = try file("small", [1])
        let path = source.path("big")
        // The window keeps the reader at the beginning of the file when the first progress comes.
        let (sent, received) = try await transfer(
            [big, small], Setup(window: 200_000),
            senderEvent: { event in if case .accepted = event { truncate(path, 3 << 20) } })
        for report in [try sent.get(), try received.get()] {
            #expect(report.items[0].error?.code == .changed)
            #expect(report.items[1].outcome == .complete)
        }
        #expect(target.names == ["small"])
    }

    @Test func `progress counts what the receiver handled and ends at the whole`() async throws {
        let progress = Mutex<[TransferProgress]>([])
        let others = Mutex<[TransferEvent]>([])
        let (sent, _) = try await transfer(
            [file("a", [UInt8](repeating: 1, count: 3 << 20)), file("b", [1, 2])], Setup(window: 1 << 20),
            senderEvent: { event in
                if case .progress(let more) = event {
                    progress.withLock { $0.append(more) }
                } else {
                    others.withLock { $0.append(event) }
                }
            })
        let seen = progress.withLock { $0 }
        #expect(seen.count >= 3)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.completedBytes <= $1.completedBytes })
        let last = try #require(seen.last)
        #expect(last.completedBytes == (3 << 20) + 2 && last.totalBytes == last.completedBytes)
        #expect(last.finishedItems == 2 && last.itemCount == 2)
        let events = others.withLock { $0 }
        #expect(events.prefix(3) == [.peer(agent: "Martlet"), .offered, .accepted])
        #expect(try events.dropFirst(3) == [.item(sent.get().items[0]), .item(sent.get().items[1])])
    }

    @Test func `an offer of nothing ends with a receipt`() async throws {
        let (sent, received) = try await transfer([])
        #expect(try sent.get().items.isEmpty && received.get().items.isEmpty)
    }

    @Test(arguments: [true, false]) func `cancelling either side is told to the other`(senderCancels: Bool) async throws
    {
        let control = MemoryChannel.pair()
        let data = MemoryChannel.pair()
        try source.write([], to: "big")
        try #require(truncate(source.path("big"), 1 << 33) == 0)
        let sources = try SourceList([.path(source.path("big"))])
        let directory = try DestinationDirectory(path: target.path)
        let (started, start) = AsyncStream<Void>.makeStream()
        let sender = FileSender(sources: sources, control: control.0, data: data.0)
        let receiver = FileReceiver(
            destination: .folder(directory), control: control.1, data: data.1,
            onEvent: { event in if case .progress = event { start.yield() } }, decide: { _ in .accept() })
        let sending = Task {
            await ending(closing: control.0) { () async throws(TransferError) in try await sender.run() }
        }
        let receiving = Task {
            await ending(closing: control.1) { () async throws(TransferError) in try await receiver.run() }
        }
        for await _ in started { break }
        let parts = target.names.filter { !$0.hasSuffix(".journal") }
        #expect(parts.count == 1 && parts[0].hasPrefix(".big.") && parts[0].hasSuffix(".part"))
        (senderCancels ? sending : receiving).cancel()
        let endings = await (sending.value, receiving.value)
        let (own, other) = senderCancels ? endings : (endings.1, endings.0)
        #expect(code(own) == .canceled)
        guard case .failure(let error) = other else {
            Issue.record("the other side succeeded")
            return
        }
        #expect(error.code == .canceled && error.isReportedByPeer)
        // On a slow machine enough has come to be worth keeping.
        guard case .failure(let received) = endings.1 else { return }
        #expect(target.names.isEmpty != received.isResumable)
    }

    @Test func `cancelling while the person is asked ends the question`() async throws {
        let channel = MemoryChannel.pair()
        let (asked, ask) = AsyncStream<Void>.makeStream()
        let sender = FileSender(sources: try SourceList([file("a", [1])]), channel: channel.0)
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target.path)), channel: channel.1
        ) { _ in
            ask.yield()
            // A person who never answers, and a prompt that does not know of cancellation.
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            return .accept()
        }
        let sending = Task {
            await ending(closing: channel.0) { () async throws(TransferError) in try await sender.run() }
        }
        let receiving = Task {
            await ending(closing: channel.1) { () async throws(TransferError) in try await receiver.run() }
        }
        for await _ in asked { break }
        sending.cancel()
        #expect(await sending.value == .failure(.canceled))
        #expect(code(await receiving.value) == .canceled)
    }
}
