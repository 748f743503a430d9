/// The lines of Linux's /proc/net/tcp and tcp6 that tell who listens at a port (proc(5)).
enum ListeningSocket {
    /// The inodes of the sockets that listen at `port`.
    ///
    /// - Parameter table: the text of /proc/net/tcp or /proc/net/tcp6; lines that make no sense are skipped.
    static func inodes(at port: UInt16, in table: String) -> [UInt64] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            // sl, local address, remote address, state (0A: LISTEN), queues, timer, retransmissions, uid, timeout,
            // inode
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { return nil }
            return UInt64(fields[9])
        }
    }

    /// The inode in what a link of /proc/PID/fd points to: `socket:[12345]`.
    static func inode(ofLink target: String) -> UInt64? {
        guard target.hasPrefix("socket:["), target.hasSuffix("]") else { return nil }
        return UInt64(target.dropFirst("socket:[".count).dropLast())
    }
}
