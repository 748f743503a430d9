internal import Digests
internal import JSON
internal import Signaling
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How often this user has tried a code in vain, by server and number: kept for 24 hours after the last time, so that
/// starting the command again gives nobody more guesses (Docs/Protocols/Rooms.md, Three looks).
struct LookStore: Sendable {
    /// In seconds.
    static let lifetime: Int64 = 24 * 3600

    private let folder: String
    private let path: String

    /// - Parameter folder: where counts are kept; it is made when it is missing.
    init(_ number: RoomNumber, at rendezvous: Rendezvous, in folder: String) {
        self.folder = folder
        let name = SHA256.hash(Array("\(rendezvous.pageAddress) \(number)".utf8))
            .prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        path = "\(folder)/\(name)"
    }

    /// The count of a code on this side, which is on the disk before anything of a look is sent.
    ///
    /// - Parameter folder: nil where nothing can be kept; then the count lives as long as the process.
    static func count(_ number: RoomNumber, at rendezvous: Rendezvous, in folder: StateFolder?) -> LookCount {
        guard let folder else { return LookCount() }
        let store = LookStore(number, at: rendezvous, in: folder.looks)
        let start = store.failed(at: now)
        // Another process may try the same: what is added counts, not what it adds up to here.
        let known = Mutex(start)
        return LookCount(failed: start) { failed in
            known.withLock { known in
                store.add(failed - known, at: now)
                known = failed
            }
        }
    }

    /// - Parameter now: in seconds since 1970.
    func failed(at now: Int64) -> Int {
        guard let text = SystemText.read(path), text.utf8.count < 256,
            let object = try? JSONValue(parsing: text, depthLimit: 2, unpairedSurrogates: .refused).object,
            object["version"]?.integer == 1, let failed = object["failed"]?.integer, (0...1000).contains(failed),
            let last = object["last"]?.integer, (0...1 << 52).contains(last), now - last <= Self.lifetime
        else { return 0 }
        return Int(failed)
    }

    /// Changes the count on the disk; when this returns it survives a loss of power.
    func add(_ difference: Int, at now: Int64) {
        guard StateFolder.make(folder) else { return }
        let turn = open("\(folder)/.turn", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard turn >= 0 else { return }
        flock(turn, LOCK_EX)
        defer {
            flock(turn, LOCK_UN)
            close(turn)
        }
        removeStale(at: now)
        let failed = max(0, min(1000, self.failed(at: now) + difference))
        guard failed > 0 else {
            unlink(path)
            return
        }
        let object: JSONObject = [
            "version": .integer(1), "failed": .integer(Int64(failed)), "last": .integer(now),
        ]
        let new = "\(path).new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        let bytes = Array(JSONValue.object(object).text.utf8)
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let isWhole = count == bytes.count && fsync(file) == 0
        close(file)
        if !isWhole || rename(new, path) != 0 { unlink(new) }
    }

    /// Counts that are of no use any more.
    private func removeStale(at now: Int64) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard !name.hasPrefix("."), lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG
            else { continue }
            #if canImport(Glibc)
                let modified = Int64(status.st_mtim.tv_sec)
            #else
                let modified = Int64(status.st_mtimespec.tv_sec)
            #endif
            if now - modified > Self.lifetime { unlink("\(folder)/\(name)") }
        }
    }

    private static var now: Int64 { Int64(time(nil)) }
}
