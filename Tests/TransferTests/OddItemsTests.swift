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

/// Texts, streams, standard output, and items that are in each other's way.
struct OddItemsTests {
    private let folder: TemporaryFolder
    private let sender = HandPlayedSender()

    init() throws {
        folder = try TemporaryFolder(isInMemory: true)
    }

    private func directory() throws -> Destination { .folder(try DestinationDirectory(path: folder.path)) }

    private func item(_ number: Int, _ path: [String], _ size: Int64?, _ kind: ItemKind = .file) -> ControlMessage.Item
    {
        ControlMessage.Item(number: number, kind: kind, path: path, size: size)
    }

    /// Sends these items whole to a new receiver.
    private func received(
        _ items: [(path: [String], kind: ItemKind, bytes: [UInt8])], policy: ExistingFilePolicy = .fail,
        pace: WriterPace = WriterPace()
    ) async throws -> [ItemReport] {
        let task = sender.receiver(to: try directory(), pace: pace, decide: { _ in .accept(existing: policy) })
        try await sender.greet()
        try await sender.offer(
            items.enumerated().map { item($0, $1.path, Int64($1.bytes.count), $1.kind) })
        try await sender.heardAccept()
        for (number, item) in items.enumerated() { try await sender.deliver(item.bytes, as: number) }
        try await sender.finish(
            items: Int64(items.count), bytes: items.reduce(0) { $0 + Int64($1.bytes.count) })
        return try await task.value.get().items
    }

    // MARK: Texts

    @Test func `texts come as events, whole and repaired, and are no files`() async throws {
        let texts: [[UInt8]] = [
            Array("héllo 👋\n".utf8), [0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0x62], [],
            [UInt8](repeating: 0x78, count: 1 << 20),
        ]
        let events = Mutex<[String]>([])
        let task = sender.receiver(
            to: try directory(),
            onEvent: { event in if case .text(let text) = event { events.withLock { $0.append(text) } } })
        try await sender.greet()
        try await sender.offer(texts.enumerated().map { item($0, ["message.txt"], Int64($1.count), .text) })
        try await sender.heardAccept()
        // A character may be torn between two frames.
        try await sender.send(Array(texts[0][..<2]), of: 0)
        try await sender.send(Array(texts[0][2...]), of: 0, at: 2)
        try await sender.say(.itemEnd(item: 0, size: Int64(texts[0].count), root: root(of: texts[0])))
        for number in 1...2 { try await sender.deliver(texts[number], as: number) }
        for offset in stride(from: 0, to: 1 << 20, by: 1 << 15) {
            try await sender.send(Array(texts[3][offset..<offset + 1 << 15]), of: 3, at: Int64(offset))
        }
        try await sender.say(.itemEnd(item: 3, size: 1 << 20, root: root(of: texts[3])))
        try await sender.finish(items: 4, bytes: texts.reduce(0) { $0 + Int64($1.count) })
        let report = try await task.value.get()
        #expect(report.items.allSatisfy { $0.outcome == .complete && $0.localPath == nil && $0.kind == .text })
        #expect(events.withLock { $0 } == texts.map { String(decoding: $0, as: UTF8.self) })
        #expect(folder.names.isEmpty)
    }

    @Test func `a text whose hash is wrong is not shown`() async throws {
        let events = Mutex(0)
        let task = sender.receiver(
            to: try directory(), onEvent: { event in if case .text = event { events.withLock { $0 += 1 } } })
        try await sender.greet()
        try await sender.offer([item(0, ["m"], 1, .text)])
        try await sender.heardAccept()
        try await sender.send([1], of: 0)
        try await sender.say(.itemEnd(item: 0, size: 1, root: root(of: [2])))
        try await sender.finish(items: 1, bytes: 1)
        #expect(try await task.value.get().items[0].error?.code == .integrity)
        #expect(events.withLock { $0 } == 0)
    }

