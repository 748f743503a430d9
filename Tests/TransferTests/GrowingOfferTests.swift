import Synchronization
import TestSupport
import Testing

@testable import Transfer

/// A yes to the first items of an offer that goes on, and senders that fall silent.
struct GrowingOfferTests {
    private let folder: TemporaryFolder
    private let sender = HandPlayedSender()

    init() throws {
        folder = try TemporaryFolder(isInMemory: true)
    }

    private func directory() throws -> Destination { .folder(try DestinationDirectory(path: folder.path)) }

    private func item(_ number: Int, _ path: [String], _ size: Int64?) -> ControlMessage.Item {
        ControlMessage.Item(number: number, path: path, size: size)
    }

    @Test(arguments: ExistingFilePolicy.allCases)
    func `later items are under the same yes and policy`(policy: ExistingFilePolicy) async throws {
        for name in ["old", "late"] { try folder.write([9], to: name) }
        let asked = Mutex<[Int]>([])
        let task = sender.receiver(
            to: try directory(),
            decide: { offer in
                asked.withLock { $0.append(offer.current.items.count) }
                return .accept(existing: policy)
            })
        try await sender.greet()
        try await sender.offer([item(0, ["new"], 1), item(1, ["old"], 1)], more: true)
        try await sender.heardAccept()
        // S -> data: what was offered; S -> control: more of the offer, the last part empty
        try await sender.deliver([0], as: 0)
        try await sender.offer([item(2, ["late"], 1), item(3, ["..", "late"], 1), item(4, ["last"], 2)], more: true)
        try await sender.offer([])
        // R -> control: what is not wanted, each once
        let isWanted = policy == .rename || policy == .overwrite
        var refused: [Int: String] = [:]
        while refused.count < (isWanted ? 1 : 3) {
            guard
                case .itemFailed(let item, let code, _)? = try await sender.hear({
                    if case .itemFailed = $0 { true } else { false }
                })
            else { break }
            #expect(refused.updateValue(code, forKey: item) == nil)
        }
        let code = policy == .fail ? "exists" : "skipped"
        #expect(refused == (isWanted ? [3: "name"] : [1: code, 2: code, 3: "name"]))
        if isWanted { for number in 1...2 { try await sender.deliver([UInt8(number)], as: number) } }
        try await sender.deliver([4, 4], as: 4)
        try await sender.finish(items: isWanted ? 4 : 2, bytes: isWanted ? 5 : 3)
        let report = try await task.value.get()
        let expected: [String?] =
            switch policy {
            case .fail, .skip: ["new", nil, nil, nil, "last"]
            case .rename: ["new", "old (1)", "late (1)", nil, "last"]
            case .overwrite: ["new", "old", "late", nil, "last"]
            }
        #expect(report.items.map(\.localPath) == expected && asked.withLock { $0.count } == 1)
        #expect(report.items.map(\.outcome).filter { $0 == .skipped }.count == (policy == .skip ? 2 : 0))
        #expect(try folder.read("late") == (policy == .overwrite ? [2] : [9]) && folder.read("last") == [4, 4])
        #expect(folder.names.count == (policy == .rename ? 6 : 4))
    }

    @Test func `a total that outgrows the disk suspends, and the same transfer goes on`() async throws {
        let task = sender.receiver(to: try directory())
        try await sender.greet()
        try await sender.offer([item(0, ["a"], 1), item(1, ["b"], 1)], more: true)
        try await sender.heardAccept()
        try await sender.deliver([1], as: 0)
        try await sender.hear { if case .confirmed = $0 { true } else { false } }
        try await sender.offer([item(2, ["huge"], 1 << 52)])
        let said = try await sender.hear { if case .error = $0 { true } else { false } }
        guard case .error("storage", _, true) = said else {
            Issue.record("\(String(describing: said))")
            return
        }
        sender.hangUp()
        let error = failure(of: await task.value)
        #expect(error?.code == .storage && error?.isResumable == true)
        #expect(error?.message.contains("not enough free space") == true)
        #expect(folder.names.count == 2 && folder.names[0].hasSuffix(".journal") && folder.names[1] == "a")

        let again = HandPlayedSender()
        let second = again.receiver(to: try directory())
        try await again.greet()
        try await again.offer([item(0, ["a"], 1), item(1, ["b"], 1)])
        let have = try await again.hear { if case .have = $0 { true } else { false } }
        #expect(have == .have(transfer: "t", complete: [0..<1], partial: []))
        try await again.heardAccept()
        try await again.deliver([2], as: 1)
        try await again.finish(items: 1, bytes: 1)
        #expect(try await second.value.get().items.map(\.localPath) == ["a", "b"])
        #expect(folder.names == ["a", "b"])
    }

