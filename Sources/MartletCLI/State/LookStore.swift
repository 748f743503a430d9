internal import Digests
internal import JSON
internal import Signaling
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How often this user has tried a code in vain, by server, number and words: kept for 24 hours after the last time, so
/// that starting the command again gives nobody more guesses (Docs/Protocols/Rooms.md, Three looks). A fresh code that
/// happens to have the number of an old one has its own three.
struct LookStore: Sendable {
    /// In seconds.
    static let lifetime: Int64 = 24 * 3600

    private let folder: String
    private let code: RoomCode
    private let rendezvous: Rendezvous

    /// - Parameter folder: where counts are kept; it is made when it is missing.
    init(_ code: RoomCode, at rendezvous: Rendezvous, in folder: String) {
        self.folder = folder
        self.code = code
        self.rendezvous = rendezvous
    }

    /// Wrong tries of one visit at one number, whatever the words were.
    final class Visit: Sendable {
        fileprivate let tries = Mutex(0)
    }

    /// The count of a code on this side: what the disk says at each moment, since other commands of this user may try
    /// the same, and on the disk before anything of a look is sent. One visit has no more than three whatever it tries.
    ///
    /// - Parameters:
    ///   - folder: nil where nothing can be kept.
    ///   - onLost: called once, when a look cannot be kept: it counts as long as the process lives.
    static func count(
        _ code: RoomCode, at rendezvous: Rendezvous, in folder: StateFolder?, by visit: Visit = Visit(),
        onLost: @escaping @Sendable () -> Void = {}
    ) -> LookCount {
        let kept = kept(folder.map { LookStore(code, at: rendezvous, in: $0.looks) }, onLost: onLost)
        return LookCount(
            reading: { max(kept.failed, visit.tries.withLock { $0 }) },
            changing: { difference in
                visit.tries.withLock { tries in
                    if difference > 0 {
                        guard tries < LookCount.limit, kept.take() else { return false }
                    } else {
                        kept.giveBack()
                    }
                    tries = max(0, tries + difference)
                    return true
                }
            })
    }

    private static func kept(_ store: LookStore?, onLost: @escaping @Sendable () -> Void) -> LookCount {
        let lost = Mutex((count: 0, isTold: false))
        return LookCount(
            reading: { (store?.failed(at: now) ?? 0) + lost.withLock { $0.count } },
            changing: { difference in
                let (isDone, isNews) = lost.withLock { lost -> (Bool, Bool) in
                    if difference < 0, lost.count > 0 {
                        lost.count -= 1
                        return (true, false)
                    }
                    switch store?.change(by: difference, below: LookCount.limit - lost.count, at: now) ?? .lost {
                    case .done: return (true, false)
                    case .refused: return (false, false)
                    case .lost:
                        guard difference > 0 else { return (true, false) }
                        guard (store?.failed(at: now) ?? 0) + lost.count < LookCount.limit else {
                            return (false, false)
                        }
                        lost.count += difference
                        defer { lost.isTold = true }
                        return (true, !lost.isTold)
                    }
                }
                if isNews { onLost() }
                return isDone
            })
    }

    enum Outcome: Sendable, Equatable {
        case done
        /// There are as many already.
        case refused
        /// The disk does not take it.
        case lost
    }

    /// - Parameter now: in seconds since 1970.
    func failed(at now: Int64) -> Int { entry(at: now)?.failed ?? 0 }

    /// The last look is so new that whoever took it may not have heard whether the words are right.
    ///
    /// - Parameter now: in seconds since 1970.
    func isFresh(at now: Int64) -> Bool {
        entry(at: now).map { now - $0.last <= Self.exchangeTime } ?? false
    }

    /// In seconds: an exchange that takes longer has failed for whoever waits for it.
    private static let exchangeTime: Int64 = 3

    private func entry(at now: Int64) -> (failed: Int, last: Int64)? {
        guard let path = path(makesKey: false), let text = SystemText.read(path), text.utf8.count < 256,
            let object = try? JSONValue(parsing: text, depthLimit: 2, unpairedSurrogates: .refused).object,
            object["version"]?.integer == 1, let failed = object["failed"]?.integer, (0...1000).contains(failed),
            let last = object["last"]?.integer, (0...1 << 52).contains(last), now - last <= Self.lifetime
        else { return nil }
        return (Int(failed), last)
    }

    /// Changes the count on the disk, one process after the other; when this returns it survives a loss of power.
    ///
    /// - Parameter limit: what has reached it is not added to.
    func change(by difference: Int, below limit: Int = LookCount.limit, at now: Int64) -> Outcome {
        guard StateFolder.make(folder) else { return .lost }
        let turn = open("\(folder)/.turn", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard turn >= 0 else { return .lost }
        flock(turn, LOCK_EX)
        defer {
            flock(turn, LOCK_UN)
            close(turn)
        }
        removeStale(at: now)
        guard let path = path(makesKey: true) else { return .lost }
        let before = failed(at: now)
        guard difference < 0 || before < limit else { return .refused }
        let failed = max(0, min(1000, before + difference))
        guard failed > 0 else { return unlink(path) == 0 || errno == ENOENT ? .done : .lost }
        let object: JSONObject = [
            "version": .integer(1), "failed": .integer(Int64(failed)), "last": .integer(now),
        ]
        return DurableText.save(JSONValue.object(object).text, as: path) ? .done : .lost
    }

    /// The file of the count. Its name is a keyed hash: with the key alone somebody could try words, without it nobody.
    ///
    /// - Parameter makesKey: for whoever has the turn.
    private func path(makesKey: Bool) -> String? {
        guard let key = key() ?? (makesKey ? newKey() : nil) else { return nil }
        let name = HMAC.authenticationCode(
            .sha256, key: key, message: Array("\(rendezvous.pageAddress) \(code.text)".utf8))
        return "\(folder)/\(name.prefix(16).hexadecimal)"
    }

    private static let keyByteCount = 32

    private func key() -> [UInt8]? {
        guard let text = SystemText.read("\(folder)/.key")?.trimmed, text.utf8.count == 2 * Self.keyByteCount else {
            return nil
        }
        return Array(text.utf8)
    }

    private func newKey() -> [UInt8]? {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<Self.keyByteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let text = bytes.hexadecimal
        return DurableText.save(text + "\n", as: "\(folder)/.key") ? Array(text.utf8) : nil
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

    /// In seconds since 1970.
    static var now: Int64 { Int64(time(nil)) }
}
