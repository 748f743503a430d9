import Lab
import TestSupport
import Testing

/// Whether the simulated link tells the truth: the same scenarios over it, and over the shaping relay with real sockets
/// on the real clock.
///
/// Takes about two minutes of real time and wants a machine that does nothing else, so it runs when it is asked for:
/// `MARTLET_LAB_AGREEMENT=1`. What is in the way on a busy machine is measured too: a scenario that does not agree is
/// measured again, twice at most, and what each time gave is printed.
@Suite(
    .exclusiveStack, .serialized, .enabled(if: Environment.asksForAgreement, "set MARTLET_LAB_AGREEMENT=1"),
    .timeLimit(.minutes(10)))
struct AgreementTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4, 5]

    /// Each leaves SCTP's congestion window room enough, and gives the same percentiles whatever the seeds are: where
    /// an association now and then waits for a retransmission timeout, the largest latencies are chance, over either
    /// link.
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
        // The link of the default experiment.
        scenario("unordered:rtx=0", bytes: 200, rate: 50, seconds: 8) { path in
            path.loss = 0.1
            path.delay = .milliseconds(50)
        },
        // Three packets each.
        scenario("unordered:rtx=0", bytes: 3000, rate: 20, seconds: 8) { path in
            path.loss = 0.01
            path.delay = .milliseconds(20)
        },
        // What else a link does.
        scenario("unordered:rtx=0", bytes: 200, rate: 100, seconds: 6) { path in
            path.burst = LabBurst(meanLength: 3, share: 0.05)
            path.delay = .milliseconds(20)
            path.reorder = 0.05
            path.reorderDelay = .milliseconds(30)
            path.duplicate = 0.02
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
        let runner = PairRunner(medium: .shaped, agent: "martlet")
        var agreement = Agreement(simulated, try await results(of: scenario, by: runner, atOnce: 3))
        for _ in 0..<2 where agreement?.isGood != true {
            print("\(scenario.name), once more after: \(agreement.map(\.description) ?? "nothing was delivered")")
            agreement = Agreement(simulated, try await results(of: scenario, by: runner, atOnce: 3))
        }
        let measured = try #require(agreement)
        print("\(scenario.name): \(measured)")
        #expect(measured.isGood, "\(measured)")
    }

    /// What both links give, shaped and simulated.
    private struct Agreement: CustomStringConvertible {
        let (simulated, shaped): (LabResult, LabResult)
        let shares: (simulated: Double, shaped: Double)
        let latencies: (simulated: LabDistribution, shaped: LabDistribution)

        /// Nil where one of them delivered nothing.
        init?(_ simulated: LabResult, _ shaped: LabResult) {
            guard let left = simulated.latency, let right = shaped.latency, let leftShare = simulated.deliveredShare,
                let rightShare = shaped.deliveredShare
            else { return nil }
            (self.simulated, self.shaped) = (simulated, shaped)
            shares = (leftShare, rightShare)
            latencies = (left, right)
        }

        /// On a machine that is not busy a sender in real time skips next to nothing of what is due; delivery within a
        /// percentage point, p50 and p99 of the latency within 10 % and 5 ms of what the simulated link gives.
        var isGood: Bool {
            Double(shaped.accepted) >= 0.95 * Double(simulated.accepted)
                && abs(shares.simulated - shares.shaped) <= 0.01
                && isClose(latencies.simulated.p50, latencies.shaped.p50)
                && isClose(latencies.simulated.p99, latencies.shaped.p99)
        }

        private func isClose(_ simulated: Int64, _ shaped: Int64) -> Bool {
            Double(abs(simulated - shaped)) <= 0.1 * Double(simulated) + 5000
        }

        var description: String {
            "delivered \(percent(shares.simulated)) and \(percent(shares.shaped)) "
                + "of \(simulated.accepted) and \(shaped.accepted); p50 \(latencies.simulated.p50) and \(latencies.shaped.p50) us; "
                + "p99 \(latencies.simulated.p99) and \(latencies.shaped.p99) us; "
                + "retransmitted \(simulated.retransmissions ?? 0) and \(shaped.retransmissions ?? 0)"
        }

        private func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }
    }

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
