internal import CPlatform

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// An item on its way to its name: a hidden file beside its final place.
final class PartFile {
    /// How much is written before the system is asked to begin with its disk.
    private static let writebackBytes: Int64 = 8 << 20

    /// Names that are tried for one part.
    static let attempts: UInt32 = 17

    let folder: OpenFile
    let name: String
    /// Something had the first name that was tried.
    let wasTaken: Bool
    let identity: FileIdentity
    let file: OpenFile
    private(set) var byteCount: Int64 = 0
    /// Bytes that are on the disk for certain.
    private(set) var durableBytes: Int64 = 0
    private var writebackFrom: Int64 = 0

    /// Makes `.NAME.HEX.part`, readable by nobody else. What has that name already is not touched: another is
    /// taken.
    init(for finalName: String, suffix: UInt32, in folder: OpenFile) throws(SystemError) {
        (name, file) = try Self.make(for: finalName, suffix: suffix, in: folder)
        wasTaken = name != LocalName.part(finalName, suffix: suffix)
        identity = try file.status().identity
        self.folder = folder
    }

    private static func make(
        for finalName: String, suffix: UInt32, in folder: OpenFile
    ) throws(SystemError) -> (name: String, file: OpenFile) {
        var attempt: UInt32 = 0
        while true {
            // A system with shorter names than ours may still hold a plain one.
            let stem = attempt < 8 ? finalName : plainStem
            let name = LocalName.part(stem, suffix: suffix &+ attempt)
            do throws(SystemError) {
                if let file = try folder.create(name) { return (name, file) }
                guard attempt < attempts - 1 else { throw SystemError(number: EEXIST) }
                attempt += 1
            } catch {
                guard attempt < 8, error.isAboutName else { throw error }
                attempt = 8
            }
        }
    }

    private static let plainStem = "martlet"

    /// Whether ``init(for:suffix:in:)`` may have made a file of this name.
    static func isName(_ name: String, for finalName: String, suffix: UInt32) -> Bool {
        (0..<attempts).contains { attempt in
            name == LocalName.part(attempt < 8 ? finalName : plainStem, suffix: suffix &+ attempt)
        }
    }

    /// Opens a part of an earlier connection if it is still the same file and has `byteCount` bytes, and drops what is
    /// behind them.
    init?(continuing part: JournalState.Part, byteCount: Int64, in folder: OpenFile) throws(SystemError) {
        file = try folder.openFile(part.name, flags: O_RDWR | O_NONBLOCK)
        let status = try file.status()
        guard status.identity == part.file, status.isRegular, status.isOwn, status.size >= byteCount else { return nil }
        if status.size > byteCount { try file.truncate(to: byteCount) }
        self.folder = folder
        name = part.name
        wasTaken = false
        identity = part.file
        self.byteCount = byteCount
        durableBytes = byteCount
        writebackFrom = byteCount
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try file.write(bytes, at: byteCount)
        byteCount += Int64(bytes.count)
        if byteCount - writebackFrom >= Self.writebackBytes {
            martlet_start_writeback(file.descriptor, writebackFrom, byteCount - writebackFrom)
            writebackFrom = byteCount
        }
    }

    /// Begins again.
    func clear() throws(SystemError) {
        try file.truncate(to: 0)
        (byteCount, durableBytes, writebackFrom) = (0, 0, 0)
    }

    /// Waits until what was written is on the disk.
    func makeDurable() throws(SystemError) {
        try file.synchronizeData()
        durableBytes = byteCount
    }

    /// Gives the file the mode and time it shall have.
    func dress(isExecutable: Bool, modified: Int64?) {
        let wanted: UInt32 = isExecutable ? 0o777 : 0o666
        // Neither mode nor time is worth a failure: some file systems have none.
        try? file.setMode(wanted & ~UInt32(martlet_umask()))
        if let modified { try? file.setModified(modified) }
    }

    /// Removes what was written.
    func remove() {
        folder.remove(name)
    }
}
