#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The folder beneath which a receiver writes. Everything is done through this one open directory, so that neither
/// `..` nor a symbolic link, however quickly it is put there, leads out of it.
public final class DestinationDirectory: Sendable {
    /// As given, for messages.
    public let path: String
    let root: OpenFile

    /// Opens an existing folder and makes sure that it can be written; blocks on the file system.
    ///
    /// - Throws: ``TransferError/Code/storage``.
    public convenience init(path: String) throws(TransferError) {
        try self.init(path: path, observer: nil)
    }

    /// - Parameter observer: told of every change beneath the folder.
    init(path: String, observer: (any StorageObserver)?) throws(TransferError) {
        do throws(SystemError) {
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .last }
            root = OpenFile(takingOwnershipOf: descriptor, observer: observer)
            guard faccessat(root.descriptor, ".", W_OK | X_OK, AT_EACCESS) == 0 else { throw .last }
        } catch {
            throw TransferError(
                .storage, "Files cannot be written to \(Printable.line(path)): \(error.text).",
                systemError: error.number)
        }
        self.path = path
    }

    /// Bytes that this user may still write to the file system.
    public var freeBytes: Int64 {
        var status = statvfs()
        guard fstatvfs(root.descriptor, &status) == 0 else { return .max }
        let (bytes, isOverflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isOverflow ? .max : Int64(clamping: bytes)
    }
}

/// What happens when something has the name of an item already. It never happens to a file of the same transfer: the
/// second of two items with one name is numbered.
public enum ExistingFilePolicy: String, Sendable, CaseIterable {
    /// The item fails with ``TransferError/Code/exists``.
    case fail
    /// The item becomes `NAME (1)`, with the number before the extension.
    case rename
    /// The item takes the place of the file, at once and only when it is complete. A folder is never replaced.
    case overwrite
    /// What is there stays, and that is no failure here.
    case skip
}
