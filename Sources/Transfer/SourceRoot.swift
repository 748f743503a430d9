#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Something that was named to be sent, looked at.
enum SourceRoot: Sendable {
    case item(SourceEntry)
    case folder(path: String, name: String)

    /// Blocks on the file system. Throws ``TransferError/Code/unreadable``.
    init(_ source: Source) throws(TransferError) {
        switch source {
        case .path(let path): try self.init(path: path)
        case .standardInput(let name):
            guard (try? ItemPath(name: name)) != nil else {
                throw TransferError(.unreadable, "\(Printable.line(name)) is not a name that could be offered.")
            }
            self = .item(SourceEntry(folder: -1, name: name, content: .standardInput))
        case .text(let text):
            let bytes = Array(text.utf8)
            guard bytes.count <= TransferLimits.textBytes else {
                throw TransferError(.unreadable, "The text is too long (\(Printable.size(Int64(bytes.count)))).")
            }
            self = .item(SourceEntry(folder: -1, name: "message.txt", content: .text(bytes)))
        }
    }

    private init(path: String) throws(TransferError) {
        // Before anything is opened: opening a device can have effects of its own.
        let seen: FileStatus
        do throws(SystemError) { seen = try FileStatus(path: path) } catch { throw Self.unreadable(path, error) }
        if seen.isDirectory {
            // Only whether it may be read.
            do throws(SystemError) { _ = try OpenFile(directory: path) } catch { throw Self.unreadable(path, error) }
            self = .folder(path: path, name: try Self.name(ofFolder: path))
            return
        }
        guard seen.isRegular else {
            throw TransferError(.unreadable, "\(Printable.line(path)) is \(seen.kindText); only files can be sent.")
        }
        let opened: FileStatus
        do throws(SystemError) { opened = try OpenFile(reading: path).status() } catch {
            throw Self.unreadable(path, error)
        }
        guard seen.inode == opened.inode, seen.device == opened.device else {
            throw TransferError(.changed, "\(Printable.line(path)) was replaced while it was opened.")
        }
        guard (0...TransferLimits.largestInteger).contains(opened.size) else {
            throw TransferError(.unreadable, "\(Printable.line(path)) is too large.")
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        self = .item(
            SourceEntry(
                folder: -1, name: try Self.checked(name, path), location: Array(path.utf8), content: .file(opened)))
    }

    /// The last component; of `.`, `..` and `/` that of the folder they mean.
    private static func name(ofFolder path: String) throws(TransferError) -> String {
        if let name = path.split(separator: "/").last, name != ".", name != ".." {
            return try checked(String(name), path)
        }
        guard let real = realpath(path, nil) else { throw unreadable(path, .last) }
        defer { free(real) }
        // Only the root has no name of its own.
        return try checked(String(cString: real).split(separator: "/").last.map(String.init) ?? "root", path)
    }

    private static func checked(_ name: String, _ path: String) throws(TransferError) -> String {
        guard (try? ItemPath(name: name)) != nil else {
            throw TransferError(.unreadable, "\(Printable.line(path)) has no name that could be offered.")
        }
        return name
    }

    private static func unreadable(_ path: String, _ error: SystemError) -> TransferError {
        TransferError(
            .unreadable, "\(Printable.line(path)) cannot be read: \(error.text).", systemError: error.number)
    }
}
