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

struct SourceTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func code(_ path: String) -> TransferError.Code? {
        do throws(TransferError) {
            _ = try SourceList([.path(path)])
            return nil
        } catch {
            return error.code
        }
    }

    private typealias Sent = (bytes: [Int: [UInt8]], ends: [Int: TreeDigest], stops: [Int: TransferError?])

    /// Reads all batches: what the frames say, and how the items end.
    private func readAll(
        _ sources: SourceList, payloadBytes: Int = 65_520, skipping: Set<Int> = [],
        beforeBatch: (Int) throws -> Void = { _ in }
    ) async throws -> Sent {
        let reader = SourceReader(sources, payloadBytes: payloadBytes)
        var sent: Sent = ([:], [:], [:])
        var count = 0
        while true {
            try beforeBatch(count)
            count += 1
            let batch = try await reader.nextBatch(itemCount: sources.counted.items) {
                skipping.contains($0) ? .nothing : .whole
            }
            for piece in batch.pieces {
                switch piece {
                case .begin(let item, let offset): #expect(sent.bytes[item] == nil && offset == nil)
                case .frame(let item, let offset, let message):
                    let frame = try DataFrame(message)
                    #expect(frame.item == item && frame.offset == offset)
                    #expect(frame.payloadByteCount <= payloadBytes)
                    #expect(Int(offset) == sent.bytes[item, default: []].count)
                    sent.bytes[item, default: []] += frame.payload
                case .segment: Issue.record("a segment")
                case .end(let item, let size, let root):
                    #expect(size == sent.bytes[item, default: []].count)
                    sent.ends[item] = root
                case .stop(let item, let error): sent.stops[item] = .some(error)
                }
            }
            if case .none = batch.rest { return sent }
        }
    }

    private func list(_ paths: String...) throws -> SourceList { try SourceList(paths.map { .path($0) }) }

    @Test(arguments: [0, 1, 65_519, 65_520, 65_521, 131_039, 131_040, 131_041, 3_000_000])
    func `a file comes in frames with the hash of the whole`(size: Int) async throws {
        var random = SplitMix64(seed: UInt64(size))
        let content = random.bytes(size)
        let file = try list(folder.write(content, to: "a"))
        #expect(file.item(0).size == Int64(size) && file.item(0).components == ["a"])
        let (bytes, ends, stops) = try await readAll(file)
        #expect(bytes[0, default: []] == content)
        #expect(ends[0] == root(of: content))
        #expect(stops.isEmpty)
    }

    @Test func `many small files share a batch`() async throws {
        let files = try SourceList((0..<600).map { .path(try folder.write([1, 2, UInt8($0 & 255)], to: "f\($0)")) })
        var batches = 0
        let (bytes, ends, _) = try await readAll(files) { batches = $0 }
        #expect(bytes.count == 600 && ends.count == 600)
        #expect(batches <= 4)
    }

    @Test func `pipes, devices and missing files are unreadable`() throws {
        #expect(code(folder.path("missing")) == .unreadable)
        #expect(code("/dev/zero") == .unreadable)
        // A pipe without a writer must not make anybody wait.
        try #require(mkfifo(folder.path("pipe"), 0o600) == 0)
        #expect(code(folder.path("pipe")) == .unreadable)
        try #require(symlink("nowhere", folder.path("dangling")) == 0)
        #expect(code(folder.path("dangling")) == .unreadable)
        try #require(symlink("loop", folder.path("loop")) == 0)
        #expect(code(folder.path("loop")) == .unreadable)
        #expect(code("") == .unreadable)
    }

    @Test func `an error shows no control characters of a name`() throws {
        do throws(TransferError) {
            _ = try SourceList([.path("/nowhere/a\u{1B}[2Jb")])
            Issue.record("opened")
        } catch {
            #expect(error.message.contains(#"\u{1B}"#) && !error.message.contains("\u{1B}"))
            #expect(error.systemError == ENOENT && error.message.contains("No such file"))
        }
    }

    @Test func `a link is followed and offered under its own name`() async throws {
        try folder.write([7, 8], to: "target")
        try #require(symlink("target", folder.path("link")) == 0)
        let file = try list(folder.path("link"))
        #expect(file.item(0).components == ["link"] && file.item(0).size == 2)
        #expect(try await readAll(file).bytes[0] == [7, 8])
    }

    @Test func `a file that changed after it was offered fails alone`() async throws {
        let sources = try list(
            folder.write([1, 2], to: "grown"), folder.write([1, 2, 3], to: "shrunk"), folder.write([1], to: "gone"),
            folder.write([1], to: "replaced"), folder.write([9], to: "good"))
        try folder.write([1, 2, 3], to: "grown")
        try folder.write([1], to: "shrunk")
        unlink(folder.path("gone"))
        try folder.write([1], to: "other")
        rename(folder.path("other"), folder.path("replaced"))
        let (bytes, ends, stops) = try await readAll(sources)
        #expect(stops.mapValues { $0?.code } == [0: .changed, 1: .changed, 2: .unreadable, 3: .changed])
        #expect(ends.keys.sorted() == [4] && bytes[4] == [9])
    }

    @Test(arguments: ["grows", "shrinks", "changes"])
    func `a file that changes while it is read fails`(how: String) async throws {
        let size = 4 << 20
        let path = try folder.write([UInt8](repeating: 1, count: size), to: "file")
        let file = try list(path)
        let (bytes, ends, stops) = try await readAll(file) { batch in
            guard batch == 2 else { return }
            switch how {
            case "grows": truncate(path, off_t(size + 1))
            case "shrinks": truncate(path, off_t(size - 1_000))
            default:
                // The same size, but another time.
                let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
                try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
            }
        }
        #expect(ends.isEmpty && stops[0]??.code == .changed)
        #expect(bytes[0, default: []].count <= size)
    }

    @Test func `bytes that the status does not count are noticed`() async throws {
        let path = "/proc/self/status"
        guard let file = try? list(path) else { return }
        let (_, ends, stops) = try await readAll(file)
        #expect(ends.isEmpty && stops[0]??.code == .changed)
    }

    @Test func `an unwanted item is not read`() async throws {
        let files = try SourceList((0..<3).map { .path(try folder.write([UInt8($0)], to: "f\($0)")) })
        let (bytes, ends, stops) = try await readAll(files, skipping: [1])
        #expect(bytes == [0: [0], 2: [2]])
        #expect(ends.keys.sorted() == [0, 2] && stops.isEmpty)
    }
}
