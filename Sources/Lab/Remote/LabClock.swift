/// What is known of the partner's clock at one moment.
package struct LabClockReading: Sendable, Equatable {
    /// When, in microseconds of the conductor's clock.
    package var at: Int64
    /// The partner's clock minus the conductor's, in microseconds.
    package var ahead: Int64
    /// Microseconds by which that may be wrong, without the resolution of the partner's clock.
    package var error: Int64
}

/// Questions about the partner's clock and their answers (Docs/Protocols/Lab.md, Clocks). Bounded: at most 256
/// questions are open, and the answers of one measurement are kept.
package struct LabClock: Sendable {
    /// The answers that count: those with the smallest round trips.
    private static let bestCount = 4
    private static let openLimit = 256

    private struct Answer {
        var middle: Int64
        var ahead: Int64
        var roundTrip: Int64
    }

    private var next: Int64 = 1
    private var open: [Int64: Int64] = [:]
    private var answers: [Answer] = []
    private var lastAt: Int64 = 0

    package init() {}

    /// Answers since ``begin()``.
    package var answerCount: Int { answers.count }

    /// Forgets the answers of before.
    package mutating func begin() { answers = [] }

    /// The number of another question; nil when too many are open.
    package mutating func ask(at now: Int64) -> Int64? {
        guard open.count < Self.openLimit else { return nil }
        open[next] = now
        next += 1
        return next - 1
    }

    /// Takes an answer.
    ///
    /// - Throws: `protocolViolation` when that was not asked, or the partner's clock went back.
    package mutating func answer(_ number: Int64, at theirs: Int64, now: Int64) throws(LabError) {
        guard let asked = open.removeValue(forKey: number) else { throw .protocolViolation("a pong without its ping") }
        guard theirs >= lastAt else { throw .protocolViolation("a clock that goes back") }
        lastAt = theirs
        let middle = asked + (now - asked) / 2
        guard answers.count < Self.openLimit else { return }
        answers.append(Answer(middle: middle, ahead: theirs - middle, roundTrip: now - asked))
    }

    /// What the answers since ``begin()`` say together; nil without any.
    package var reading: LabClockReading? {
        let best = answers.sorted { $0.roundTrip < $1.roundTrip }.prefix(Self.bestCount)
        guard let first = best.first else { return nil }
        let count = Int64(best.count)
        // Differences to the first: the sum of four times would still fit, but this needs no thought.
        let ahead = first.ahead + best.reduce(0) { $0 + ($1.ahead - first.ahead) } / count
        let middle = first.middle + best.reduce(0) { $0 + ($1.middle - first.middle) } / count
        return LabClockReading(at: middle, ahead: ahead, error: (best.last?.roundTrip ?? 0) / 2)
    }
}

/// How the partner's clock went during a run, between two readings.
package struct LabClockLine: Sendable {
    private let before: LabClockReading
    private let after: LabClockReading

    package init(from before: LabClockReading, to after: LabClockReading) {
        self.before = before
        self.after = after
    }

    /// Microseconds by which a time of the partner's may be wrong.
    package var error: Int64 { max(before.error, after.error) }

    /// A time of the partner's in the conductor's clock, by both readings.
    ///
    /// - Parameters:
    ///   - time: the same by the first reading alone, in microseconds since `start`.
    ///   - start: of the run, in the conductor's clock.
    package func corrected(_ time: Int64, since start: Int64) -> Int64 {
        let span = Double(after.at - before.at)
        guard span > 0 else { return time }
        let part = min(max(Double(time + start - before.at) / span, 0), 1)
        return time - Int64((part * Double(after.ahead - before.ahead)).rounded())
    }
}
