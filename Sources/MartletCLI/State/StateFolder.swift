internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The folder in which the program keeps what outlives it: secrets of unfinished transfers, hashes of files.
struct StateFolder: Sendable, Equatable {
    let path: String

    /// `$MARTLET_STATE_DIR`, else `martlet` in `$XDG_STATE_HOME` or `~/.local/state`; nil without any of them.
    init?(_ environment: (String) -> String?) {
        if let path = environment("MARTLET_STATE_DIR"), !path.isEmpty {
            self.path = path
        } else if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") {
            path = "\(base)/martlet"
        } else if let home = environment("HOME"), !home.isEmpty {
            path = "\(home)/.local/state/martlet"
        } else {
            return nil
        }
    }

    /// Records of unfinished transfers, see ``TransferMemory``.
    var transfers: String { "\(path)/transfers" }
    /// Hashes of segments of files that were sent, so that they need not be read again.
    var hashes: String { "\(path)/hashes" }
    /// Codes that were tried in vain, see ``LookStore``.
    var looks: String { "\(path)/looks" }

    /// Makes the folder of that path, and those it lies in, for this user alone.
    ///
    /// - Returns: false when that is not possible, or the folder is another user's.
    static func make(_ path: String) -> Bool {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            if mkdir(String(path[..<end]), 0o700) != 0, errno != EEXIST { return false }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            return false
        }
        return status.st_mode & 0o077 == 0 || chmod(path, 0o700) == 0
    }
}
