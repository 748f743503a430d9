internal import Signaling

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The file by which a rendezvous server tells the next one what it is to remember. It holds no secret.
struct ServiceState: Sendable {
    let path: String

    /// - Parameter now: in seconds since 1970.
    /// - Returns: what the server before this one left, and how long ago; nil when there is nothing of use, or nothing
    ///   that this user alone can have written: whoever writes the hashes of tokens can take the rooms.
    func load(at now: Int64) -> (rooms: RoomMemory, age: Duration)? {
        guard let text = Self.read(path), let end = text.firstIndex(of: "\n"),
            let saved = Self.moment(text[..<end]),
            let memory = RoomMemory(parsing: String(text[text.index(after: end)...]))
        else { return nil }
        // A clock that was set back makes it younger than it is, at worst as if it were new.
        return (memory, .seconds(max(0, now - saved)))
    }

    /// Puts it on the disk, for this user alone.
    ///
    /// - Returns: whether it could be done.
    func save(_ memory: RoomMemory, at now: Int64) -> Bool {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            let folder = String(path[..<slash])
            // A folder that is there is as its owner wants it.
            if access(folder, F_OK) != 0, !StateFolder.make(folder) { return false }
        }
        return DurableText.save("saved \(now)\n" + memory.text, as: path)
    }

    /// More than a server with all its rooms, and all numbers that rest, leaves.
    private static let mostBytes = 16 << 20

    private static func read(_ path: String) -> String? {
        // Without O_NONBLOCK a pipe in its place would never open.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0, status.st_size <= mostBytes
        else { return nil }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= mostBytes {
            #if canImport(Glibc)
                let count = Glibc.read(file, &block, block.count)
            #else
                let count = Darwin.read(file, &block, block.count)
            #endif
            if count == 0 { return String(validating: bytes, as: UTF8.self) }
            if count > 0 { bytes += block[..<count] } else if errno != EINTR { return nil }
        }
        return nil
    }

    private static func moment(_ line: Substring) -> Int64? {
        guard line.hasPrefix("saved ") else { return nil }
        return Int64(line.dropFirst("saved ".count)).flatMap { (0...1 << 40).contains($0) ? $0 : nil }
    }
}

/// The calendar, for logs and files.
enum ServiceClock {
    static var secondsSince1970: Int64 { Int64(time(nil)) }

    /// `2026-11-21T20:03:59.123Z`
    static var text: String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var (parts, seconds) = (tm(), now.tv_sec)
        gmtime_r(&seconds, &parts)
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
        return "\(date)T\(time).\(digits(now.tv_nsec / 1_000_000, 3))Z"
    }
}
