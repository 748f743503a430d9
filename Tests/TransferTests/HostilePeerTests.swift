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

/// One real side, and a test that plays the other by hand.
struct HostilePeerTests {
    private let folder: TemporaryFolder
    private let control = MemoryChannel.pair(capacity: 4 << 20)
    private let data = MemoryChannel.pair(capacity: 64 << 20)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func receive(window: Int = 1 << 20, existing: ExistingFilePolicy = .fail) throws -> Task<Ending, Never> {
        var options = TransferOptions()
        options.windowBytes = window
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: folder.path)), control: control.1, data: data.1,
            options: options
        ) { _ in .accept(existing: existing) }
        return Task { [control, data] in
            await ending(closing: control.1, data.1) { () async throws(TransferError) in try await receiver.run() }
        }
    }

    private func send(_ sources: [Source]) throws -> Task<Ending, Never> {
        let sender = FileSender(sources: try SourceList(sources), control: control.1, data: data.1)
        return Task { [control, data] in
            await ending(closing: control.1, data.1) { () async throws(TransferError) in try await sender.run() }
        }
    }

    private func say(_ messages: ControlMessage...) async throws {
        try await control.0.transmit(messages.map { .text($0.encoded) })
    }

    private func frame(_ item: Int, _ offset: Int64, _ bytes: [UInt8]) throws -> TransferMessage {
        .binary(
            try DataFrame.message(item: item, offset: offset, payloadByteCount: bytes.count) { buffer in
                buffer.copyBytes(from: bytes)
                return bytes.count
            })
    }

    private static let greeting = ControlMessage.hello(version: 1, role: .sender, agent: "test")

    private func offer(_ sizes: Int64..., paths: [[String]]? = nil) -> ControlMessage {
        let items = sizes.enumerated().map { number, size in
            ControlMessage.Item(number: number, path: paths?[number] ?? ["f\(number)"], size: size)
        }
        return .offer(transfer: "t", items: items, more: false)
    }

    /// Reads what the other side says until `isWanted`.
    private func hear(_ isWanted: (ControlMessage) -> Bool) async throws -> ControlMessage? {
        for await message in control.0.incoming {
            guard case .text(let text) = message else { continue }
            let message = try ControlMessage(text)
            if isWanted(message) { return message }
        }
        return nil
    }

    private func accepted() async throws {
        _ = try await hear { if case .accept = $0 { true } else { false } }
    }

    private func expectViolation(_ task: Task<Ending, Never>, sourceLocation: SourceLocation = #_sourceLocation) async {
        guard case .failure(let error) = await task.value else {
            Issue.record("no failure", sourceLocation: sourceLocation)
            return
        }
        #expect(error.code == .protocolViolation, "\(error)", sourceLocation: sourceLocation)
        #expect(folder.names.isEmpty, sourceLocation: sourceLocation)
    }

    @Test func `a violation is told to the peer, and nothing stays`() async throws {
        let task = try receive()
        try await say(Self.greeting, offer(10))
        try await accepted()
        try await data.0.transmit([frame(0, 0, [1, 2]), frame(0, 5, [1])])
        let said = try await hear { if case .error("protocol", _, _) = $0 { true } else { false } }
        #expect(said != nil)
        control.0.close()
        await expectViolation(task)
    }

    @Test(arguments: ["{", "[]", #"{"type":"later"}"#, #"{"type":"hello"}"#, String(repeating: "a", count: 70_000)])
    func `malformed control messages end the transfer`(text: String) async throws {
        let task = try receive()
        try await control.0.transmit([.text(text)])
        control.0.close()
        await expectViolation(task)
    }

    @Test func `text on the data channel ends the transfer`() async throws {
        let task = try receive()
        try await data.0.transmit([.text("{}")])
        _ = try await hear { if case .error("protocol", _, _) = $0 { true } else { false } }
        control.0.close()
        await expectViolation(task)
    }

    @Test func `binary on the control channel ends the transfer`() async throws {
        let task = try receive()
        try await control.0.transmit([.binary([1])])
        control.0.close()
        await expectViolation(task)
    }

    @Test func `a sender that ignores credit is stopped`() async throws {
        let task = try receive(window: 100_000)
        try await say(Self.greeting, offer(1 << 30))
        try await accepted()
        // Two frames in one go fit the window of 100,000 or they do not; thirty do not fit however fast the disk is.
        let block = [UInt8](repeating: 1, count: 65_520)
        try await data.0.transmit((0..<600).map { try frame(0, Int64($0 * block.count), block) })
        _ = try await hear { if case .error("protocol", _, _) = $0 { true } else { false } }
        control.0.close()
        await expectViolation(task)
    }

    @Test func `a wrong hash keeps the item away, and the rest goes on`() async throws {
        let task = try receive()
        try await say(Self.greeting, offer(2, 0))
        try await accepted()
        let wrong = try #require(TreeDigest(bytes: [UInt8](repeating: 0, count: 32)))
        let empty = try #require(
            TreeDigest(hexadecimal: "f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f"))
        try await data.0.transmit([frame(0, 0, [1, 2])])
        try await say(
            .itemEnd(item: 0, size: 2, root: wrong), .itemEnd(item: 1, size: 0, root: empty),
            .done(items: 2, bytes: 2))
        let failed = try await hear { if case .itemFailed = $0 { true } else { false } }
        #expect(failed.map { if case .itemFailed(0, "integrity", _) = $0 { true } else { false } } == true)
        #expect(try await hear { if case .receipt = $0 { true } else { false } } == .receipt(items: 1, bytes: 0))
        try await say(.bye)
        let report = try await task.value.get()
        #expect(report.items[0].error?.code == .integrity && report.items[1].outcome == .complete)
        #expect(folder.names == ["f1"])
    }

    @Test func `names that lead elsewhere fail alone and touch nothing`() async throws {
        let outside = try TemporaryFolder()
        try #require(symlink(outside.path, folder.path("link")) == 0)
        let paths = [
            [".."], ["..", "x"], ["/etc/passwd"], ["a/../../x"], [""], [], ["."], ["a\0b"],
            [String(repeating: "a", count: 5_000)], Array(repeating: "a", count: 100), ["link", "planted"], ["good"],
        ]
        let task = try receive(existing: .overwrite)
        let items = paths.enumerated().map { ControlMessage.Item(number: $0, path: $1, size: 0) }
        try await say(Self.greeting, .offer(transfer: "t", items: items, more: false))
        try await accepted()
        let empty = try #require(
            TreeDigest(hexadecimal: "f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f"))
        for item in paths.indices { try await say(.itemEnd(item: item, size: 0, root: empty)) }
        try await say(.done(items: Int64(paths.count), bytes: 0))
        #expect(try await hear { if case .receipt = $0 { true } else { false } } == .receipt(items: 1, bytes: 0))
        try await say(.bye)
        let report = try await task.value.get()
        #expect(report.items.dropLast().allSatisfy { $0.error?.code == .name })
        #expect(folder.names == ["good", "link"])
        #expect(outside.names.isEmpty)
    }

    @Test func `items in folders are written beneath the folder`() async throws {
        let task = try receive()
        try await say(Self.greeting, offer(0, 0, paths: [["a", "b", "c.txt"], ["a", "d.txt"]]))
        try await accepted()
        let empty = try #require(
            TreeDigest(hexadecimal: "f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f"))
        try await say(
            .itemEnd(item: 0, size: 0, root: empty), .itemEnd(item: 1, size: 0, root: empty),
            .done(items: 2, bytes: 0))
        #expect(try await hear { if case .receipt = $0 { true } else { false } } != nil)
        try await say(.bye)
        #expect(try await task.value.get().items.map(\.localPath) == ["a/b/c.txt", "a/d.txt"])
        #expect(try folder.read("a/b/c.txt") == [] && folder.read("a/d.txt") == [])
    }

    @Test(arguments: 0..<5) func `a sender that vanishes at any step leaves nothing`(step: Int) async throws {
        let task = try receive()
        if step > 0 { try await say(Self.greeting) }
        if step > 1 { try await say(offer(400_000)) }
        if step > 2 { try await accepted() }
        if step > 3 {
            // More than a quarter of the window, so that credit tells when it is on the disk.
            try await data.0.transmit([frame(0, 0, [UInt8](repeating: 1, count: 300_000))])
            _ = try await hear { if case .credit = $0 { true } else { false } }
        }
        control.0.close()
        data.0.close()
        #expect(await task.value == .failure(.vanished))
        #expect(folder.names.isEmpty)
    }

    @Test func `a receiver that grants a byte at a time gets the whole file`() async throws {
        let content = Array("hello, world".utf8)
        let task = try send([.path(folder.write(content, to: "a"))])
        try await say(.hello(version: 1, role: .receiver, agent: "test"))
        let offer = try await hear { if case .offer = $0 { true } else { false } }
        guard case .offer(let transfer, _, false) = offer else {
            Issue.record("\(String(describing: offer))")
            return
        }
        try await say(.accept(transfer: transfer, limit: 0))
        var received: [UInt8] = []
        var frames = data.0.incoming.makeAsyncIterator()
        for limit in 1...content.count {
            try await say(.credit(received: Int64(limit - 1), limit: Int64(limit)))
            guard case .binary(let message) = await frames.next() else { break }
            received += try DataFrame(message).payload
            #expect(received.count == limit)
        }
        #expect(received == content)
        let end = try await hear { if case .itemEnd = $0 { true } else { false } }
        guard case .itemEnd(0, let size, let digest) = end else {
            Issue.record("\(String(describing: end))")
            return
        }
        _ = try await hear { if case .done = $0 { true } else { false } }
        try await say(.confirmed(item: 0, bytes: size, root: digest), .receipt(items: 1, bytes: size))
        #expect(try await hear { $0 == .bye } == .bye)
        #expect(try await task.value.get().items.map(\.outcome) == [.complete])
    }

    @Test func `a sender hears at once of a receiver's full disk`() async throws {
        try folder.write([], to: "big")
        try #require(truncate(folder.path("big"), 1 << 33) == 0)
        let task = try send([.path(folder.path("big"))])
        try await say(.hello(version: 1, role: .receiver, agent: "test"))
        guard case .offer(let transfer, _, _) = try await hear({ if case .offer = $0 { true } else { false } }) else {
            Issue.record("no offer")
            return
        }
        // All the credit there is, and nobody reads: the sender waits for its channel when the error comes.
        try await say(.accept(transfer: transfer, limit: 1 << 40))
        try await say(.error(code: "storage", message: "disk full"))
        guard case .failure(let error) = await task.value else {
            Issue.record("sent")
            return
        }
        #expect(error.code == .storage && error.isReportedByPeer && error.message.contains("disk full"))
    }

    @Test func `a peer that says nothing counts as gone`() async throws {
        var options = TransferOptions()
        options.greetingTimeout = .zero
        let sender = FileSender(sources: try SourceList([]), control: control.1, data: data.1, options: options)
        await #expect(throws: TransferError.self) { try await sender.run() }
    }

    @Test func `receivers that say no session are different ones`() async throws {
        let sessions = Mutex<[String]>([])
        for _ in 0..<2 {
            let channel = MemoryChannel.pair()
            let sender = FileSender(
                sources: try SourceList([.text("hello")]), channel: channel.0,
                admit: { session, _ in
                    sessions.withLock { $0.append(session) }
                    return false
                })
            try await channel.1.transmit([
                .text(#"{"type":"hello","protocol":"martlet.transfer","version":1,"role":"receiver","agent":"old"}"#)
            ])
            async let closed: Void = {
                for await case .text(let text) in channel.1.incoming where text.contains("taken") { break }
                channel.1.close()
            }()
            await #expect(throws: TransferError.self) { try await sender.run() }
            await closed
        }
        let heard = sessions.withLock { $0 }
        #expect(heard.count == 2 && Set(heard).count == 2 && !heard.contains(""))
    }
}
