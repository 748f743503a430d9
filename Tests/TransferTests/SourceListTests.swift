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

/// Folders as sources.
struct SourceListTests {
    private let folder: TemporaryFolder
    private let notices = Notices()

    init() throws {
        folder = try TemporaryFolder()
    }

    private final class Notices: Sendable {
        let all = Mutex<[String]>([])
    }

    private func list(
        _ sources: [Source], _ options: SourceOptions = SourceOptions(), standardInput: Int32 = -1
    ) async throws -> SourceList {
        let list = try SourceList(sources, options: options, standardInput: standardInput) { [notices] notice in
            notices.all.withLock { $0.append(notice) }
        }
        try await list.catalog.wait { $0.isComplete ? () : nil }
        return list
    }

    /// What is offered: paths, folders with a slash behind them.
    private func paths(_ list: SourceList) -> [String] {
        (0..<list.counted.items).map { number in
            let item = list.item(number)
            return item.components.joined(separator: "/") + (item.kind == .folder ? "/" : "")
        }
    }

    private func make(_ names: String...) throws {
        for name in names {
            if name.hasSuffix("/") {
                try #require(mkdir(folder.path(name), 0o700) == 0, "\(name)")
            } else {
                try folder.write(Array(name.utf8), to: name)
            }
        }
    }

    private func noticed() -> [String] { notices.all.withLock { $0 }.sorted() }

