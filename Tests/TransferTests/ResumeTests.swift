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

/// Connections that end, and others that go on.
struct ResumeTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try TemporaryFolder(isInMemory: true)
        target = try TemporaryFolder(isInMemory: true)
    }

    private struct Attempt {
        var sent: Result<TransferReport, TransferError>
        var received: Result<TransferReport, TransferError>
        /// File bytes that left the sender.
        var byteCount: Int64
        var wasAsked: Bool
        var resumed: (items: Int, bytes: Int64)?
        /// What the receiver was told of.
        var items: [ItemReport] = []
        var progress: [TransferProgress] = []
    }

    /// One connection; it ends after `cut` file bytes.
    private func attempt(_ paths: [String], cut: Int64?, cancels: Bool = false) async throws -> Attempt {
        let control = MemoryChannel.pair()
        let data = MemoryChannel.pair(capacity: 4 << 20)
        let count = Mutex<Int64>(0)
        let asked = Mutex(false)
        let events = Mutex<[TransferEvent]>([])
        var options = TransferOptions()
        options.transfer = "same"
        let sources = try SourceList(paths.map { .path($0) }, options: SourceOptions(), onNotice: { _ in })
        defer { sources.release() }
        let counting = CountingChannel(data.0) { bytes in
            let total = count.withLock { total in
                total += Int64(bytes)
                return total
            }
            guard let cut, total >= cut else { return }
            control.0.close()
            data.0.close()
        }
        let sender = FileSender(sources: sources, control: control.0, data: counting, options: options)
        var pace = WriterPace()
        pace.durableBytes = 1 << 20
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target.path)), control: control.1, data: data.1,
            options: options,
            onEvent: { event in events.withLock { $0.append(event) } },
            decide: { _ in
                asked.withLock { $0 = true }
                return .accept(existing: .rename)
            })
        let run = ReceiverRun(receiver, pace: pace)
        let (sent, received) = await endings(over: control, data) { () async throws(TransferError) in
            try await sender.run()
        } receiver: { () async throws(TransferError) in
            try await run.run()
        }
        var attempt = Attempt(
            sent: sent, received: received, byteCount: count.withLock { $0 }, wasAsked: asked.withLock { $0 })
        for event in events.withLock({ $0 }) {
            switch event {
            case .resumed(let items, let bytes): attempt.resumed = (items, bytes)
            case .item(let report): attempt.items.append(report)
            case .progress(let progress): attempt.progress.append(progress)
            default: break
            }
        }
        return attempt
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `cut anywhere, a transfer goes on where it was, and nobody is asked twice`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let pool = random.bytes(1 << 20)
        var contents: [[UInt8]] = []
        for index in 0..<6 {
            let size = index % 3 == 0 ? 3_000_000 + index * 77_777 : Int.random(in: 0...5_000, using: &random)
            contents.append((0...(size >> 20)).flatMap { pool[..<min(1 << 20, size - $0 << 20)] })
        }
        let paths = try contents.enumerated().map { try source.write($1, to: "f\($0)") }
        let total = contents.reduce(Int64(0)) { $0 + Int64($1.count) }

        let first = try await attempt(paths, cut: Int64.random(in: 1...total - 1, using: &random))
        #expect(first.wasAsked && first.resumed == nil)
        guard case .failure(let error) = first.received else {
            Issue.record("arrived, seed \(seed)")
            return
        }
        #expect(error.isResumable == !target.names.isEmpty, "seed \(seed)")
        let second = try await attempt(paths, cut: nil)
        #expect(second.wasAsked == !error.isResumable, "seed \(seed)")
        #expect(try second.sent.get().firstError == nil && second.received.get().firstError == nil, "seed \(seed)")
        #expect(try second.received.get().items.count == 6)
        #expect(second.items.compactMap(\.localPath).sorted() == (0..<6).map { "f\($0)" }, "seed \(seed)")
        #expect(second.items.count(where: \.wasHere) == second.resumed?.items ?? 0, "seed \(seed)")
        #expect(second.progress.allSatisfy { $0.itemSize == contents[$0.item].count }, "seed \(seed)")
        #expect(second.progress.last?.completedBytes == total && second.progress.last?.finishedItems == 6)
        for (index, content) in contents.enumerated() {
            #expect(try target.read("f\(index)") == content, "seed \(seed)")
        }
        #expect(target.names == (0..<6).map { "f\($0)" }, "seed \(seed)")
        // What was under way, and at most a pace of what was written.
        #expect(first.byteCount + second.byteCount - total <= (16 << 20) + (1 << 20), "seed \(seed)")
        if error.isResumable, let resumed = second.resumed { #expect(second.byteCount <= total - resumed.bytes) }
    }

    @Test func `a segment that is whole is not read again`() async throws {
        // 64 MiB of zeros, and a little; sparse at the source.
        let path = try source.write([], to: "big")
        try #require(truncate(path, 150 << 20) == 0)
        let first = try await attempt([path], cut: 140 << 20)
        guard case .failure(let error) = first.received else {
            Issue.record("arrived")
            return
        }
        #expect(error.isResumable)
        let second = try await attempt([path], cut: nil)
        #expect(try second.received.get().firstError == nil && !second.wasAsked)
        #expect(try #require(second.resumed).bytes >= 64 << 20)
        #expect(try target.status("big").st_size == 150 << 20)
    }

    @Test func `a list that changed is asked about again, and what is the same is spared`() async throws {
        let big = try source.write([UInt8](repeating: 3, count: 5_000_000), to: "big")
        _ = try await attempt([big], cut: 4_500_000)
        let other = try source.write([1], to: "other")
        let second = try await attempt([big, other], cut: nil)
        #expect(second.wasAsked && second.resumed?.bytes ?? 0 > 0)
        #expect(try second.received.get().firstError == nil)
        #expect(target.names == ["big", "other"])
    }

    @Test func `a part that somebody changed is sent again`() async throws {
        let content = [UInt8](repeating: 3, count: 5_000_000)
        let big = try source.write(content, to: "big")
        _ = try await attempt([big], cut: 4_500_000)
        let part = try #require(target.names.first { $0.hasSuffix(".part") })
        let handle = open(target.path(part), O_WRONLY)
        _ = [UInt8(9)].withUnsafeBytes { pwrite(handle, $0.baseAddress, 1, 77) }
        close(handle)
        let second = try await attempt([big], cut: nil)
        #expect(try second.received.get().firstError == nil)
        #expect(try target.read("big") == content)
        // What came again is not counted twice.
        #expect(second.byteCount == 5_000_000 && second.progress.allSatisfy { $0.completedBytes <= 5_000_000 })
        #expect(second.progress.last?.completedBytes == 5_000_000)
    }

    @Test func `a part that the journal has lost goes with the transfer, and nobody else's does`() async throws {
        let paths = try [
            source.write([1], to: "a"), source.write([UInt8](repeating: 3, count: 5_000_000), to: "big"),
        ]
        _ = try await attempt(paths, cut: 4_500_000)
        let status = try source.status("a")
        let key = ItemKey(
            path: ["a"], size: 1, modified: Int64(status.st_mtim.tv_sec), kind: "file", occurrence: 0)
        let mark = ItemKey.mark(of: "same")
        let ours = [key.suffix ^ mark, (key.suffix ^ mark) &+ 3].map { LocalName.part("a", suffix: $0) }
        let others = [
            LocalName.part("a", suffix: key.suffix ^ ItemKey.mark(of: "other")), ".a.part",
            LocalName.part("b", suffix: key.suffix ^ mark), ".a.0000000g.part",
        ]
        for name in ours + others { try target.write([9], to: name) }
        #expect(try await attempt(paths, cut: nil).received.get().firstError == nil)
        #expect(target.names == (["a", "big"] + others).sorted())
    }

    @Test func `a part that is another file now is left alone`() async throws {
        let content = [UInt8](repeating: 3, count: 5_000_000)
        let big = try source.write(content, to: "big")
        _ = try await attempt([big], cut: 4_500_000)
        let part = try #require(target.names.first { $0.hasSuffix(".part") })
        unlink(target.path(part))
        let outside = try TemporaryFolder()
        try outside.write([9], to: "victim")
        try #require(symlink(outside.path("victim"), target.path(part)) == 0)
        let second = try await attempt([big], cut: nil)
        #expect(try second.received.get().firstError == nil)
        #expect(try target.read("big") == content && outside.read("victim") == [9])
        #expect(target.names == [part, "big"].sorted())
    }

    @Test func `an empty part that the journal does not know of is used and leaves nothing behind`() async throws {
        // What is there when a process ends between making a part and writing that down.
        let content = [UInt8](repeating: 3, count: 5_000_000)
        let big = try source.write(content, to: "big")
        _ = try await attempt([big], cut: 4_500_000)
        let part = try #require(target.names.first { $0.hasSuffix(".part") })
        try target.write([], to: "new")
        try #require(rename(target.path("new"), target.path(part)) == 0)
        let second = try await attempt([big], cut: nil)
        #expect(try second.received.get().firstError == nil)
        #expect(try target.read("big") == content)
        #expect(target.names == ["big"])
    }
}

/// Tells of the file bytes that pass.
private final class CountingChannel: TransferChannel {
    private let channel: MemoryChannel
    private let onBytes: @Sendable (Int) -> Void

    init(_ channel: MemoryChannel, onBytes: @escaping @Sendable (Int) -> Void) {
        self.channel = channel
        self.onBytes = onBytes
    }

    var maximumMessageBytes: Int { channel.maximumMessageBytes }

    var incoming: MemoryChannel.Incoming { channel.incoming }

    func transmit(_ messages: [TransferMessage]) async throws {
        for message in messages {
            try await channel.transmit([message])
            if case .binary(let bytes) = message { onBytes(bytes.count - DataFrame.headerByteCount) }
        }
    }
}
