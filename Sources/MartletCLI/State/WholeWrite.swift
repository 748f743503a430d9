#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Writing to an open file until everything is there.
enum WholeWrite {
    /// - Returns: 0, or the `errno` for which some of it is missing.
    static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                #if canImport(Glibc)
                    Glibc.write(file, bytes.baseAddress, bytes.count)
                #else
                    Darwin.write(file, bytes.baseAddress, bytes.count)
                #endif
            }
            if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { return errno }
        }
        return 0
    }
}
