internal import Digests
internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Remembers the hashes of segments of files that were sent, so that a resumed transfer need not read again what went
/// out before. A sender's; one small file for each file sent, in a folder that nobody else may read.
///
/// What is remembered counts while size, times, inode and device of the file are what they were. Everything about it
/// may fail: then files are read once more, and nothing else is lost.
public final class HashStore: Sendable {
    /// More files than these, or older ones, are forgotten, the oldest first.
    private static let fileLimit = 1_000
    private static let ageLimitSeconds = 30 * 86_400
    /// A file of hashes of 64 TiB.
    private static let byteLimit: Int64 = 72 << 20
    private static let suffix = ".hashes"

    private let folder: String
    private let wasPruned = Mutex(false)

    /// - Parameter folder: is made, readable by nobody else, when it is not there; its parent must be.
    public init(folder: String) {
        self.folder = folder
    }

    /// The segments of a file that are known, from its first one on. Blocks on the file system.
    ///
    /// - Parameter path: bytes of an absolute path, or of one in the working directory.
    func segments(of path: [UInt8], _ status: FileStatus) -> [TreeDigest] {
        guard let file = try? OpenFile(reading: place(of: path)), let found = try? file.status(),
            found.isRegular, found.size <= Self.byteLimit
        else { return [] }
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(found.size)) { buffer, initialized in
            initialized = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)) ?? 0
        }
        return Self.parse(bytes, status) ?? []
    }

    /// Remembers segments in place of what was known of the file. Blocks on the file system.
    func remember(_ segments: [TreeDigest], of path: [UInt8], _ status: FileStatus) {
        // Of very large files each time would write more than it saves.
        guard segments.count < 1_024 || segments.count % 16 == 0 else { return }
        mkdir(folder, 0o700)
        prune()
        var text = Self.header(status)
        for segment in segments { text += "\n\(segment)" }
        let bytes = Array(text.utf8)
        let seal = TreeDigest(exactly: SHA256.hash(bytes))
        let place = place(of: path)
        let temporary = "\(place).\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let file = OpenFile(takingOwnershipOf: descriptor)
        let content = bytes + Array("\n\(seal)\n".utf8)
        let isWritten = content.withUnsafeBytes { (try? file.write($0, at: 0)) != nil }
        if !isWritten || rename(temporary, place) != 0 { unlink(temporary) }
    }

    /// One name for each path; two working directories have two.
    private func place(of path: [UInt8]) -> String {
        var whole = path
        if path.first != UInt8(ascii: "/"), let here = getcwd(nil, 0) {
            whole = Array(String(cString: here).utf8) + [UInt8(ascii: "/")] + path
            free(here)
        }
        let name = TreeDigest(exactly: SHA256.hash(whole)).description.prefix(32)
        return "\(folder)/\(name)\(Self.suffix)"
    }

    private static func header(_ status: FileStatus) -> String {
        "martlet-hashes 1 \(status.size) \(status.modifiedSeconds).\(status.modifiedNanoseconds) "
            + "\(status.changedSeconds).\(status.changedNanoseconds) \(status.inode) \(status.device)"
    }

    /// Nil when the file is damaged, or of another state of the source.
    private static func parse(_ bytes: [UInt8], _ status: FileStatus) -> [TreeDigest]? {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.removeLast().isEmpty, lines[0] == header(status) else { return nil }
        let seal = lines.removeLast()
        let sealed = Array(lines.joined(separator: "\n").utf8)
        guard seal == TreeDigest(exactly: SHA256.hash(sealed)).description else { return nil }
        var segments: [TreeDigest] = []
        for line in lines.dropFirst() {
            guard let segment = TreeDigest(hexadecimal: String(line)) else { return nil }
            segments.append(segment)
        }
        guard Int64(segments.count) <= status.size / HashTree.segmentBytes else { return nil }
        return segments
    }

    /// Forgets what is old or too much, once.
    private func prune() {
        let isFirst = wasPruned.withLock { wasPruned in
            defer { wasPruned = true }
            return !wasPruned
        }
        guard isFirst, let directory = try? OpenFile(directory: folder), let names = try? directory.names() else {
            return
        }
        var kept: [(name: [UInt8], modified: Int64)] = []
        let oldest = Int64(time(nil)) - Int64(Self.ageLimitSeconds)
        for name in names where String(decoding: name, as: UTF8.self).contains(Self.suffix) {
            guard let status = try? FileStatus(of: name, in: directory, followsLink: false) else { continue }
            if status.modifiedSeconds < oldest {
                forget(name, in: directory)
            } else {
                kept.append((name, status.modifiedSeconds))
            }
        }
        kept.sort { $0.modified > $1.modified }
        for entry in kept.dropFirst(Self.fileLimit - 1) { forget(entry.name, in: directory) }
    }

    private func forget(_ name: [UInt8], in directory: OpenFile) {
        OpenFile.withCString(name) { _ = unlinkat(directory.descriptor, $0, 0) }
    }
}