    @Test(arguments: [(ItemKind.text, Int64?((1 << 20) + 1)), (.text, nil), (.folder, 1), (.folder, nil)])
    func `a text without a size or with too much of one is a violation, and so is a folder with one`(
        kind: ItemKind, size: Int64?
    ) async throws {
        let task = sender.receiver(to: try directory())
        try await sender.greet()
        try await sender.offer([item(0, ["m"], size, kind)])
        try await sender.hear { if case .error = $0 { true } else { false } }
        sender.hangUp()
        #expect(failure(of: await task.value)?.code == .protocolViolation)
    }

    // MARK: Streams

    @Test func `a stream is as long as its end says`() async throws {
        let progress = Mutex<[TransferProgress]>([])
        let task = sender.receiver(
            to: try directory(),
            onEvent: { event in if case .progress(let more) = event { progress.withLock { $0.append(more) } } })
        try await sender.greet()
        try await sender.offer([item(0, ["s"], nil), item(1, ["t"], nil), item(2, ["u"], 1)])
        try await sender.heardAccept()
        try await sender.send([1, 2], of: 0)
        try await sender.send([3], of: 0, at: 2)
        try await sender.say(.itemEnd(item: 0, size: 3, root: root(of: [1, 2, 3])))
        try await sender.deliver([], as: 1)
        try await sender.deliver([7], as: 2)
        try await sender.finish(items: 3, bytes: 4)
        let report = try await task.value.get()
        #expect(report.items.map(\.size) == [3, 0, 1] && report.firstError == nil)
        #expect(try folder.read("s") == [1, 2, 3] && folder.read("t") == [])
        #expect(progress.withLock { $0 }.allSatisfy { !$0.isTotalKnown && $0.itemBytes <= $0.itemSize })
    }

    private static let badStreams: [(String, Int64, [UInt8], [UInt8])] = [
        ("shorter than what came", 1, [1, 2], []), ("longer than what came", 3, [1, 2], [9]),
    ]

    @Test(arguments: badStreams)
    func `a stream that ends elsewhere than its bytes is a violation`(
        what: String, size: Int64, bytes: [UInt8], next: [UInt8]
    ) async throws {
        let task = sender.receiver(to: try directory())
        try await sender.greet()
        try await sender.offer([item(0, ["s"], nil), item(1, ["u"], 1)])
        try await sender.heardAccept()
        try await sender.send(bytes, of: 0)
        try await sender.say(.itemEnd(item: 0, size: size, root: root(of: bytes)))
        try await sender.send(next, of: 1)
        try await sender.hear { if case .error = $0 { true } else { false } }
        sender.hangUp()
        #expect(failure(of: await task.value)?.code == .protocolViolation, "\(what)")
        #expect(folder.names.isEmpty)
    }

    @Test func `a stream that breaks off cannot be taken up, and leaves nothing`() async throws {
        var pace = WriterPace()
        pace.durableBytes = 1
        let task = sender.receiver(to: try directory(), pace: pace)
        try await sender.greet()
        try await sender.offer([item(0, ["s"], nil)])
        try await sender.heardAccept()
        try await sender.send([1, 2], of: 0)
        sender.hangUp()
        let error = failure(of: await task.value)
        #expect(error?.code == .peerVanished && error?.isResumable == false && folder.names.isEmpty)
    }

    // MARK: Standard output

    /// A pipe: what is written to it, and what came out.
    private func piped(_ body: (Int32) async throws -> Void) async throws -> [UInt8] {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        try await body(ends[1])
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = bytes.withUnsafeMutableBytes { read(ends[0], $0.baseAddress, $0.count) }
        close(ends[0])
        return Array(bytes[..<max(0, count)])
    }

    @Test(arguments: [true, false])
    func `one file goes to standard output as it comes, and a wrong one is reported`(isRight: Bool) async throws {
        let bytes = try await piped { output in
            let task = sender.receiver(to: .standardOutput, output: output)
            try await sender.greet()
            try await sender.offer([item(0, ["f"], 3)])
            try await sender.heardAccept()
            try await sender.send([1, 2, 3], of: 0)
            try await sender.say(.itemEnd(item: 0, size: 3, root: root(of: [1, 2, isRight ? 3 : 4])))
            try await sender.finish(items: 1, bytes: 3)
            let item = try await task.value.get().items[0]
            #expect(isRight ? item.outcome == .complete && item.localPath == nil : item.error?.code == .integrity)
        }
        #expect(bytes == [1, 2, 3])
    }

