package import Wire

/// The network loop's time as a Swift clock, for code above the loop that has to wait.
package struct NetworkClock: Clock {
    package typealias Instant = NetworkTime

    package init() {}

    package var now: NetworkTime { NetworkLoop.shared.now() }
    package var minimumResolution: Duration { .nanoseconds(1) }

    package func sleep(until deadline: NetworkTime, tolerance: Duration?) async throws {
        try await Task.sleep(for: now.duration(to: deadline), tolerance: tolerance)
    }
}
