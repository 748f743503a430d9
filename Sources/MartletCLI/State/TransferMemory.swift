internal import Digests
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The place on the disk for the record of one transfer: that of certain sources, with certain options. Held by one
/// process at a time.
final class TransferMemory: Sendable {
    private let path: String
    private let lockPath: String
    private let lock: Int32

    /// Nil when another process sends the same at this moment, or nothing can be kept.
    ///
    /// - Parameters:
    ///   - identity: what makes a command the same as an earlier one.
    ///   - folder: that of the records; it is made when it is missing.
    init?(_ identity: [String], in folder: String) {
        guard StateFolder.make(folder) else { return nil }
        let name = SHA256.hash(Array(identity.map { "\($0.utf8.count):\($0)" }.joined().utf8))
            .prefix(16).hexadecimal
        path = "\(folder)/\(name).json"
        lockPath = "\(folder)/\(name).lock"
        guard let lock = Self.lock(lockPath) else { return nil }
        self.lock = lock
    }

    deinit {
        // By itself, closing would leave the lock to a process that is being started at this moment, until its exec.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// What an earlier process has left; nil when that is nothing, or too old.
    ///
    /// - Parameter now: in seconds since 1970.
    func load(at now: Int64) -> TransferRecord? {
        guard let record = text.flatMap({ TransferRecord(text: $0) }), !record.isStale(at: now) else { return nil }
        return record
    }

    /// What stands there; nil when there is nothing.
    var text: String? { SystemText.read(path) }

    /// Puts it on the disk, in place of what is there; when this returns it survives a loss of power.
    ///
    /// - Returns: whether it could be done.
    func save(_ record: TransferRecord) -> Bool { save(record.text) }

    /// The same for any text.
    @discardableResult
    func save(_ text: String) -> Bool { DurableText.save(text, as: path) }

    /// There is nothing to go on with any more.
    func forget() {
        unlink(lockPath)
        forgetRecord()
    }

    /// What was recorded is of no use any more, but something new may be.
    func forgetRecord() {
        DurableText.remove(path)
    }

    private static func lock(_ path: String) -> Int32? {
        // Some times, because the one who held it may remove it between our opening and our locking.
        for _ in 0..<5 {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { return nil }
            var (ours, there) = (stat(), stat())
            if flock(file, LOCK_EX | LOCK_NB) == 0, fstat(file, &ours) == 0, stat(path, &there) == 0,
                ours.st_ino == there.st_ino
            {
                return file
            }
            close(file)
        }
        return nil
    }
}
