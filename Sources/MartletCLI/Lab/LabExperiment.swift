internal import Lab
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Makes the runs of a plan, one after the other, and tells what they show. What was measured is told and kept also when
/// somebody stops it, or when a run fails.
struct LabExperiment: Sendable {
    let plan: LabPlan
    /// Whose question the plan asks.
    var preset: LabPreset?
    let outputs: LabFiles
    let console: Console

    /// - Throws: why not all runs were made, or why a file was not written.
    func run(with runner: some LabRunner) async throws(CommandFailure) {
        let pace = try await pace(of: runner)
        let account = LabAccount(plan, on: console)
        account.begin(estimate: plan.estimate(pace), partner: runner.agents.partner)
        let meter = LabMeter(plan, pace: pace, console: console)
        var results: [LabResult] = []
        var failure: CommandFailure?
        for (index, scenario) in plan.scenarios.enumerated() {
            let (runs, reason) = await measure(scenario, with: runner, meter)
            if !runs.isEmpty {
                let result = LabResult(scenario: scenario, runs: runs)
                results.append(result)
                account.tell(result, index: index)
            }
            failure = reason
            if failure != nil { break }
        }
        let agents = runner.agents
        await runner.close()
        console.clearBar()
        let report = LabReport(
            plan: plan, results: results, conductor: agents.conductor, partner: agents.partner,
            version: Program.version,
            made: Int64(time(nil)))
        account.end(report, preset: preset)
        if let problem = keep(report), failure == nil { failure = problem }
        if let failure { throw failure }
    }

    /// What a simulation takes is measured before it is told; everything else takes as long as it takes.
    private func pace(of runner: some LabRunner) async throws(CommandFailure) -> LabPace {
        guard plan.medium == .simulated else { return LabPace() }
        do throws(LabError) { return try await LabPace.measured(with: runner) } catch { throw CommandFailure(error) }
    }

    /// - Returns: the runs that were made, and why there are no more where some are missing.
    private func measure(
        _ scenario: LabScenario, with runner: some LabRunner, _ meter: LabMeter
    ) async -> (runs: [LabRun], failure: CommandFailure?) {
        var runs: [LabRun] = []
        for seed in scenario.seeds {
            guard !Task.isCancelled else { return (runs, CommandFailure(LabError.cancelled)) }
            meter.begin(scenario)
            do throws(LabError) {
                runs.append(try await runner.run(scenario, seed: seed) { meter.record($0) })
            } catch {
                return (runs, CommandFailure(error))
            }
            meter.end(scenario)
        }
        return (runs, nil)
    }

    /// Writes the files.
    private func keep(_ report: LabReport) -> CommandFailure? {
        guard !outputs.places.isEmpty, !report.results.isEmpty else { return nil }
        let (written, failure) = outputs.write(report)
        LabAccount.tell(written, isComplete: report.isComplete, on: console)
        return failure
    }
}

extension LabReport {
    /// Whether every run of the plan was made.
    var isComplete: Bool {
        results.count == plan.scenarios.count && results.allSatisfy { $0.runs.count == $0.scenario.seeds.count }
    }
}
