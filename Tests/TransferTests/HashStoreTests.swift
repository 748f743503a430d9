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

/// What a sender remembers, and what it does with it.
struct HashStoreTests {
    private let folder: TemporaryFolder
    private let store: HashStore
    private let digests = (0..<3).map { TreeDigest(bytes: [UInt8](repeating: UInt8($0), count: 32))! }

    init() throws {
        folder = try TemporaryFolder()
        store = HashStore(folder: folder.path("hashes"))
    }

    /// A sparse file of some segments.
    private func file(_ size: Int = 4 << 26) throws -> ([UInt8], FileStatus) {
        try folder.write([1], to: "big")
        try #require(truncate(folder.path("big"), off_t(size)) == 0)
        return (Array(folder.path("big").utf8), try FileStatus(path: folder.path("big")))
    }

    private func record() -> String { TemporaryFolder.names(in: folder.path("hashes"))[0] }

    @Test func `segments are remembered while the file is the same`() throws {
        let (path, status) = try file()
        #expect(store.segments(of: path, status).isEmpty)
        store.remember(Array(digests[..<2]), of: path, status)
        store.remember(digests, of: path, status)
        #expect(store.segments(of: path, status) == digests)
        #expect(store.segments(of: path + [0x78], status).isEmpty)
        #expect(TemporaryFolder.names(in: folder.path("hashes")).count == 1)
        #expect(try folder.status("hashes/\(record())").st_mode & 0o777 == 0o600)
        #expect(try folder.status("hashes").st_mode & 0o777 == 0o700)
        var others = Array(repeating: status, count: 7)
        others[0].size += 1
        others[1].modifiedNanoseconds += 1
        others[2].modifiedSeconds += 1
        others[3].changedNanoseconds += 1
        others[4].changedSeconds += 1
        others[5].inode += 1
        others[6].device += 1
        for other in others { #expect(store.segments(of: path, other).isEmpty) }
    }

    @Test func `a damaged record counts as none`() throws {
        let (path, status) = try file()
        store.remember(digests, of: path, status)
        let name = "hashes/\(record())"
        let good = try folder.read(name)
        for index in good.indices {
            var bad = good
            bad[index] ^= 1
            try folder.write(bad, to: name)
            #expect(store.segments(of: path, status).isEmpty, "byte \(index)")
            try folder.write(Array(good[..<index]), to: name)
            #expect(store.segments(of: path, status).isEmpty, "length \(index)")
        }
        try folder.write(good, to: name)
        #expect(store.segments(of: path, status) == digests)
    }

    @Test func `old records and too many are forgotten`() throws {
        try #require(mkdir(folder.path("hashes"), 0o700) == 0)
        for number in 0..<1_010 { try folder.write([], to: "hashes/\(number).hashes") }
        let times = [timespec(tv_sec: time(nil) - 31 * 86_400, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        let old = [times[0], times[0]]
        try #require(utimensat(AT_FDCWD, folder.path("hashes/7.hashes"), old, 0) == 0)
        try folder.write([], to: "hashes/unrelated")
        let (path, status) = try file()
        store.remember(digests, of: path, status)
        let names = TemporaryFolder.names(in: folder.path("hashes"))
        #expect(names.count == 1_001 && !names.contains("7.hashes") && names.contains("unrelated"))
        #expect(store.segments(of: path, status) == digests)
    }

    // MARK: Resuming

    /// Reads a file on from what a receiver has; the offset, the segments told, and the root.
    private func resume(
        _ part: ControlMessage.Part, _ hashes: HashStore?
    ) async throws -> (offset: Int64?, segments: [Int], root: TreeDigest?) {
        let list = try SourceList([.path(folder.path("big"))])
        let reader = SourceReader(list, payloadBytes: 65_520, hashes: hashes)
        var result: (offset: Int64?, segments: [Int], root: TreeDigest?) = (nil, [], nil)
        while true {
            let batch = try await reader.nextBatch(itemCount: 1) { _ in .rest(part) }
            for piece in batch.pieces {
                switch piece {
                case .begin(_, let offset): result.offset = offset
                case .segment(_, let number, _): result.segments.append(number)
                case .end(_, _, let root): result.root = root
                case .frame, .stop: break
                }
            }
            if case .none = batch.rest { return result }
        }
    }

    private func tree(_ count: Int, flipped: Bool = false) -> (tree: TreeDigest, segments: [TreeDigest]) {
        var tree = HashTree()
        var zeros = [UInt8](repeating: 0, count: 1 << 20)
        zeros[0] = flipped ? 2 : 1
        for index in 0..<count >> 20 {
            if index == 1 { zeros[0] = 0 }
            tree.update(zeros)
        }
        return (tree.wholeLeaves.tree, tree.segments)
    }

    @Test func `a true beginning is gone on from, with or without what is remembered`() async throws {
        let size = (2 << 26) + (3 << 20)
        _ = try file(size)
        let count = (1 << 26) + (2 << 20)
        let part = ControlMessage.Part(item: 0, bytes: Int64(count), tree: tree(count).tree)
        for hashes in [nil, store] {
            for _ in 0..<2 {
                let (offset, segments, root) = try await resume(part, hashes)
                #expect(offset == Int64(count) && segments == [1])
                var whole = HashTree(segments: tree(2 << 26).segments)
                whole.update([UInt8](repeating: 0, count: 3 << 20))
                #expect(root == whole.finish())
            }
        }
        let item = try SourceList([.path(folder.path("big"))]).item(0)
        guard case .file(let status) = item.content else { return }
        #expect(store.segments(of: item.path, status).count == 2)
    }

    @Test func `another beginning is not gone on from`() async throws {
        _ = try file((1 << 26) + (3 << 20))
        let count = (1 << 26) + (1 << 20)
        let part = ControlMessage.Part(item: 0, bytes: Int64(count), tree: tree(count, flipped: true).tree)
        for hashes in [nil, store] {
            let (offset, segments, _) = try await resume(part, hashes)
            #expect(offset == 0 && segments == [0])
        }
    }

    @Test func `what is remembered is not read again`() async throws {
        // The record says something else than the file: who believes the record does not read the file.
        let (path, status) = try file((1 << 26) + (3 << 20))
        store.remember([digests[0]], of: path, status)
        let part = ControlMessage.Part(item: 0, bytes: 1 << 26, tree: digests[0])
        #expect(try await resume(part, store).offset == 1 << 26)
        #expect(try await resume(part, nil).offset == 0)
    }
}