    @Test(arguments: [false, true])
    func `several files or a folder do not go to standard output`(isFolder: Bool) async throws {
        let bytes = try await piped { output in
            let task = sender.receiver(
                to: .standardOutput, output: output,
                decide: { _ in
                    Issue.record("asked")
                    return .accept()
                })
            try await sender.greet()
            try await sender.offer(isFolder ? [item(0, ["f"], 0, .folder)] : [item(0, ["f"], 1), item(1, ["g"], 1)])
            let said = try await sender.hear { if case .decline = $0 { true } else { false } }
            #expect(said == .decline(transfer: "t", reason: "Only one file can be received there."))
            sender.hangUp()
            let error = failure(of: await task.value)
            #expect(error?.code == .declined && error?.message.contains("standard output") == true)
        }
        #expect(bytes.isEmpty)
    }

    @Test func `a standard output that cannot be written ends the transfer`() async throws {
        let closed = open("/dev/null", O_RDONLY)
        defer { close(closed) }
        let task = sender.receiver(to: .standardOutput, output: closed)
        try await sender.greet()
        try await sender.offer([item(0, ["f"], 3)])
        try await sender.heardAccept()
        try await sender.send([1, 2, 3], of: 0)
        let said = try await sender.hear { if case .error = $0 { true } else { false } }
        guard case .error("storage", _, false) = said else {
            Issue.record("\(String(describing: said))")
            return
        }
        sender.hangUp()
        let error = failure(of: await task.value)
        #expect(error?.code == .storage && error?.systemError == EBADF && error?.isResumable == false)
    }

    // MARK: In each other's way

    @Test(arguments: [1, 512]) func `a file and a folder of one name are both kept`(groupItems: Int) async throws {
        var pace = WriterPace()
        pace.groupItems = groupItems
        let reports = try await received(
            [
                (["a"], .folder, []), (["a"], .file, [1]), (["b", "c"], .file, [2]), (["b"], .file, [3]),
                (["a"], .folder, []),
            ], pace: pace)
        #expect(reports.map(\.localPath) == ["a", "a (1)", "b/c", "b (1)", "a"])
        #expect(try folder.read("a (1)") == [1] && folder.read("b/c") == [2] && folder.read("b (1)") == [3])
    }

    @Test func `an item beneath a file fails alone`() async throws {
        var pace = WriterPace()
        pace.groupItems = 1
        let reports = try await received(
            [(["a"], .file, [1]), (["a", "b"], .file, [2]), (["a", "b"], .folder, []), (["c"], .file, [3])],
            policy: .overwrite, pace: pace)
        #expect(reports.map { $0.error?.code } == [nil, .name, .name, nil])
        #expect(try folder.read("a") == [1] && folder.read("c") == [3] && folder.names == ["a", "c"])
    }

    @Test(arguments: ExistingFilePolicy.allCases)
    func `two names that are one to the disk do not replace each other`(policy: ExistingFilePolicy) async throws {
        // As where capitals do not count: once the first is there, the second name leads to it.
        var pace = WriterPace()
        pace.groupItems = 1
        let path = folder.path
        let task = sender.receiver(
            to: try directory(), pace: pace,
            onEvent: { event in
                if case .item(let report) = event, report.number == 0 { link(path + "/A", path + "/a") }
            }, decide: { _ in .accept(existing: policy) })
        try await sender.greet()
        try await sender.offer([item(0, ["A"], 1), item(1, ["a"], 1)])
        try await sender.heardAccept()
        try await sender.deliver([1], as: 0)
        // The link is made before this is heard of only in part: the progress behind it tells.
        try await sender.hear { if case .confirmed = $0 { true } else { false } }
        while folder.names.count(where: { !$0.hasPrefix(".") }) < 2 { await Task.yield() }
        try await sender.deliver([2], as: 1)
        try await sender.finish(items: 2, bytes: 2)
        #expect(try await task.value.get().items.map(\.localPath) == ["A", "a (1)"])
        #expect(try folder.read("A") == [1] && folder.read("a (1)") == [2])
    }
}
