internal import ArgumentParser

/// An amount of bytes a second on the command line: `5MB/s`, `500k`, `1.5M`, `2MiB/s`.
struct RateArgument: ExpressibleByArgument, Equatable {
    /// At least 1,000: less would not carry what the two sides have to say to each other.
    static let least: Int64 = 1_000
    static let largest: Int64 = 1_000_000_000_000

    var bytesPerSecond: Int64

    /// - Returns: nil for anything that is no number with one of the units `k`, `M`, `G` (also `kB`, `KiB` and so on,
    ///   with or without `/s`), and for what lies outside of the bounds. Bits are refused: `5Mb/s` and `5Mbit/s` could
    ///   mean either.
    init?(argument: String) {
        var text = Substring(argument.trimmed)
        if text.hasSuffix("/s") { text = text.dropLast(2) }
        let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = String(text.dropFirst(number.count)).trimmed
        guard let scale = Self.scale(unit), let bytes = Self.bytes(number, scale),
            (Self.least...Self.largest).contains(bytes)
        else { return nil }
        bytesPerSecond = bytes
    }

    private static func scale(_ unit: String) -> Int64? {
        switch unit {
        case "", "B": 1
        case "k", "K", "kB", "KB": 1_000
        case "m", "M", "MB": 1_000_000
        case "g", "G", "GB": 1_000_000_000
        case "Ki", "KiB", "kiB": 1 << 10
        case "Mi", "MiB": 1 << 20
        case "Gi", "GiB": 1 << 30
        default: nil
        }
    }

    /// A whole number, or one with at most six decimals.
    private static func bytes(_ number: Substring, _ scale: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, !first.isEmpty, first.utf8.count <= 13,
            let whole = Int64(first)
        else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        guard (1...6).contains(parts[1].utf8.count), let decimals = Int64(parts[1]) else { return nil }
        let divisor = (0..<parts[1].utf8.count).reduce(Int64(1)) { value, _ in value * 10 }
        return product + decimals * scale / divisor
    }
}
