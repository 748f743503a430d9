#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Small files of the state folder: for this user alone, whole or not there, and kept over a loss of power.
enum DurableText {
    /// Puts a text in place of what is there. When this returns true it survives a loss of power.
    ///
    /// - Returns: whether it could be done; if not, what was there still is.
    static func save(_ text: String, as path: String) -> Bool {
        let new = path + ".new"
        // What an earlier process has left half done, or somebody put there.
        unlink(new)
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        let isWhole = WholeWrite.write(Array(text.utf8), to: file) == 0 && fsync(file) == 0
        close(file)
        guard isWhole, rename(new, path) == 0 else {
            unlink(new)
            return false
        }
        syncFolder(of: path)
        return true
    }

    /// Takes the file away, if it is there.
    static func remove(_ path: String) {
        if unlink(path) == 0 { syncFolder(of: path) }
    }

    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = open(folder, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }
}
