/// A local file that will be offered.
public struct SourceFile: Sendable {
    /// Where it is, as given.
    public let path: String
    /// The name under which it is offered.
    public let name: ItemPath
    /// Bytes.
    public let size: Int64

    let status: FileStatus

    /// Looks at the file and makes sure that it can be read; blocks on the file system.
    ///
    /// A symbolic link is followed: whoever names a file means what is in it. Whether that is a regular file is asked
    /// of what is opened in the end, and it must then still be the same file.
    ///
    /// - Parameter name: another name to offer; by default the last component of `path`.
    /// - Throws: ``TransferError/Code/unreadable`` for what is missing, may not be read, or is a folder, pipe or device.
    public init(path: String, name: ItemPath? = nil) throws(TransferError) {
        let status = try Self.look(at: path)
        let opened = try Self.open(path)
        guard status.inode == opened.status.inode, status.device == opened.status.device else {
            throw TransferError(.changed, "\(Printable.line(path)) was replaced while it was opened.")
        }
        self.path = path
        if let name { self.name = name } else { self.name = try Self.name(of: path) }
        self.size = opened.status.size
        self.status = opened.status
    }

    /// Before anything is opened: opening a device can have effects of its own.
    private static func look(at path: String) throws(TransferError) -> FileStatus {
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus(path: path) } catch { throw unreadable(path, error) }
        if status.isDirectory {
            throw TransferError(.unreadable, "\(Printable.line(path)) is a folder; folders cannot be sent yet.")
        }
        guard status.isRegular else {
            throw TransferError(.unreadable, "\(Printable.line(path)) is not a regular file.")
        }
        guard (0...TransferLimits.largestInteger).contains(status.size) else {
            throw TransferError(.unreadable, "\(Printable.line(path)) is too large.")
        }
        return status
    }

    private static func open(_ path: String) throws(TransferError) -> (file: OpenFile, status: FileStatus) {
        do throws(SystemError) {
            let file = try OpenFile(reading: path)
            return (file, try file.status())
        } catch {
            throw unreadable(path, error)
        }
    }

    /// Opens the file again, for reading. Throws ``TransferError/Code/changed`` when it is not as it was offered.
    func open() throws(TransferError) -> OpenFile {
        let (file, status) = try Self.open(path)
        guard status == self.status else { throw changed }
        return file
    }

    var changed: TransferError {
        TransferError(.changed, "\(Printable.line(path)) changed after it was offered.")
    }

    static func unreadable(_ path: String, _ error: SystemError) -> TransferError {
        TransferError(
            .unreadable, "\(Printable.line(path)) cannot be read: \(error.text).", systemError: error.number)
    }

    private static func name(of path: String) throws(TransferError) -> ItemPath {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        do throws(ItemPath.Invalid) {
            return try ItemPath(name: name)
        } catch {
            throw TransferError(.unreadable, "\(Printable.line(path)) has no name that could be offered.")
        }
    }
}
