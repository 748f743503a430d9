#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A failed system call.
struct SystemError: Error, Sendable, Equatable {
    let number: Int32

    /// The failure that the calling thread just saw.
    static var last: SystemError { SystemError(number: errno) }

    /// The system's sentence for it, without a full stop.
    var text: String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The XSI form, which both glibc (outside _GNU_SOURCE) and Darwin have.
        _ = strerror_r(number, &buffer, buffer.count)
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "error \(number)" : String(decoding: bytes, as: UTF8.self)
    }
}
