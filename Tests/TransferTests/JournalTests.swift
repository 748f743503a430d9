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

struct JournalTests {
    private let folder: TemporaryFolder
    private let root: OpenFile

    init() throws {
        folder = try TemporaryFolder(isInMemory: true)
        root = try OpenFile(directory: folder.path)
    }

    private static let hash = TreeDigest(exactly: (0..<32).map { UInt8($0) })

    private static let records: [JournalRecord] = {
        let key = ItemKey(path: ["a", "b"], size: 7, modified: nil, kind: "file", occurrence: 0)
        let file = FileIdentity(inode: 77, device: .max)
        return [
            .header(transfer: "transfer", session: "s\u{E9}ssion"),
            .accepted(digest: hash, policy: .rename), .begun(key, name: ".b.00000000.part", parent: ["a"], file),
            .durable(key, bytes: 1 << 40), .segment(key, index: 0, hash: hash),
            .placing(key, root: hash, components: ["a", "b (1)"], file), .done(key),
        ]
    }()

    private static let written: (bytes: [UInt8], ends: [Int]) = {
        var bytes: [UInt8] = []
        var ends = [0]
        for record in records {
            bytes += record.encoded(at: Int64(bytes.count))
            ends.append(bytes.count)
        }
        return (bytes, ends)
    }()

    @Test func `what is written is read`() {
        let (records, byteCount) = JournalRecord.read(Self.written.bytes[...], at: 0)
        #expect(records == Self.records && byteCount == Self.written.bytes.count)
    }

    @Test func `cut anywhere, what is read is what was whole`() {
        for count in 0...Self.written.bytes.count {
            let (records, byteCount) = JournalRecord.read(Self.written.bytes[..<count], at: 0)
            let whole = Self.written.ends.last { $0 <= count } ?? 0
            #expect(byteCount == whole)
            #expect(records == Array(Self.records.prefix(records.count)))
        }
    }

    @Test func `with any byte changed, what is read is a beginning of what was written`() {
        for index in Self.written.bytes.indices {
            for change in [1, 0x80, 0xFF] as [UInt8] {
                var bytes = Self.written.bytes
                bytes[index] ^= change
                let (records, byteCount) = JournalRecord.read(bytes[...], at: 0)
                #expect(records == Array(Self.records.prefix(records.count)))
                #expect(byteCount <= index, "byte \(index)")
            }
        }
    }

    @Test func `zeros, repeated stretches and other places are no records`() {
        #expect(JournalRecord.read(ArraySlice(repeating: 0, count: 10_000), at: 0).records.isEmpty)
        let (bytes, ends) = Self.written
        #expect(JournalRecord.read(bytes[...], at: 1).records.isEmpty)
        let repeated = bytes + bytes[..<ends[1]]
        #expect(JournalRecord.read(repeated[...], at: 0).records == Self.records)
    }

    private func make() throws -> Journal {
        try Journal.new(transfer: "transfer", session: "s", in: root)
    }

    private var name: String { Journal.name(transfer: "transfer") }

    @Test func `a journal is one hidden file for its owner, and goes with its transfer`() throws {
        let journal = try make()
        #expect(folder.names == [name] && name.hasPrefix(".martlet-") && name.hasSuffix(".journal"))
        #expect(try folder.status(name).st_mode & 0o777 == 0o600)
        journal.remove()
        #expect(folder.names.isEmpty)
    }

    @Test func `two receivers do not share a journal`() throws {
        let journal = try make()
        #expect(throws: Journal.Failure.locked) { _ = try Journal.existing(transfer: "transfer", in: root) }
        withExtendedLifetime(journal) {}
    }

    @Test func `a torn tail is cut off and written over`() throws {
        for cut in 1..<20 {
            var journal: Journal? = try make()
            try journal?.append(Self.records[1...].map { $0 })
            journal = nil
            try #require(truncate(folder.path(name), off_t(try folder.status(name).st_size) - off_t(cut)) == 0)
            do {
                var (again, state) = try #require(try Journal.existing(transfer: "transfer", in: root))
                #expect(!state.items.values.contains { $0.isDone } && state.acceptedDigest == Self.hash)
                try again.append(Self.records[6])
            }
            let (last, state) = try #require(try Journal.existing(transfer: "transfer", in: root))
            #expect(state.items.values.contains { $0.isDone })
            last.remove()
        }
    }

    @Test func `a damaged beginning, or another transfer's, means no journal`() throws {
        for content in [[UInt8](), [1, 2, 3], [UInt8](repeating: 0, count: 100)] {
            try folder.write(content, to: name)
            #expect(try Journal.existing(transfer: "transfer", in: root) == nil)
            let journal = try make()
            #expect(try folder.read(name).count > 20)
            journal.remove()
        }
        var bytes = JournalRecord.header(transfer: "other", session: "").encoded(at: 0)
        bytes += Self.records[1].encoded(at: Int64(bytes.count))
        try folder.write(bytes, to: name)
        #expect(try Journal.existing(transfer: "transfer", in: root) == nil)
    }

    @Test func `what was planted in its place is not followed and not touched`() throws {
        let outside = try TemporaryFolder()
        try outside.write([9], to: "victim")
        try #require(symlink(outside.path("victim"), folder.path(name)) == 0)
        #expect(throws: Journal.Failure.self) { _ = try Journal.existing(transfer: "transfer", in: root) }
        #expect(throws: Journal.Failure.self) { _ = try make() }
        #expect(try outside.read("victim") == [9])
        unlink(folder.path(name))
        try #require(mkfifo(folder.path(name), 0o600) == 0)
        #expect(throws: Journal.Failure.self) { _ = try Journal.existing(transfer: "transfer", in: root) }
        unlink(folder.path(name))
        try #require(mkdir(folder.path(name), 0o700) == 0)
        #expect(throws: Journal.Failure.self) { _ = try make() }
    }

    @Test func `a part that is begun again forgets what was said of the first`() {
        var state = JournalState()
        for record in Self.records[1...5] { state.note(record) }
        #expect(state.isWorthKeeping && state.items.values.first?.segments.count == 1)
        state.note(Self.records[2])
        #expect(!state.isWorthKeeping && state.items.values.first?.durableBytes == 0)
    }
}
