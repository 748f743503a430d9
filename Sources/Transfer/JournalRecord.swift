internal import CPlatform
internal import Wire

/// One line of a ``Journal``.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +---------------------------------------------------------------+
///     |                   length of what follows the CRC              |
///     +---------------------------------------------------------------+
///     |     CRC32C of the record's place in the file (64 bits),       |
///     |     then of what follows                                      |
///     +---------------+-----------------------------------------------+
///     |     kind      |  fields, big-endian; texts with 16-bit lengths |
///     +---------------+-----------------------------------------------+
///
/// The place is in the sum so that a stale or repeated stretch of the file is never taken for a record; the kind is
/// never 0, so neither are zeros.
enum JournalRecord: Sendable, Equatable {
    /// The first of a file.
    case header(transfer: String, session: String)
    /// The person said yes to the complete list with this digest.
    case accepted(digest: TreeDigest, policy: ExistingFilePolicy)
    /// Bytes of the item go to this file beneath the root. What was said of the item before does not hold any more.
    case begun(ItemKey, name: String, parent: [String], FileIdentity)
    /// The first bytes of the part are on the disk.
    case durable(ItemKey, bytes: Int64)
    /// The hash of a whole segment of the part.
    case segment(ItemKey, index: Int, hash: TreeDigest)
    /// The part is whole, its root matched, and it is about to take its final name.
    case placing(ItemKey, root: TreeDigest, components: [String], FileIdentity)
    /// The item has its final name.
    case done(ItemKey)

    static let headByteCount = 8
    /// A path of 4 KiB, its name, and room.
    static let byteLimit = 16_384
    private static let magic: UInt64 = 0x4D41_5254_4C45_544A
    private static let version: UInt8 = 1

    // MARK: Writing

    /// The record as it is written at `place` of the file.
    func encoded(at place: Int64) -> [UInt8] {
        var body = ByteWriter()
        write(to: &body)
        var writer = ByteWriter()
        writer.write(UInt32(truncatingIfNeeded: body.bytes.count))
        writer.write(Self.sum(of: body.bytes[...], at: place))
        writer.write(body.bytes)
        return writer.bytes
    }

    private static func sum(of body: ArraySlice<UInt8>, at place: Int64) -> UInt32 {
        var writer = ByteWriter()
        writer.write(UInt64(bitPattern: place))
        writer.write(body)
        return martlet_crc32c(writer.bytes, writer.bytes.count)
    }

    private func write(to body: inout ByteWriter) {
        switch self {
        case .header(let transfer, let session):
            body.write(UInt8(1))
            body.write(Self.magic)
            body.write(Self.version)
            body.write(counted: transfer)
            body.write(counted: session)
        case .accepted(let digest, let policy):
            body.write(UInt8(2))
            body.write(digest.bytes)
            body.write(counted: policy.rawValue)
        case .begun(let key, let name, let parent, let file):
            body.write(UInt8(3))
            body.write(key)
            body.write(file)
            body.write(counted: name)
            body.write(counted: parent)
        case .durable(let key, let bytes):
            body.write(UInt8(4))
            body.write(key)
            body.write(UInt64(bitPattern: bytes))
        case .segment(let key, let index, let hash):
            body.write(UInt8(5))
            body.write(key)
            body.write(UInt32(truncatingIfNeeded: index))
            body.write(hash.bytes)
        case .placing(let key, let root, let components, let file):
            body.write(UInt8(6))
            body.write(key)
            body.write(file)
            body.write(root.bytes)
            body.write(counted: components)
        case .done(let key):
            body.write(UInt8(7))
            body.write(key)
        }
    }

    // MARK: Reading

