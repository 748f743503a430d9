#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A moment as clocks on the wall show it.
struct ChatTime: Sendable, Equatable {
    /// In seconds since 1970.
    let seconds: Int64

    /// - Parameter age: how long ago; more than a year is a year.
    static func now(minus age: Duration = .zero) -> ChatTime {
        let age = max(0, min(age.components.seconds, 365 * 86_400))
        return ChatTime(seconds: Int64(time(nil)) - age)
    }

    /// `12:04`
    var short: String { formatted("%H:%M") }
    /// `2026-11-21 12:04`
    var long: String { formatted("%Y-%m-%d %H:%M") }

    private func formatted(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return "" }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = bytes.withUnsafeMutableBytes { bytes in
            strftime(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, format, &parts)
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
