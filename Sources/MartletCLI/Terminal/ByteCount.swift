/// Amounts of bytes in words: decimal units, as disks and networks count.
enum ByteCount {
    private static let units = ["kB", "MB", "GB", "TB", "PB", "EB"]

    /// `0 bytes`, `1 byte`, `999 bytes`, `1.0 kB`, `61.2 MB`, `381 MB`.
    static func text(_ count: Int64) -> String {
        let unit = unit(of: count)
        guard unit > 0 else { return count == 1 ? "1 byte" : "\(count) bytes" }
        return "\(number(count, unit: unit)) \(units[unit - 1])"
    }

    /// `2.0 of 3.2 GB`: both in the unit of the second.
    static func text(_ count: Int64, of total: Int64) -> String {
        let unit = unit(of: total)
        guard unit > 0 else { return "\(count) of \(text(total))" }
        return "\(number(count, unit: unit)) of \(number(total, unit: unit)) \(units[unit - 1])"
    }

    /// Bytes a second: `0 kB/s`, `112 MB/s`.
    static func rate(_ bytesPerSecond: Double) -> String {
        let count = Int64(max(0, min(bytesPerSecond, 1e18)))
        let unit = max(1, unit(of: count))
        return "\(number(count, unit: unit)) \(units[unit - 1])/s"
    }

    /// 0 for bytes, 1 for thousands of them, and so on: the unit in which the rounded number stays below 1000.
    private static func unit(of count: Int64) -> Int {
        var unit = 0
        var scale: Int64 = 1
        // 999.5 of a unit and more round to 1000 of it.
        while unit < units.count, count >= scale * 1000 - (unit == 0 ? 0 : scale / 2) {
            unit += 1
            scale *= 1000
        }
        return unit
    }

    /// One decimal below 100, none from there on.
    private static func number(_ count: Int64, unit: Int) -> String {
        var scale: Int64 = 1
        for _ in 0..<unit { scale *= 1000 }
        let tenths = count / scale * 10 + (count % scale * 10 + scale / 2) / scale
        return tenths < 1000 ? "\(tenths / 10).\(tenths % 10)" : "\((count + scale / 2) / scale)"
    }
}