    /// Reads records from the beginning of `bytes`, which lie at `place` of the file, up to the first that is not
    /// whole.
    ///
    /// - Returns: the records, and how many bytes they take.
    static func read(_ bytes: ArraySlice<UInt8>, at place: Int64) -> (records: [JournalRecord], byteCount: Int) {
        var records: [JournalRecord] = []
        var done = 0
        while case let rest = bytes.dropFirst(done), rest.count > headByteCount {
            let head = Array(rest.prefix(headByteCount))
            let length = Int(head[0]) << 24 | Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
            let claimed = UInt32(head[4]) << 24 | UInt32(head[5]) << 16 | UInt32(head[6]) << 8 | UInt32(head[7])
            guard (1...byteLimit).contains(length), rest.count - headByteCount >= length else { break }
            let body = rest.dropFirst(headByteCount).prefix(length)
            guard sum(of: body, at: place + Int64(done)) == claimed, let record = try? JournalRecord(Array(body)) else {
                break
            }
            records.append(record)
            done += headByteCount + length
        }
        return (records, done)
    }

    private init(_ body: [UInt8]) throws(ByteReaderError) {
        var reader = ByteReader(body.span.bytes)
        switch try reader.readUInt8() {
        case 1:
            guard try reader.readUInt64() == Self.magic, try reader.readUInt8() == Self.version else {
                throw .invalidText
            }
            self = .header(transfer: try reader.readCountedText(), session: try reader.readCountedText())
        case 2:
            let digest = try reader.readDigest()
            guard let policy = ExistingFilePolicy(rawValue: try reader.readCountedText()) else { throw .invalidText }
            self = .accepted(digest: digest, policy: policy)
        case 3:
            let key = try reader.readKey()
            let file = try reader.readIdentity()
            let name = try reader.readName()
            self = .begun(key, name: name, parent: try reader.readNames(), file)
        case 4:
            let key = try reader.readKey()
            let bytes = Int64(bitPattern: try reader.readUInt64())
            guard bytes >= 0 else { throw .invalidText }
            self = .durable(key, bytes: bytes)
        case 5:
            let key = try reader.readKey()
            self = .segment(key, index: Int(try reader.readUInt32()), hash: try reader.readDigest())
        case 6:
            let key = try reader.readKey()
            let file = try reader.readIdentity()
            let root = try reader.readDigest()
            self = .placing(key, root: root, components: try reader.readNames(), file)
        case 7: self = .done(try reader.readKey())
        default: throw .invalidText
        }
        guard reader.isAtEnd else { throw .invalidText }
    }
}

extension ByteWriter {
    fileprivate mutating func write(counted text: String) {
        write(UInt16(truncatingIfNeeded: text.utf8.count))
        write(text: text)
    }

    fileprivate mutating func write(counted texts: [String]) {
        write(UInt16(truncatingIfNeeded: texts.count))
        for text in texts { write(counted: text) }
    }

    fileprivate mutating func write(_ key: ItemKey) {
        write(key.high)
        write(key.low)
    }

    fileprivate mutating func write(_ file: FileIdentity) {
        write(file.inode)
        write(file.device)
    }
}

extension ByteReader {
    fileprivate mutating func readCountedText() throws(ByteReaderError) -> String {
        try readText(Int(try readUInt16()))
    }

    /// A name in a folder. Whoever could write another into a journal of ours could have files elsewhere removed.
    fileprivate mutating func readName() throws(ByteReaderError) -> String {
        let name = try readCountedText()
        guard !["", ".", ".."].contains(name), !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
            throw .invalidText
        }
        return name
    }

    fileprivate mutating func readNames() throws(ByteReaderError) -> [String] {
        var names: [String] = []
        for _ in 0..<(try readUInt16()) { names.append(try readName()) }
        return names
    }

    fileprivate mutating func readDigest() throws(ByteReaderError) -> TreeDigest {
        TreeDigest(exactly: try readBytes(TreeDigest.byteCount))
    }

    fileprivate mutating func readKey() throws(ByteReaderError) -> ItemKey {
        ItemKey(high: try readUInt64(), low: try readUInt64())
    }

    fileprivate mutating func readIdentity() throws(ByteReaderError) -> FileIdentity {
        FileIdentity(inode: try readUInt64(), device: try readUInt64())
    }
}
