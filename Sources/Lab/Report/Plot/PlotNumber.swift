#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Numbers as text: coordinates of a drawing, and figures for people.
enum PlotNumber {
    /// A coordinate with at most two decimals. Whatever is no number comes out as 0, and what is far outside of every
    /// drawing as 100,000: a drawing never holds NaN, and no exponent.
    static func coordinate(_ value: Double) -> String {
        let hundredths = Int((finite(value).clamped(to: -100_000...100_000) * 100).rounded())
        let sign = hundredths < 0 ? "-" : ""
        let whole = hundredths.magnitude / 100
        let rest = hundredths.magnitude % 100
        if rest == 0 { return "\(sign)\(whole)" }
        return "\(sign)\(whole)." + (rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)")
    }

    /// A figure with exactly `digits` decimals, 0 to 6, and commas between thousands.
    static func decimal(_ value: Double, digits: Int) -> String {
        let digits = digits.clamped(to: 0...6)
        let unit = (0..<digits).reduce(1) { unit, _ in unit * 10 }
        let scaled = Int((finite(value).clamped(to: -1e12...1e12) * Double(unit)).rounded())
        let magnitude = scaled.magnitude
        var text = LabText.count(Int(magnitude) / unit)
        if digits > 0 {
            let rest = String(magnitude % UInt(unit))
            text += "." + String(repeating: "0", count: digits - rest.count) + rest
        }
        return scaled < 0 ? "-" + text : text
    }

    /// `value` if it is a number, and 0 if it is none.
    static func finite(_ value: Double) -> Double { value.isFinite ? value : 0 }

    /// The logarithm to the base 10; of what has none, that of the smallest number.
    static func logarithm(_ value: Double) -> Double { log10(max(finite(value), Double.leastNormalMagnitude)) }

    /// Ten to the power of `exponent`.
    static func power(_ exponent: Double) -> Double { pow(10, finite(exponent).clamped(to: -300...300)) }
}

extension Comparable {
    func clamped(to limits: ClosedRange<Self>) -> Self { min(max(self, limits.lowerBound), limits.upperBound) }
}
