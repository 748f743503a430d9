internal import Testing

#if canImport(Darwin)
    public import Darwin
#elseif canImport(Glibc)
    public import Glibc
#elseif canImport(Musl)
    public import Musl
#endif

/// A folder for one test, removed with everything in it.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// - Parameter isInMemory: on a file system that has no disk to wait for, where there is one.
    public init(isInMemory: Bool = false) throws {
        let beneath = isInMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        // mkdtemp puts letters of its own in place of the last six.
        var template = Array("\(beneath)/martlet-test-\(String(repeating: "X", count: 6))".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    public func path(_ name: String) -> String { path + "/" + name }

    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(file >= 0)
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Self.write($0, from: done, to: file) }
            try #require(count > 0)
            done += count
        }
        return path(name)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, from start: Int, to file: Int32) -> Int {
        #if canImport(Darwin)
            Darwin.write(file, bytes.baseAddress! + start, bytes.count - start)
        #elseif canImport(Glibc)
            Glibc.write(file, bytes.baseAddress! + start, bytes.count - start)
        #else
            Musl.write(file, bytes.baseAddress! + start, bytes.count - start)
        #endif
    }

    public func read(_ name: String) throws -> [UInt8] {
        let file = open(path(name), O_RDONLY)
        try #require(file >= 0, "\(name) is not there")
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let size = bytes.count
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, size, 0) }
        try #require(count == size)
        return bytes
    }

    public func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(lstat(path(name), &status) == 0)
        return status
    }

    /// Names in the folder, hidden ones too.
    public var names: [String] { Self.names(in: path) }

    public static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(in: path) {
            let child = path + "/" + name
            if unlink(child) != 0 { remove(child) }
        }
        rmdir(path)
    }
}