    @Test func `as many items as there may be are taken, and no more are offered`() throws {
        var core = ReceiverCore(hasOneChannel: false)
        try core.receive(.hello(version: 1, role: .sender, agent: ""), byteCount: 1)
        for first in stride(from: 0, to: 250_000, by: 500) {
            let items = (first..<first + 500).map { item($0, ["a"], 0) }
            try core.receive(.offer(transfer: "t", items: items, more: true), byteCount: 100)
        }
        var other = core
        try other.receive(.offer(transfer: "t", items: [], more: false), byteCount: 1)
        #expect(throws: TransferError.self) {
            try core.receive(.offer(transfer: "t", items: [item(250_000, ["a"], 0)], more: false), byteCount: 1)
        }
        var catalog = SourceCatalog()
        var found = FolderWalk.Found()
        found.entries = Array(
            repeating: SourceEntry(folder: -1, name: "a", content: .text([])), count: 250_000)
        try catalog.append(found)
        found.entries = [found.entries[0]]
        do throws(TransferError) {
            try catalog.append(found)
            Issue.record("taken")
        } catch {
            #expect(error.code == .unreadable && error.message.contains("250,000"))
        }
    }

    @Test func `what is kept of each item is small`() {
        // Of 100,000 items each eight bytes here are most of a megabyte.
        #expect(MemoryLayout<Offer.Item>.stride <= 40)
        #expect(MemoryLayout<ItemReport>.stride <= 112)
        #expect(MemoryLayout<SenderCore.Fate>.stride <= 136)
    }

    // MARK: Silence

    @Test func `a sender that falls silent counts as gone`() async throws {
        var options = TransferOptions()
        options.stallTimeout = .milliseconds(50)
        let task = sender.receiver(to: try directory(), options: options)
        try await sender.greet()
        try await sender.offer([item(0, ["a"], 1)])
        try await sender.heardAccept()
        let error = failure(of: await task.value)
        #expect(error?.code == .peerVanished && error?.isResumable == false && folder.names.isEmpty)
    }

    // MARK: Hashes

    @Test func `a segment that differs ends its item at once, and the rest goes on`() async throws {
        let writer = ItemWriter(destination: try directory())
        let size = HashTree.segmentBytes + 1
        _ = await writer.add([item(0, ["big"], size), item(1, ["b"], 1)])
        _ = await writer.begin(.fail, transfer: "t", session: "s", resuming: nil)
        let block = [UInt8](repeating: 0, count: 32_768)
        func write(_ item: Int, _ offset: Int64, _ bytes: ArraySlice<UInt8>) throws -> ReceiverCore.Work {
            let message = try DataFrame.message(item: item, offset: offset, payloadByteCount: bytes.count) { buffer in
                buffer.copyBytes(from: bytes)
                return bytes.count
            }
            return .write(try DataFrame(message))
        }
        for offset in stride(from: 0, to: HashTree.segmentBytes, by: block.count) {
            let outcome = await writer.perform([try write(0, offset, block[...])], isIdle: false)
            #expect(outcome.reports.isEmpty && outcome.failure == nil)
        }
        #expect(folder.names.contains { $0.hasSuffix(".part") })
        let wrong = try #require(TreeDigest(bytes: [UInt8](repeating: 1, count: 32)))
        let outcome = await writer.perform(
            [
                .segment(item: 0, number: 0, hash: wrong), try write(0, HashTree.segmentBytes, block[..<1]),
                .finish(item: 0, size: size, root: wrong), try write(1, 0, block[..<1]),
                .finish(item: 1, size: 1, root: root(of: [0])),
            ], isIdle: true)
        #expect(outcome.reports.map { $0.error?.code } == [.integrity, nil] && outcome.handledBytes == 2)
        await writer.end()
        #expect(folder.names == ["b"])
    }
}
