/// Numbers of the lab in words, the same ones in tables, sentences and plots.
package enum LabText {
    /// `0 %`, `0.4 %`, `7.5 %`, `10 %`, `79.4 %`, `100 %`: tenths, where there are any. Only nothing is 0 %, and only
    /// all is 100 %: what would be rounded to one of them is `under 0.1 %` and `over 99.9 %`.
    package static func share(_ share: Double) -> String {
        guard share > 0 else { return "0 %" }
        guard share < 1 else { return "100 %" }
        let tenths = Int((share * 1000).rounded())
        if tenths == 0 { return "under 0.1 %" }
        if tenths == 1000 { return "over 99.9 %" }
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }

    /// A time in microseconds: `0 ms`, `0.4 ms`, `7.5 ms`, `480 ms`, `1.2 s`, `61 s`.
    package static func time(_ microseconds: Int64) -> String {
        let value = Swift.max(0, microseconds)
        if value < 9_950 { return "\(decimal(value, scale: 1_000)) ms" }
        if value < 999_500 { return "\((value + 500) / 1_000) ms" }
        if value < 9_950_000 { return "\(decimal(value, scale: 1_000_000)) s" }
        return "\(count(Int(clamping: (value / 1_000 + 500) / 1_000))) s"
    }

    /// A number with its thousands apart: `999`, `262,144`.
    package static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// `1 message`, `1,000 messages`.
    package static func messages(_ value: Int) -> String { value == 1 ? "1 message" : "\(count(value)) messages" }

    /// Bits per second: `0 bit/s`, `800 bit/s`, `12 kbit/s`, `1.5 Mbit/s`, `2 Gbit/s`.
    package static func bitRate(_ rate: Double) -> String {
        guard rate >= 1, rate.isFinite else { return "0 bit/s" }
        var scaled = Swift.min(rate, 1e15)
        var units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"][...]
        while scaled >= 999.5, units.count > 1 {
            scaled /= 1000
            units.removeFirst()
        }
        let unit = units[units.startIndex]
        if scaled >= 9.95 || unit == "bit/s" { return "\(count(Int(scaled.rounded()))) \(unit)" }
        return "\(decimal(Int64((scaled * 10).rounded()), scale: 10)) \(unit)"
    }

    /// A number with one decimal where it is not zero.
    private static func decimal(_ value: Int64, scale: Int64) -> String {
        let tenths = (value * 10 + scale / 2) / scale
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
