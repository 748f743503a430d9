/// Quantities of plans as people read them: exactly as they were said. (What was measured is rounded, by ``LabText``.)
package enum LabQuantity {
    /// `0 %`, `0.1 %`, `12.5 %`, `10 %`.
    package static func share(_ share: Double) -> String { "\(decimal(share * 100, places: 6)) %" }

    /// A number without zeros at its end.
    package static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "?" }
        let scale = (0..<places).reduce(1.0) { value, _ in value * 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let whole = scaled / Int64(scale)
        var fraction = String(scaled % Int64(scale))
        fraction = String(repeating: "0", count: max(0, places - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + String(whole) + (places == 0 || fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// `0 ms`, `0.4 ms`, `50 ms`, `1.5 s`, `90 s`, `24 h`.
    package static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let value = Double(seconds) + Double(attoseconds) / 1e18
        if value >= 7200 { return "\(decimal(value / 3600, places: 1)) h" }
        return value < 1 ? "\(decimal(value * 1e3, places: 3)) ms" : "\(decimal(value, places: 3)) s"
    }

    /// `500 kbit/s`, `5 Mbit/s`.
    package static func bitRate(_ bits: Double) -> String {
        if bits >= 1e9 { return "\(decimal(bits / 1e9, places: 9)) Gbit/s" }
        return bits >= 1e6 ? "\(decimal(bits / 1e6, places: 6)) Mbit/s" : "\(decimal(bits / 1e3, places: 3)) kbit/s"
    }

    /// `24 bytes`, `1,200 bytes`.
    package static func bytes(_ count: Int) -> String { count == 1 ? "1 byte" : "\(LabText.count(count)) bytes" }

    /// `60 a second`, `as fast as possible`.
    package static func messageRate(_ rate: Double?) -> String {
        rate.map { "\(decimal($0, places: 3)) a second" } ?? "as fast as possible"
    }
}
