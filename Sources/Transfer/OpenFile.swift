internal import CPlatform

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What `fstat` tells about a file, as far as a transfer asks.
struct FileStatus: Equatable, Sendable {
    var size: Int64
    var isRegular: Bool
    var isDirectory: Bool
    var isLink: Bool
    /// Seconds and nanoseconds since 1970.
    var modifiedSeconds: Int64
    var modifiedNanoseconds: Int64
    /// Of the last change of content, name count, owner or mode, which nobody can set at will.
    var changedSeconds: Int64
    var changedNanoseconds: Int64
    var inode: UInt64
    var device: UInt64
    var isExecutable: Bool
    /// It belongs to the user of this process.
    var isOwn: Bool
    /// Names that it has; 0 when it was removed.
    var linkCount: Int
    private let kind: UInt32

    init(_ status: stat) {
        let kind = status.st_mode & S_IFMT
        isRegular = kind == S_IFREG
        isDirectory = kind == S_IFDIR
        isLink = kind == S_IFLNK
        self.kind = UInt32(kind)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            modifiedSeconds = Int64(status.st_mtimespec.tv_sec)
            modifiedNanoseconds = Int64(status.st_mtimespec.tv_nsec)
            changedSeconds = Int64(status.st_ctimespec.tv_sec)
            changedNanoseconds = Int64(status.st_ctimespec.tv_nsec)
        #else
            modifiedSeconds = Int64(status.st_mtim.tv_sec)
            modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
            changedSeconds = Int64(status.st_ctim.tv_sec)
            changedNanoseconds = Int64(status.st_ctim.tv_nsec)
        #endif
        inode = UInt64(status.st_ino)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        isExecutable = status.st_mode & 0o100 != 0
        isOwn = status.st_uid == geteuid()
        linkCount = Int(status.st_nlink)
    }

    /// Follows links.
    init(path: String) throws(SystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last }
        self.init(status)
    }

    /// Of what has a name in a folder.
    init(of name: [UInt8], in folder: OpenFile, followsLink: Bool) throws(SystemError) {
        var status = stat()
        let flags = followsLink ? 0 : AT_SYMLINK_NOFOLLOW
        guard OpenFile.withCString(name, { fstatat(folder.descriptor, $0, &status, flags) }) == 0 else { throw .last }
        self.init(status)
    }

    /// What it is, for a sentence: `a pipe`.
    var kindText: String {
        switch mode_t(kind) {
        case S_IFREG: "a file"
        case S_IFDIR: "a folder"
        case S_IFLNK: "a link"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "no regular file"
        }
    }
}

/// An open file or directory, closed with its last reference.
final class OpenFile: Sendable {
    let descriptor: Int32
    /// Told of every change; nil but in tests.
    let observer: (any StorageObserver)?

    init(takingOwnershipOf descriptor: Int32, observer: (any StorageObserver)? = nil) {
        self.descriptor = descriptor
        self.observer = observer
    }

    deinit {
        close(descriptor)
    }

    /// Opens an existing file to read it. Never waits (a pipe without a writer) and never becomes a terminal's owner.
    convenience init(reading path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        self.init(takingOwnershipOf: descriptor)
    }

    convenience init(directory path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        self.init(takingOwnershipOf: descriptor)
    }

    func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        return FileStatus(status)
    }

    /// Reads up to the buffer's size from `offset`; fewer bytes only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + Int64(done)))
            if count == 0 { break }
            if count > 0 { done += count } else if errno != EINTR { throw .last }
        }
        return done
    }

    /// Writes all of the buffer at `offset`.
    func write(_ buffer: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        try observer?.will(.write(self, offset: offset, Array(buffer)))
        var done = 0
        while done < buffer.count {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + Int64(done)))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw SystemError(number: EIO)
            } else if errno != EINTR {
                throw .last
            }
        }
    }

    func synchronize() throws(SystemError) {
        try observer?.will(.synchronize(self))
        while fsync(descriptor) != 0 { if errno != EINTR { throw .last } }
    }

    func setMode(_ mode: UInt32) throws(SystemError) {
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw .last }
    }

    /// Sets the time of last modification, in seconds since 1970.
    func setModified(_ seconds: Int64) throws(SystemError) {
        // From 1901 to 9999, which every file system and program here survives.
        let clamped = min(max(seconds, -2_147_483_648), 253_402_300_799)
        guard martlet_set_modified(descriptor, clamped) == 0 else { throw .last }
    }
}
