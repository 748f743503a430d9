// What do the options of a channel do at a loss of packets? Simulated, in virtual time, and printed as a table.
//
//   swift run LabTable [LOSS]           10% where nothing is said
//
// `martlet lab` does the same with more options, over real links, and with browsers.

internal import Lab

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

do {
    let loss = CommandLine.arguments.dropFirst().first ?? "10%"
    var draft = try LabPlanDraft(
        parsing: "channel = all\ndelay = 50ms\nsize = 200\nrate = 50\nduration = 20s\nseeds = 3", place: "example")
    draft.set(.loss, LabWritten(loss, at: "the loss"))
    let plan = try draft.plan(medium: .simulated)
    let runner = SimulatedRunner()

    print(column("channel", 30), column("delivered", 10), column("p50", 8), column("p99", 8))
    for scenario in plan.scenarios {
        var runs: [LabRun] = []
        for seed in scenario.seeds { runs.append(try await runner.run(scenario, seed: seed) { _ in }) }
        let result = LabResult(scenario: scenario, runs: runs)
        let delivered = result.deliveredShare.map { LabText.share($0) } ?? "-"
        let times = [result.latency?.p50, result.latency?.p99].map { $0.map { LabText.time($0) } ?? "-" }
        print(column(scenario.channel.name, 30), column(delivered, 10), column(times[0], 8), column(times[1], 8))
    }
} catch let error as LabPlanError {
    print(error.sentence, error.remedy.map { "Try \($0)." } ?? "")
    exit(2)
} catch {
    print("It did not work: \(error)")
    exit(1)
}
