/// From values to coordinates along one axis.
struct PlotScale: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case linear
        case logarithmic
        /// For shares: each nine takes as much room as the one before: 90 %, 99 %, 99.9 %. `domain` ends at 1 - 10^-n,
        /// and what is above that lies at the end.
        case nines
    }

    /// No value of a plot is larger, and the difference of two is exact enough.
    private static let limit = 1e15

    let kind: Kind
    let domain: ClosedRange<Double>
    /// Where the domain's lower and upper end lie; the first may be larger than the second.
    let from: Double
    let to: Double

    /// - Parameter domain: made a little wider where it has no extent, and fit for a logarithm where there is one.
    init(_ kind: Kind, _ domain: ClosedRange<Double>, from: Double, to: Double) {
        self.kind = kind
        self.from = from
        self.to = to
        var lower = domain.lowerBound.clamped(to: -Self.limit...Self.limit)
        var upper = domain.upperBound.clamped(to: -Self.limit...Self.limit)
        switch kind {
        case .linear: if upper <= lower { upper = lower + max(1, lower.magnitude * 0.1) }
        case .logarithmic:
            lower = max(lower, 1e-9)
            if upper <= lower { upper = lower * 10 }
        case .nines:
            lower = lower.clamped(to: 0...0.9)
            upper = upper.clamped(to: max(lower, 0.9)...(1 - 1e-7))
            if upper <= lower { upper = 0.99 }
        }
        self.domain = lower...upper
    }

    /// Where a value lies; at the nearer end if it is outside of the domain, and at the beginning if it is no number.
    func position(_ value: Double) -> Double {
        let value = value.isNaN ? domain.lowerBound : value.clamped(to: domain)
        let lower = transformed(domain.lowerBound)
        let extent = transformed(domain.upperBound) - lower
        let share = extent > 0 ? (transformed(value) - lower) / extent : 0
        return from + share * (to - from)
    }

    private func transformed(_ value: Double) -> Double {
        switch kind {
        case .linear: value
        case .logarithmic: PlotNumber.logarithm(value)
        case .nines: -PlotNumber.logarithm(1 - value)
        }
    }
}