    @Test func `a folder is offered in the order of its names' bytes, empty folders and hidden files too`() async throws
    {
        try make(
            "p/", "p/b/", "p/b/2", "p/b/1", "p/a.txt", "p/Z", "p/é", "p/.hidden", "p/empty/", "p/x/", "p/x/y/", "q")
        let list = try await list([.path(folder.path("q")), .path(folder.path("p/")), .path(folder.path("q"))])
        #expect(
            paths(list) == [
                "q", "p/.hidden", "p/Z", "p/a.txt", "p/b/1", "p/b/2", "p/empty/", "p/x/y/", "p/é", "q",
            ])
        #expect(list.counted.bytes == 35 && list.counted.isComplete)
        #expect(noticed().isEmpty)
        let item = list.item(4)
        #expect(String(decoding: item.path, as: UTF8.self) == folder.path("p//b/1"))
        #expect(item.message.modified != nil && item.message.path == ["p", "b", "1"] && item.message.size == 5)
        _ = try item.open()
    }

    @Test func `a file or words are there at once`() throws {
        try make("a")
        let list = try SourceList([.text("hé"), .path(folder.path("a"))])
        #expect(list.counted.isComplete && list.counted.items == 2 && list.counted.bytes == 4)
        #expect(list.item(0).kind == .text)
        #expect(list.listed(atMost: 9).map(\.name) == ["message.txt", "a"])
    }

    @Test func `a folder that has no name of its own takes its real one`() async throws {
        try make("p/", "p/f", "p/q/", "p/q/g")
        for path in ["p/.", "p/q/..", "p/q/../"] {
            #expect(paths(try await list([.path(folder.path(path))])) == ["p/f", "p/q/g"])
        }
        #expect(throws: TransferError.self) { try SourceList([.path("")]) }
    }

    @Test func `hidden names and patterns are left out where that is asked`() async throws {
        try make(
            "p/", "p/.git/", "p/.git/x", "p/.env", "p/a.o", "p/a.c", "p/build/", "p/build/a.c", "p/src/",
            "p/src/build", "p/src/a.o", "p/src/gen/", "p/src/gen/z.c")
        func left(_ excludes: String..., hidden: Bool = false) async throws -> [String] {
            var options = SourceOptions()
            options.excludes = excludes
            options.includesHidden = hidden
            return paths(try await list([.path(folder.path("p"))], options))
        }
        #expect(try await left("*.o") == ["p/a.c", "p/build/a.c", "p/src/build", "p/src/gen/z.c"])
        #expect(try await left("build/", "*.o") == ["p/a.c", "p/src/build", "p/src/gen/z.c"])
        #expect(try await left("build", "*.o") == ["p/a.c", "p/src/gen/z.c"])
        #expect(try await left("src/*.o", "/build") == ["p/a.c", "p/a.o", "p/src/build", "p/src/gen/z.c"])
        #expect(try await left("*/*.c", "*.o") == ["p/a.c", "p/build/", "p/src/build", "p/src/gen/z.c"])
        #expect(try await left("*") == ["p/"])
        #expect(try await left("*.?", "build", hidden: true) == ["p/.env", "p/.git/x", "p/src/gen/"])
        #expect(noticed().isEmpty)
    }

    @Test func `links inside folders are left out, or followed without going in circles`() async throws {
        try make("p/", "p/d/", "p/d/f", "p/real", "other/", "other/o")
        try #require(symlink("real", folder.path("p/link")) == 0)
        try #require(symlink("..", folder.path("p/d/up")) == 0)
        try #require(symlink("../other", folder.path("p/to-other")) == 0)
        try #require(symlink("nowhere", folder.path("p/dangling")) == 0)
        try #require(symlink("loop", folder.path("p/loop")) == 0)
        #expect(paths(try await list([.path(folder.path("p"))])) == ["p/d/f", "p/real"])
        #expect(noticed().count == 5 && noticed().allSatisfy { $0.hasSuffix("is a link; it is left out.") })
        notices.all.withLock { $0 = [] }
        var options = SourceOptions()
        options.followsLinks = true
        let followed = try await list([.path(folder.path("p"))], options)
        #expect(paths(followed) == ["p/d/f", "p/link", "p/real", "p/to-other/o"])
        let why = noticed()
        #expect(why.count == 3)
        #expect(why.first == "p/d/up leads back to a folder that it is in; it is left out.")
        // A link that is named itself is followed all the same.
        #expect(paths(try await list([.path(folder.path("p/to-other"))])) == ["to-other/o"])
    }

    @Test func `pipes, sockets and devices in a folder are left out, and named ones refused`() async throws {
        try make("p/", "p/a", "p/z")
        try #require(mkfifo(folder.path("p/pipe"), 0o600) == 0)
        let socketFile = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socketFile) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: folder.path("p/socket").utf8) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socketFile, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        #expect(paths(try await list([.path(folder.path("p"))])) == ["p/a", "p/z"])
        #expect(noticed().first == "p/pipe is a pipe; it is left out.")
        if isBound { #expect(noticed().last == "p/socket is a socket; it is left out.") }
        for path in [folder.path("p/pipe"), "/dev/zero"] {
            do throws(TransferError) {
                _ = try SourceList([.path(path)])
                Issue.record("\(path) was taken")
            } catch {
                #expect(error.code == .unreadable && error.message.hasSuffix("; only files can be sent."))
            }
        }
    }

    @Test(.enabled(if: getuid() != 0, "root may read everything"))
    func `what may not be read is left out, and the rest goes on`() async throws {
        try make("p/", "p/a", "p/closed/", "p/secret", "p/z")
        chmod(folder.path("p/closed"), 0)
        chmod(folder.path("p/secret"), 0)
        #expect(paths(try await list([.path(folder.path("p"))])) == ["p/a", "p/z"])
        #expect(noticed().count == 2)
        chmod(folder.path("p/closed"), 0o700)
        #expect(throws: TransferError.self) { try SourceList([.path(folder.path("p/secret"))]) }
    }

    @Test func `a name that is not UTF-8 is offered repaired, with a notice, and opened by its bytes`() async throws {
        try make("p/")
        let name: [CChar] = [0x61, -1, 0x62, 0]
        let parent = open(folder.path("p"), O_RDONLY | O_DIRECTORY)
        defer { close(parent) }
        let file = openat(parent, name, O_WRONLY | O_CREAT, 0o600)
        guard file >= 0 else { return }  // A file system that takes no such names.
        close(file)
        defer { unlinkat(parent, name, 0) }
        let list = try await list([.path(folder.path("p"))])
        #expect(paths(list) == ["p/a\u{FFFD}b"])
        #expect(noticed().count == 1)
        _ = try list.item(0).open()
    }

    @Test func `folders deeper than a path may be are left out`() async throws {
        var path = "p"
        try make("p/")
        for _ in 0..<70 {
            path += "/d"
            try make(path + "/")
        }
        try make("p/file")
        let list = try await list([.path(folder.path("p"))])
        #expect(paths(list).last == "p/file" && list.counted.items == 2)
        #expect(noticed().count == 1 && noticed()[0].contains("too many folders"))
    }

    @Test func `the first of many files are told before the last are found`() async throws {
        try make("p/")
        for number in 0..<3_000 { try make("p/\(number)") }
        let list = try SourceList([.path(folder.path("p"))])
        let first = try await list.catalog.wait { $0.entries.isEmpty ? nil : ($0.entries.count, $0.isComplete) }
        #expect(first.0 < 3_000 && !first.1)
        try await list.catalog.wait { $0.isComplete ? () : nil }
        #expect(list.counted.items == 3_000)
    }

    @Test func `a walk that is released ends`() async throws {
        try make("p/")
        for number in 0..<2_000 { try make("p/\(number)") }
        let list = try SourceList([.path(folder.path("p"))])
        list.release()
        do throws(TransferError) {
            try await list.catalog.wait { $0.isComplete ? () : nil }
        } catch {
            #expect(error == .canceled)
        }
    }

    @Test func `standard input is read as it comes, and once`() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let list = try await list([.standardInput(name: "log")], standardInput: ends[0])
        #expect(list.item(0).message.size == nil && list.counted.bytes == 0)
        let reader = SourceReader(list, payloadBytes: 1_000)
        func next() async throws -> SourceReader.Batch { try await reader.nextBatch(itemCount: 1) { _ in .whole } }
        guard case .waiting = try await next().rest else {
            Issue.record("did not wait")
            return
        }
        var sent = [UInt8](repeating: 7, count: 2_500)
        #expect(write(ends[1], &sent, sent.count) == sent.count)
        let batch = try await next()
        var bytes: [UInt8] = []
        for case .frame(0, let offset, let message) in batch.pieces {
            #expect(Int(offset) == bytes.count)
            bytes += try DataFrame(message).payload
        }
        #expect(bytes == sent)
        close(ends[1])
        let last = try await next()
        guard case .end(0, 2_500, let digest)? = last.pieces.last, case .none = last.rest else {
            Issue.record("\(last)")
            return
        }
        #expect(digest == root(of: sent))
        let second = try await SourceReader(list, payloadBytes: 1_000).nextBatch(itemCount: 1) { _ in .whole }
        guard case .stop(0, let error?)? = second.pieces.last else {
            Issue.record("\(second)")
            return
        }
        #expect(error.code == .unreadable)
    }
}
