internal import CPlatform

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// An item on its way to its name: a hidden file beside its final place, hashed as it is written.
final class PartFile {
    /// How much is written before the system is asked to begin with its disk.
    private static let writebackBytes: Int64 = 8 << 20

    let parent: OpenFile
    private let name: String
    private let file: OpenFile
    private var hash = HashTree()
    private(set) var byteCount: Int64 = 0
    private var writebackFrom: Int64 = 0

    /// Makes `.NAME.XXXXXXXX.part` in `parent`, readable by nobody else.
    init(for finalName: String, in parent: OpenFile) throws(SystemError) {
        var attempt = 0
        while true {
            // A system with shorter names than ours may still hold a plain one.
            let stem = attempt < 8 ? finalName : "martlet"
            let name = LocalName.part(stem, suffix: UInt32.random(in: 0...UInt32.max))
            let opened = martlet_open_beneath(parent.descriptor, name, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            if opened >= 0 {
                self.name = name
                self.parent = parent
                file = OpenFile(takingOwnershipOf: opened)
                return
            }
            let error = SystemError.last
            guard attempt < 16, error.number == EEXIST || error.isAboutName else { throw error }
            attempt = error.isAboutName ? max(8, attempt + 1) : attempt + 1
        }
    }

    func append(_ payload: ArraySlice<UInt8>) throws(SystemError) {
        let offset = byteCount
        // The closure takes any error; this keeps the type.
        var failure: SystemError?
        payload.withUnsafeBytes { bytes in
            do throws(SystemError) {
                try file.write(bytes, at: offset)
                hash.update(bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        byteCount += Int64(payload.count)
        if byteCount - writebackFrom >= Self.writebackBytes {
            martlet_start_writeback(file.descriptor, writebackFrom, byteCount - writebackFrom)
            writebackFrom = byteCount
        }
    }

    /// The root of what was written. Once.
    func digest() -> TreeDigest {
        hash.finish()
    }

    /// Gives the file the mode and time it shall have, and puts it on the disk.
    func complete(isExecutable: Bool, modified: Int64?) throws(SystemError) {
        let wanted: UInt32 = isExecutable ? 0o777 : 0o666
        // Neither mode nor time is worth a failure: some file systems have none.
        try? file.setMode(wanted & ~UInt32(martlet_umask()))
        if let modified { try? file.setModified(modified) }
        try file.synchronize()
    }

    /// Takes the final name unless something has it: EEXIST.
    func rename(to finalName: String) throws(SystemError) {
        guard martlet_rename_new(parent.descriptor, name, parent.descriptor, finalName) == 0 else { throw .last }
    }

    /// Takes the final name, and the place of what has it.
    func replace(_ finalName: String) throws(SystemError) {
        guard renameat(parent.descriptor, name, parent.descriptor, finalName) == 0 else { throw .last }
    }

    /// Removes what was written.
    func remove() {
        unlinkat(parent.descriptor, name, 0)
    }
}

extension SystemError {
    /// The file system does not take names like this one.
    var isAboutName: Bool { [EINVAL, EILSEQ, ENAMETOOLONG].contains(number) }

    var isExists: Bool { [EEXIST, EISDIR, ENOTEMPTY].contains(number) }

    /// Something on the way to the name is a link or not a folder.
    var isAboutPath: Bool { isAboutName || [ENOTDIR, ELOOP, EXDEV].contains(number) }

    var isFull: Bool { [ENOSPC, EDQUOT].contains(number) }
}
