/// Where an axis has its marks: at round numbers.
enum PlotTicks {
    /// Multiples of 1, 2 or 5 times a power of ten within the range, at most about `count` of them.
    static func linear(_ range: ClosedRange<Double>, count: Int) -> [Double] {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite, count > 0 else { return [PlotNumber.finite(range.lowerBound)] }
        let step = step(atLeast: span / Double(count))
        guard step > 0, step.isFinite else { return [range.lowerBound] }
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard last >= first, last - first <= 1_000 else { return [range.lowerBound] }
        return (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    /// The smallest of 1, 2 and 5 times a power of ten that is not below `value`.
    static func step(atLeast value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        let base = PlotNumber.power(PlotNumber.logarithm(value).rounded(.down))
        for factor in [1.0, 2, 5, 10] where factor * base >= value * (1 - 1e-9) { return factor * base }
        return 10 * base
    }

    /// Powers of ten within the range; with 2 and 5 times these when there are fewer than three, and every second or
    /// third one when there are more than `count`.
    static func logarithmic(_ range: ClosedRange<Double>, count: Int) -> [Double] {
        let lower = PlotNumber.logarithm(range.lowerBound)
        let upper = PlotNumber.logarithm(range.upperBound)
        guard upper > lower else { return [range.lowerBound] }
        let exponents = Int((lower - 1e-9).rounded(.down))...Int((upper + 1e-9).rounded(.up))
        let inside = { (value: Double) in
            value >= range.lowerBound * (1 - 1e-9) && value <= range.upperBound * (1 + 1e-9)
        }
        let powers = exponents.map { PlotNumber.power(Double($0)) }.filter(inside)
        if powers.count < 4 {
            let finer = exponents.flatMap { exponent in
                [1.0, 2, 5].map { $0 * PlotNumber.power(Double(exponent)) }
            }.filter(inside)
            if finer.count <= max(count, 2) { return finer }
        }
        guard powers.count > max(count, 2) else { return powers.isEmpty ? [range.lowerBound] : powers }
        let stride = (powers.count + max(count, 2) - 1) / max(count, 2)
        return powers.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }
}
