internal import JSON
internal import Lab
internal import Synchronization
internal import Transfer

/// How far the runs of a plan are, told while they go on: as a bar, as a line now and then where there is no terminal,
/// and as events.
final class LabMeter: Sendable {
    private struct State {
        /// What runs that are through were estimated at, and the one that is under way.
        var done = Duration.zero
        var current = Duration.zero
        var runNumber = 0
        var name = ""
        var traffic = Duration.seconds(1)
        var share = 0.0
        var toldAt: ContinuousClock.Instant?
    }

    private static let barInterval = Duration.milliseconds(100)
    private static let eventInterval = Duration.milliseconds(500)
    private static let lineInterval = Duration.seconds(5)

    private let plan: LabPlan
    private let console: Console
    private let pace: LabPace
    private let total: Duration
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(_ plan: LabPlan, pace: LabPace, console: Console) {
        self.pace = pace
        self.plan = plan
        self.console = console
        total = plan.estimate(pace)
    }

    func begin(_ scenario: LabScenario) {
        state.withLock { state in
            state.runNumber += 1
            state.name = scenario.name
            state.traffic = scenario.traffic.duration
            state.current = plan.estimate(of: scenario, pace)
            state.share = 0
            tell(&state)
        }
    }

    func record(_ progress: LabProgress) {
        state.withLock { state in
            state.share = min(0.99, max(0, Double(progress.elapsed) / 1e6 / (state.traffic / .seconds(1))))
            tell(&state)
        }
    }

    func end(_ scenario: LabScenario) {
        state.withLock { state in
            state.done += state.current
            state.current = .zero
            state.share = 0
            tell(&state)
        }
    }

    private func tell(_ state: inout State) {
        let now = ContinuousClock.now
        let interval = console.isJSON ? Self.eventInterval : console.hasBar ? Self.barInterval : Self.lineInterval
        guard console.isJSON || console.isTalkative else { return }
        if !console.hasBar, !console.isJSON, state.toldAt == nil { state.toldAt = now }
        if let last = state.toldAt, now - last < interval { return }
        state.toldAt = now
        let share = total > .zero ? min(0.99, (state.done + state.current * state.share) / total) : 0
        let elapsed = now - start
        // Nothing is said of the time left before something can be known of it.
        let left = share > 0.02 && elapsed > .seconds(1) ? elapsed * (1 / share - 1) : nil
        let line = LabProgressLine(
            run: state.runNumber, runCount: plan.runCount, share: share, name: state.name, timeLeft: left)
        console.event(
            "lab-progress",
            [
                "run": .integer(Int64(line.run)), "runs": .integer(Int64(line.runCount)), "name": .string(line.name),
                "share": .number(share),
                "seconds_left": left.map { .number(($0 / .milliseconds(100)).rounded() / 10) } ?? .null,
            ])
        if console.hasBar {
            console.drawBar(line.text(columns: console.facts.size().columns))
        } else {
            console.say(line.text(columns: 200))
        }
    }
}

/// How far experiments are, as one line.
///
///     run 5 of 12  40 % |███████▏          | 12 s left · unordered, maxRetransmits 0, loss 5 %
struct LabProgressLine: Sendable, Equatable {
    var run: Int
    var runCount: Int
    /// 0 to 1.
    var share: Double
    var name: String
    var timeLeft: Duration?

    private static let barColumns = 20

    /// For a terminal of that many columns; it leaves room for the ^C of whoever stops it.
    func text(columns: Int) -> String {
        let percent = "\(Int(share * 100)) %"
        let count = "run \(grouped(min(run, runCount))) of \(grouped(runCount))"
        let head = count + String(repeating: " ", count: max(1, 6 - percent.count)) + percent
        let left = timeLeft.map { "\(DurationText.text($0)) left" }
        let bar = "|\(ProgressLine.bar(share, columns: Self.barColumns))|"
        let room = max(1, columns - 3)
        for parts in [[head, bar], [head]] {
            let start = parts.joined(separator: " ")
            let free = room - Printable.columns(of: [start, left].compactMap(\.self).joined(separator: " ")) - 3
            guard free >= 8 else { continue }
            let name = Printable.line(name, columns: free)
            return [start, [left, name].compactMap(\.self).joined(separator: " · ")].joined(separator: " ")
        }
        return Printable.line([head, left].compactMap(\.self).joined(separator: " · "), columns: room)
    }
}
