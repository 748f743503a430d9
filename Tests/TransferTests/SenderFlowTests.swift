import Martlet
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

/// A real sender, and a test that plays the receiver by hand.
struct SenderFlowTests {
    private let folder: TemporaryFolder
    private let control = MemoryChannel.pair(capacity: 16 << 20)
    private let data = MemoryChannel.pair(capacity: 64 << 20)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func send(
        _ sources: SourceList, _ options: TransferOptions = TransferOptions(),
        onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }, admit: FileSender.Admission? = nil
    ) -> Task<Ending, Never> {
        let sender = FileSender(
            sources: sources, control: control.1, data: data.1, options: options, admit: admit, onEvent: onEvent)
        return Task { [control, data] in
            await ending(closing: control.1, data.1) { () async throws(TransferError) in try await sender.run() }
        }
    }

    private func say(_ messages: ControlMessage...) async throws {
        try await control.0.transmit(messages.map { .text($0.encoded) })
    }

    private func hear(_ isWanted: (ControlMessage) -> Bool) async throws -> ControlMessage? {
        for await message in control.0.incoming {
            guard case .text(let text) = message else { continue }
            let message = try ControlMessage(text)
            if isWanted(message) { return message }
        }
        return nil
    }

    private static let greeting = ControlMessage.hello(
        version: 1, role: .receiver, agent: "test", session: "again")

    /// The whole offer: its identifier and items.
    private func offered() async throws -> (transfer: String, items: [ControlMessage.Item]) {
        var items: [ControlMessage.Item] = []
        while case .offer(let transfer, let more, let isOpen)? = try await hear({
            if case .offer = $0 { true } else { false }
        }) {
            items += more
            if !isOpen { return (transfer, items) }
        }
        Issue.record("the offer has no end")
        return ("", items)
    }

    private func frame() async -> DataFrame? {
        var iterator = data.0.incoming.makeAsyncIterator()
        guard case .binary(let message) = await iterator.next() else { return nil }
        return try? DataFrame(message)
    }

    @Test func `a folder of thousands is offered as it is found, and its transfer is the one that was named`()
        async throws
    {
        try #require(mkdir(folder.path("p"), 0o700) == 0)
        for number in 0..<2_500 { try folder.write([1], to: "p/\(number)") }
        var options = TransferOptions()
        options.transfer = "mine"
        let events = Mutex<[TransferEvent]>([])
        let list = try SourceList([.path(folder.path("p"))])
        let task = send(list, options) { event in events.withLock { $0.append(event) } }
        try await say(Self.greeting)
        let (transfer, items) = try await offered()
        #expect(transfer == "mine" && items.count == 2_500 && items.map(\.number) == Array(0..<2_500))
        try await say(.decline(transfer: transfer, reason: ""))
        await #expect(throws: TransferError.self) { try await task.value.get() }
        let seen = events.withLock { $0 }
        #expect(seen.prefix(2) == [.peer(agent: "test"), .offered])
        #expect(seen.last == .counting(items: 2_500, bytes: 2_500))
    }

    @Test func `an item that the receiver has is skipped, and another goes on where it ended`() async throws {
        let content = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let list = try SourceList([
            .path(folder.write([1, 2], to: "a")), .path(folder.write(content, to: "b")), .text("hi"),
        ])
        let events = Mutex<[TransferEvent]>([])
        let task = send(list) { event in events.withLock { $0.append(event) } }
        try await say(Self.greeting)
        let (transfer, items) = try await offered()
        #expect(items.map(\.kind) == [.file, .file, .text])
        var tree = HashTree()
        tree.update(Array(content[..<524_288]))
        try await say(
            .have(
                transfer: transfer, complete: [0..<1],
                partial: [.init(item: 1, bytes: 524_288, tree: tree.wholeLeaves.tree)]),
            .accept(transfer: transfer, limit: 1 << 20))
        let begin = try await hear { if case .itemBegin = $0 { true } else { false } }
        #expect(begin == .itemBegin(item: 1, offset: 524_288))
        var received: [Int: [UInt8]] = [:]
        while received[2] == nil, let frame = await frame() {
            #expect(frame.item > 1 || Int(frame.offset) == 524_288 + received[1, default: []].count)
            received[frame.item, default: []] += frame.payload
        }
        #expect(received[1] == Array(content[524_288...]) && received[2] == Array("hi".utf8))
        let done = try await hear { if case .done = $0 { true } else { false } }
        #expect(done == .done(items: 2, bytes: 600_002))
        try await say(
            .credit(received: 75_714, limit: 1 << 20),
            .confirmed(item: 1, bytes: 600_000, root: root(of: content)),
            .confirmed(item: 2, bytes: 2, root: root(of: Array("hi".utf8))), .receipt(items: 2, bytes: 600_002))
        let report = try await task.value.get()
        #expect(report.items.map(\.outcome) == [.complete, .complete, .complete])
        #expect(report.items[0].digest == nil && report.items[2].kind == .text)
        let seen = events.withLock { $0 }
        #expect(seen.contains(.resumed(items: 1, bytes: 524_290)))
        guard case .progress(let last)? = seen.last else {
            Issue.record("no progress")
            return
        }
        #expect(last.completedBytes == 600_004 && last.totalBytes == 600_004)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `frames that are lost are sent again until all have come`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let contents = (0..<3).map { _ in random.bytes(Int.random(in: 1...900_000, using: &random)) }
        let list = try SourceList(
            contents.enumerated().map { .path(try folder.write($1, to: "f\($0)")) })
        var options = TransferOptions()
        options.isUnordered = true
        let resent = Mutex<Int64>(0)
        let task = send(list, options) { event in
            if case .resent(let bytes) = event { resent.withLock { $0 = bytes } }
        }
        #expect(
            try await hear { if case .hello = $0 { true } else { false } }.map {
                if case .hello(_, _, _, _, let features, _) = $0 { features } else { [] }
            } == ["unordered"])
        try await say(Self.greeting)
        let (transfer, _) = try await offered()
        let window: Int64 = 300_000
        try await say(.accept(transfer: transfer, limit: window))
        var files = contents.map { [UInt8?](repeating: nil, count: $0.count) }
        var counted: Int64 = 0
        var lost: Int64 = 0
        var roots: [Int: TreeDigest] = [:]
        var isDone = false
        func isWhole() -> Bool { files.allSatisfy { !$0.contains(nil) } }
        while !isDone || !isWhole() {
            let message = try await hear { _ in true }
            switch message {
            case .itemEnd(let item, _, let root): roots[item] = root
            case .done: isDone = true
            case .mark(let last, let end):
                // Whatever is on the way has come: the channel in memory is quick. A third of it is lost.
                var missing: [ControlMessage.Stretch] = []
                data.0.drain { bytes in
                    guard case .binary(let bytes) = bytes, let frame = try? DataFrame(bytes) else { return }
                    if random.next() % 3 == 0 { return }
                    for (index, byte) in frame.payload.enumerated() {
                        if files[frame.item][Int(frame.offset) + index] == nil { counted += 1 }
                        files[frame.item][Int(frame.offset) + index] = byte
                    }
                }
                for item in 0...last {
                    var start = 0
                    let stop = item == last ? Int(end) : files[item].count
                    while let first = files[item][start..<stop].firstIndex(of: nil) {
                        let next = files[item][first..<stop].firstIndex { $0 != nil } ?? stop
                        missing.append(.init(item: item, offset: Int64(first), byteCount: Int64(next - first)))
                        start = next
                    }
                }
                let missingBytes = missing.reduce(0) { $0 + $1.byteCount }
                lost += missingBytes
                let received = counted + lost
                if !missing.isEmpty { try await say(.missing(missing)) }
                try await say(.credit(received: received, limit: received + window))
            case nil:
                Issue.record("ended early, seed \(seed): \(await task.value)")
                return
            default: break
            }
        }
        for (item, content) in contents.enumerated() {
            #expect(files[item].map { $0 ?? 0 } == content && roots[item] == root(of: content), "seed \(seed)")
            try await say(.confirmed(item: item, bytes: Int64(content.count), root: root(of: content)))
        }
        let total = contents.reduce(0) { $0 + Int64($1.count) }
        try await say(.receipt(items: 3, bytes: total))
        #expect(try await task.value.get().firstError == nil, "seed \(seed)")
        #expect(resent.withLock { $0 } == lost, "seed \(seed)")
    }

    @Test func `a receiver that is not admitted is told that the link is taken`() async throws {
        let asked = Mutex<[String]>([])
        let task = send(
            try SourceList([.text("x")]),
            admit: { session, agent in
                asked.withLock { $0 = [session, agent] }
                return false
            })
        try await say(Self.greeting)
        let said = try await hear { if case .error = $0 { true } else { false } }
        guard case .error("taken", _, false) = said else {
            Issue.record("\(String(describing: said))")
            return
        }
        control.0.close()
        await #expect(throws: TransferError.self) { try await task.value.get() }
        #expect(asked.withLock { $0 } == ["again", "test"])
    }

    @Test(arguments: [ControlMessage.reveal(nonce: [UInt8](repeating: 0, count: 16)), greeting])
    func `whoever greets is asked about once, also when a broken rule or a false word follows at once`(
        next: ControlMessage
    ) async throws {
        let asked = Mutex<[String]>([])
        var options = TransferOptions()
        options.certificates = .init(local: [1], remote: [2])
        // There before the sender looks: it fails before its own greeting is out.
        try await say(
            .hello(
                version: 1, role: .receiver, agent: "test", session: "again",
                commit: WordExchange.commitment(to: [1], by: .receiver)), next)
        let task = send(
            try SourceList([.text("x")]), options,
            admit: { session, agent in
                asked.withLock { $0 += [session, agent] }
                return true
            })
        control.0.close()
        guard case .failure = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(asked.withLock { $0 } == ["again", "test"])
    }

    @Test func `nobody is asked about who does not greet`() async throws {
        try await say(.bye)
        let task = send(
            try SourceList([.text("x")]),
            admit: { _, _ in
                Issue.record("asked")
                return true
            })
        control.0.close()
        guard case .failure(let error) = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .protocolViolation)
    }

    @Test func `a receiver that falls silent counts as gone`() async throws {
        var options = TransferOptions()
        options.stallTimeout = .milliseconds(50)
        let task = send(try SourceList([.path(folder.write([1, 2, 3], to: "a"))]), options)
        try await say(Self.greeting)
        let (transfer, _) = try await offered()
        try await say(.accept(transfer: transfer, limit: 100))
        guard case .failure(let error) = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .peerVanished && error.isResumable)
    }

    @Test func `a connection that breaks when something has moved can be resumed`() async throws {
        for received: Int64 in [0, 3] {
            let (control, data) = (MemoryChannel.pair(), MemoryChannel.pair())
            let list = try SourceList([.path(folder.write([1, 2, 3], to: "a"))])
            let sender = FileSender(sources: list, control: control.1, data: data.1)
            let task =
                Task {
                    do throws(TransferError) { return .success(try await sender.run()) } catch {
                        return .failure(error)
                    }
                } as Task<Ending, Never>
            try await control.0.transmit([.text(Self.greeting.encoded)])
            for await message in control.0.incoming {
                guard case .text(let text) = message, case .offer(let transfer, _, _) = try ControlMessage(text) else {
                    continue
                }
                try await control.0.transmit([.text(ControlMessage.accept(transfer: transfer, limit: 3).encoded)])
                break
            }
            for await _ in data.0.incoming { break }
            try await control.0.transmit([.text(ControlMessage.credit(received: received, limit: 9).encoded)])
            control.0.close()
            guard case .failure(let error) = await task.value else {
                Issue.record("sent")
                continue
            }
            #expect(error.code == .peerVanished && error.isResumable == (received > 0))
        }
    }

    @Test func `who has to wait for a beginning to be proved hears of the work`() async throws {
        // Sparse: a gigabyte that takes its time.
        let path = try folder.write([], to: "big")
        try #require(truncate(path, 1 << 30) == 0)
        var options = TransferOptions()
        options.stallTimeout = .milliseconds(20)
        let task = send(try SourceList([.path(path)]), options)
        try await say(Self.greeting)
        let (transfer, _) = try await offered()
        let wrong = try #require(TreeDigest(bytes: [UInt8](repeating: 0, count: 32)))
        try await say(
            .have(transfer: transfer, complete: [], partial: [.init(item: 0, bytes: 1 << 29, tree: wrong)]),
            .accept(transfer: transfer, limit: 0))
        let first = try await hear { if case .hello = $0 { false } else { true } }
        #expect(first == .working)
        task.cancel()
        control.0.close()
        _ = await task.value
    }

    @Test func `standard input is not sent where bytes may get lost`() async throws {
        var options = TransferOptions()
        options.isUnordered = true
        let task = send(try SourceList([.text("x"), .standardInput(name: "in")]), options)
        try await say(Self.greeting)
        _ = try await hear { if case .error = $0 { true } else { false } }
        control.0.close()
        guard case .failure(let error) = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .unreadable && error.message.contains("Standard input"))
    }

    @Test func `an error that can be resumed says so`() async throws {
        let task = send(try SourceList([.text("x")]))
        try await say(Self.greeting, .error(code: "storage", message: "full", isResumable: true))
        guard case .failure(let error) = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .storage && error.isResumable && error.isReportedByPeer)
    }

    @Test func `a limited sender takes its time`() async throws {
        var options = TransferOptions()
        options.limit = RateLimit(bytesPerSecond: 1_000_000)
        let task = send(try SourceList([.path(folder.write([UInt8](repeating: 1, count: 300_000), to: "a"))]), options)
        let clock = ContinuousClock()
        try await say(Self.greeting)
        let (transfer, _) = try await offered()
        let start = clock.now
        try await say(.accept(transfer: transfer, limit: 1 << 20))
        _ = try await hear { if case .done = $0 { true } else { false } }
        #expect(clock.now - start > .milliseconds(200))
        task.cancel()
        control.0.close()
        _ = await task.value
    }

    @Test func `a file whose times are set back has changed all the same`() async throws {
        let path = try folder.write([1, 2, 3], to: "a")
        let list = try SourceList([.path(path)])
        let before = try folder.status("a")
        try folder.write([1, 2, 4], to: "a")
        let times = [before.st_atim, before.st_mtim]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
        do throws(TransferError) {
            _ = try list.item(0).open()
            Issue.record("not noticed")
        } catch {
            #expect(error.code == .changed)
        }
    }
}
