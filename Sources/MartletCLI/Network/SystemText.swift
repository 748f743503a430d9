#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The texts in which the system describes itself, such as those in /proc.
enum SystemText {
    /// - Parameter limit: about so many bytes are read at most.
    /// - Returns: nil when it cannot be read, which on other systems than Linux is the rule.
    static func read(_ path: String, limit: Int = 16 << 20) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < limit {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { break }
            bytes += block[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
