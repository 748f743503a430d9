internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The process that listens at a TCP port, as far as this user may see.
struct PortHolder: Sendable, Equatable {
    var process: Int32
    /// The program's name, fit to be shown.
    var name: String

    /// Looks through /proc; nil where there is none, or the process is somebody else's.
    static func find(port: UInt16) -> PortHolder? {
        let inodes = Set(
            ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
                SystemText.read(path).map { ListeningSocket.inodes(at: port, in: $0) } ?? []
            })
        guard !inodes.isEmpty else { return nil }
        for process in entries(of: "/proc").compactMap({ Int32($0) }) {
            let folder = "/proc/\(process)/fd"
            for descriptor in entries(of: folder) {
                guard let target = link("\(folder)/\(descriptor)"), let inode = ListeningSocket.inode(ofLink: target),
                    inodes.contains(inode)
                else { continue }
                let name = SystemText.read("/proc/\(process)/comm")?.trimmed ?? "?"
                return PortHolder(process: process, name: Printable.line(name, columns: 40))
            }
        }
        return nil
    }

    /// The failure to be shown when a port cannot be had.
    static func failure(port: UInt16, holder: PortHolder?) -> CommandFailure {
        let who = holder.map { "\($0.name) (process \($0.process))" } ?? "another program"
        let look = holder == nil ? "; “ss -ltnp” run by root shows which program it is" : ""
        return CommandFailure(
            .localResource, "Port \(port) is in use by \(who).",
            remedy: "another --port, or leave --port out and a free one is taken\(look)")
    }

    // MARK: Reading

    private static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return 0 }
            return readlink(path, start, bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
