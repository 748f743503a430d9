internal import Lab
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Makes the runs of a plan, one after the other, and tells what they show. What was measured is told and kept also
/// when somebody stops it, or when runs fail.
///
/// A run that fails is tried once more with another connection, unless the same must come of it; when that fails too,
/// it is told and the other runs are made.
struct LabExperiment: Sendable {
    let plan: LabPlan
    /// Whose question the plan asks.
    var preset: LabPreset?
    /// How the other side is found.
    var peer: LabReport.Peer?
    let outputs: LabFiles
    let console: Console

    /// - Throws: why not all runs were made, or why a file was not written.
    func run(with runner: some LabRunner) async throws(CommandFailure) {
        let pace = try await pace(of: runner)
        let account = LabAccount(plan, on: console)
        account.begin(estimate: plan.estimate(pace), partner: runner.agents.partner)
        let meter = LabMeter(plan, pace: pace, console: console)
        var results: [LabResult] = []
        var course = Course()
        for (index, scenario) in plan.scenarios.enumerated() where course.end == nil {
            var tally = LabTally(scenario)
            await measure(scenario, with: runner, meter, into: &tally, &course)
            guard !tally.isEmpty else { continue }
            let result = tally.result
            results.append(result)
            account.tell(result, index: index)
        }
        let agents = runner.agents
        await runner.close(because: course.end)
        console.clearBar()
        let report = LabReport(
            plan: plan, results: results, conductor: agents.conductor, partner: agents.partner, peer: peer,
            version: Program.version, made: Int64(time(nil)))
        account.end(report, preset: preset)
        let problem = keep(report)
        if let failure = course.failure(of: plan) ?? problem { throw failure }
    }

    /// What a simulation takes is measured before it is told; everything else takes as long as it takes.
    private func pace(of runner: some LabRunner) async throws(CommandFailure) -> LabPace {
        guard plan.medium == .simulated else { return LabPace() }
        do throws(LabError) { return try await LabPace.measured(with: runner) } catch { throw CommandFailure(error) }
    }

    /// Makes the runs of a scenario, as far as it comes.
    private func measure(
        _ scenario: LabScenario, with runner: some LabRunner, _ meter: LabMeter, into tally: inout LabTally,
        _ course: inout Course
    ) async {
        for seed in scenario.seeds {
            meter.begin(scenario)
            var isFirst = true
            while true {
                guard !Task.isCancelled else {
                    course.end = .cancelled
                    return
                }
                do throws(LabError) {
                    tally.add(try await runner.run(scenario, seed: seed) { meter.record($0) })
                    course.madeCount += 1
                    break
                } catch {
                    if error == .cancelled || Task.isCancelled {
                        course.end = .cancelled
                        return
                    }
                    course.end = await runner.ending
                    let isAgain = isFirst && course.end == nil && plan.medium.isWorthAnotherTry(error)
                    tally.add(LabFailure(seed: seed, reason: error.reason, isTriedAgain: isAgain))
                    LabAccount.tellFailure(of: scenario, seed: seed, error, isTriedAgain: isAgain, on: console)
                    isFirst = false
                    if isAgain { continue }
                    course.fail(error, in: scenario, over: plan.medium)
                    if course.end != nil { return }
                    break
                }
            }
            meter.end(scenario)
        }
    }

    /// Writes the files.
    private func keep(_ report: LabReport) -> CommandFailure? {
        guard !outputs.places.isEmpty, !report.results.isEmpty else { return nil }
        let (written, failure) = outputs.write(report)
        LabAccount.tell(written, isComplete: report.isComplete, on: console)
        return failure
    }
}

/// What has become of the runs of a plan so far.
private struct Course {
    /// Where so many runs have not even a connection, and none was made, there will be none.
    private static let hopelessCount = 3
    /// The link delays while the two connect, too: one that is longer, there and back, may be why they do not, and
    /// others may be shorter.
    private static let longWay = Duration.seconds(2)

    var madeCount = 0
    /// Why no more runs are made; nil as long as they are.
    var end: LabError?
    private var failedCount = 0
    /// Those of them that leave little hope for the others.
    private var unconnectedCount = 0
    private var first: LabError?

    mutating func fail(_ error: LabError, in scenario: LabScenario, over medium: LabMedium) {
        failedCount += 1
        first = first ?? error
        let isLong = scenario.link.forward.delay + scenario.link.back.delay > Self.longWay
        if medium.isUnconnected(error), !isLong { unconnectedCount += 1 }
        if end == nil, madeCount == 0, unconnectedCount >= Self.hopelessCount { end = error }
    }

    /// Why not everything was measured.
    func failure(of plan: LabPlan) -> CommandFailure? {
        if let end { return CommandFailure(end) }
        guard let first else { return nil }
        let reason = CommandFailure(first)
        return CommandFailure(
            reason.status,
            "\(grouped(failedCount)) of \(counted(plan.runCount, "run")) failed. \(failedCount == 1 ? "" : "The first: ")"
                + reason.sentence, remedy: reason.remedy)
    }
}

extension LabMedium {
    /// Whether a run that failed so had no connection, which is the same for all scenarios. What fails in a simulation
    /// otherwise is a matter of the scenario alone.
    fileprivate func isUnconnected(_ error: LabError) -> Bool {
        switch error {
        case .noConnection: true
        case .failed: self != .simulated
        case .partnerFailed, .badReport, .badPlan, .protocolViolation, .otherProtocol, .otherVersion, .cancelled: false
        }
    }

    /// Whether a run that failed may come about when it is tried once more: in a simulation, and with a partner that
    /// does not keep to the protocol, the same would come of it.
    fileprivate func isWorthAnotherTry(_ error: LabError) -> Bool {
        switch error {
        case .noConnection, .partnerFailed, .failed: self != .simulated
        case .badReport, .badPlan, .protocolViolation, .otherProtocol, .otherVersion, .cancelled: false
        }
    }
}
