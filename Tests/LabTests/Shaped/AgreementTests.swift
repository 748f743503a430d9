import Lab
import TestSupport
import Testing

/// Whether the simulated link tells the truth: the same scenarios over it, and over the shaping relay with real sockets on the real clock.
///
/// Takes about a minute of real time and wants a machine that does nothing else, so it runs when it is asked for: `MARTLET_LAB_AGREEMENT=1`.
@Suite(
    .exclusiveStack, .serialized, .enabled(if: Environment.asksForAgreement, "set MARTLET_LAB_AGREEMENT=1"),
    .timeLimit(.minutes(5)))
struct AgreementTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4, 5]

    /// Each leaves SCTP's congestion window room enough, and gives the same percentiles whatever the seeds are: where an association now
    /// and then waits for a retransmission timeout, the largest latencies are chance, over either link.
    static let scenarios: [LabScenario] = [
        scenario("unordered:rtx=0", bytes: 200, rate: 250, seconds: 6) { path in
            path.loss = 0.02
            path.delay = .milliseconds(10)
        },
        scenario("ordered", bytes: 300, rate: 50, seconds: 8) { path in
            path.loss = 0.02
            path.delay = .milliseconds(30)
        },
        scenario("unordered:life=100", bytes: 300, rate: 200, seconds: 5) { path in
            path.loss = 0.03
            path.rate = 1_000_000
            path.delay = .milliseconds(15)
        },
        scenario("unordered", bytes: 1000, rate: 100, seconds: 3) { path in
            path.rate = 1_000_000
            path.queueBytes = 16_384
            path.jitter = .milliseconds(10)
            path.delay = .milliseconds(10)
        },
    ]

    private static func scenario(
        _ channel: String, bytes: Int, rate: Double, seconds: Int, _ change: (inout LabPath) -> Void
    ) -> LabScenario {
        var link = LabLink()
        change(&link.forward)
        link.back.delay = link.forward.delay
        link.back.loss = link.forward.loss
        guard let channel = LabChannel(parsing: channel) else { fatalError("no channel: \(channel)") }
        return LabScenario(
            name: channel.name, channel: channel, link: link,
            traffic: LabTraffic(messageBytes: bytes, rate: rate, duration: .seconds(seconds), late: .milliseconds(200)),
            seeds: seeds)
    }

    @Test(arguments: scenarios) func `a shaped link gives what the simulated one gives`(_ scenario: LabScenario)
        async throws
    {
        let simulated = try await results(of: scenario, by: SimulatedRunner(), atOnce: 1)
        let shaped = try await results(of: scenario, by: PairRunner(medium: .shaped, agent: "martlet"), atOnce: 3)
        let (left, right) = (try #require(simulated.latency), try #require(shaped.latency))
        let (leftShare, rightShare) = (try #require(simulated.deliveredShare), try #require(shaped.deliveredShare))
        print(
            "\(scenario.name): delivered \(percent(leftShare)) and \(percent(rightShare)) of \(simulated.accepted) and",
            "\(shaped.accepted); p50 \(left.p50) and \(right.p50) us; p99 \(left.p99) and \(right.p99) us;",
            "retransmitted \(simulated.retransmissions ?? 0) and \(shaped.retransmissions ?? 0)")
        // On a machine that is not busy a sender in real time skips next to nothing of what is due.
        #expect(Double(shaped.accepted) >= 0.95 * Double(simulated.accepted))
        #expect(abs(leftShare - rightShare) <= 0.01)
        #expect(Self.agree(left.p50, right.p50), "p50 of the latency, in microseconds")
        #expect(Self.agree(left.p99, right.p99), "p99 of the latency, in microseconds")
    }

    /// 10 % and 5 ms.
    private static func agree(_ left: Int64, _ right: Int64) -> Bool {
        Double(abs(left - right)) <= 0.1 * Double(max(left, right)) + 5000
    }

    private func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }

    /// All runs together; several runs of connections of their own do not disturb each other.
    private func results(of scenario: LabScenario, by runner: some LabRunner, atOnce: Int) async throws -> LabResult {
        var runs: [LabRun] = []
        var seeds = scenario.seeds[...]
        while !seeds.isEmpty {
            runs += try await withThrowingTaskGroup { group in
                for seed in seeds.prefix(atOnce) {
                    group.addTask { try await runner.run(scenario, seed: seed, progress: { _ in }) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            seeds = seeds.dropFirst(atOnce)
        }
        return LabResult(scenario: scenario, runs: runs)
    }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private enum Environment {
    static var asksForAgreement: Bool { getenv("MARTLET_LAB_AGREEMENT") != nil }
}
