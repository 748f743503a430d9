internal import CPlatform

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What a receiver does beneath an open folder. A name is one component; a symbolic link in its place is never
/// followed.
extension OpenFile {
    /// Opens what has the name.
    func openFile(_ name: String, flags: Int32) throws(SystemError) -> OpenFile {
        let opened = martlet_open_beneath(descriptor, name, flags, 0)
        guard opened >= 0 else { throw .last }
        return OpenFile(takingOwnershipOf: opened, observer: observer)
    }

    func openFolder(_ name: String) throws(SystemError) -> OpenFile {
        try openFile(name, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Makes a file to be written and read, for nobody else; nil when something has the name.
    func create(_ name: String) throws(SystemError) -> OpenFile? {
        try observer?.will(.create(name, in: self))
        let opened = martlet_open_beneath(descriptor, name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        if opened >= 0 { return OpenFile(takingOwnershipOf: opened, observer: observer) }
        // A link in the name's place.
        if errno == EEXIST || errno == ELOOP { return nil }
        throw .last
    }

    /// Makes a folder; false when something has the name.
    func makeFolder(_ name: String) throws(SystemError) -> Bool {
        try observer?.will(.makeFolder(name, in: self))
        if mkdirat(descriptor, name, 0o777) == 0 { return true }
        if errno == EEXIST { return false }
        throw .last
    }

    /// What has the name, be it a dangling link; nil when nothing has.
    func status(of name: String) throws(SystemError) -> FileStatus? {
        var status = stat()
        if fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw .last
    }

    /// Gives a file another name unless something has it: EEXIST.
    func rename(_ name: String, to other: String) throws(SystemError) {
        try observer?.will(.rename(name, to: other, in: self, replaces: false))
        guard martlet_rename_new(descriptor, name, descriptor, other) == 0 else { throw .last }
    }

    /// Gives a file another name, and the place of what has it.
    func replace(_ other: String, by name: String) throws(SystemError) {
        try observer?.will(.rename(name, to: other, in: self, replaces: true))
        guard renameat(descriptor, name, descriptor, other) == 0 else { throw .last }
    }

    /// Removes a file. What cannot be removed stays: nothing depends on it.
    func remove(_ name: String) {
        if (try? observer?.will(.remove(name, in: self))) == nil, observer != nil { return }
        unlinkat(descriptor, name, 0)
    }

    /// Puts everything that was written to the folder's file system on the disk.
    ///
    /// - Returns: false where the system cannot do that.
    func synchronizeFileSystem() throws(SystemError) -> Bool {
        try observer?.will(.synchronizeAll(self))
        if martlet_sync_filesystem(descriptor) == 0 { return true }
        if errno == ENOSYS { return false }
        throw .last
    }

    /// Puts a file's bytes on the disk, and of what is known about it its size.
    func synchronizeData() throws(SystemError) {
        try observer?.will(.synchronize(self))
        while martlet_sync_data(descriptor) != 0 { if errno != EINTR { throw .last } }
    }

    func truncate(to size: Int64) throws(SystemError) {
        try observer?.will(.truncate(self, to: size))
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .last }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        // The closure takes any error; this keeps the type.
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    func read(into bytes: inout [UInt8], at offset: Int64) throws(SystemError) -> Int {
        var failure: SystemError?
        let count = bytes.withUnsafeMutableBytes { buffer in
            do throws(SystemError) {
                return try read(into: buffer, at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }
}

extension FileStatus {
    var identity: FileIdentity { FileIdentity(inode: inode, device: device) }
}

extension SystemError {
    /// The file system does not take names like this one.
    var isAboutName: Bool { [EINVAL, EILSEQ, ENAMETOOLONG].contains(number) }

    var isExists: Bool { [EEXIST, EISDIR, ENOTEMPTY].contains(number) }

    /// Something on the way to the name is a link or not a folder.
    var isAboutPath: Bool { isAboutName || [ENOTDIR, ELOOP, EXDEV].contains(number) }

    var isFull: Bool { [ENOSPC, EDQUOT].contains(number) }
}
