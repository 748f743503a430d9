#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Folders, by the bytes of the names in them.
extension OpenFile {
    /// Opens a folder in this one.
    convenience init(directory name: [UInt8], in parent: OpenFile, followsLink: Bool) throws(SystemError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = Self.withCString(name) { openat(parent.descriptor, $0, flags) }
        guard descriptor >= 0 else { throw .last }
        self.init(takingOwnershipOf: descriptor)
    }

    /// Opens an existing file to read it, by the bytes of its path; as ``init(reading:)``.
    convenience init(readingAt path: [UInt8]) throws(SystemError) {
        let descriptor = Self.withCString(path) { open($0, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .last }
        self.init(takingOwnershipOf: descriptor)
    }

    /// The names in this folder, sorted by their bytes, without `.` and `..`.
    func names() throws(SystemError) -> [[UInt8]] {
        // closedir() closes what fdopendir() was given.
        let copy = dup(descriptor)
        guard copy >= 0 else { throw .last }
        guard let stream = fdopendir(copy) else {
            let error = SystemError.last
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        // The copy is where the descriptor was left by an earlier look.
        rewinddir(stream)
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .last }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")] { names.append(name) }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names
    }

    /// Throws when this process may not read the file of that name in this folder.
    func checkReadable(_ name: [UInt8]) throws(SystemError) {
        guard Self.withCString(name, { faccessat(descriptor, $0, R_OK, 0) }) == 0 else { throw .last }
    }

    static func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            // It has at least its NUL.
            body(buffer.baseAddress!)
        }
    }
}
