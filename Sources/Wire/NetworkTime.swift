/// An instant on the engine's own clock: nanoseconds since an origin that the driver of the cores chose.
///
/// Protocol cores never read a clock; whoever drives them passes the present. In production the origin is the start
/// of the network loop, in tests it is zero of the simulated world.
package struct NetworkTime: InstantProtocol, Hashable, Sendable {
    /// Nanoseconds since the origin. May be negative only in arithmetic, never as a present.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = NetworkTime(nanoseconds: 0)

    /// Later than every reachable instant; for "no deadline" in comparisons.
    package static let distantFuture = NetworkTime(nanoseconds: .max)

    package func advanced(by duration: Duration) -> NetworkTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? (duration < .zero ? NetworkTime(nanoseconds: .min) : .distantFuture) : .init(nanoseconds: sum)
    }

    package func duration(to other: NetworkTime) -> Duration {
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return .nanoseconds(overflow ? (other > self ? .max : .min) : difference)
    }

    package static func < (left: NetworkTime, right: NetworkTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// The duration in nanoseconds, clamped to what an `Int64` holds (about 292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in whole milliseconds, rounded towards zero and clamped to `Int64`.
    package var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }

    /// The duration in seconds, for display and for rates.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
