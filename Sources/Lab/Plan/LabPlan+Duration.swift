/// What simulated runs cost on this machine.
package struct LabPace: Hashable, Sendable {
    /// Connecting, before anything is measured.
    package var run: Duration
    /// One packet of a message, there and with its acknowledgement.
    package var packet: Duration

    package init(run: Duration = .milliseconds(10), packet: Duration = .microseconds(50)) {
        self.run = run
        self.packet = packet
    }

    /// Measured with a runner that simulates, in the blink of an eye.
    package static func measured(with runner: some LabRunner) async throws(LabError) -> LabPace {
        func time(_ rate: Double) async throws(LabError) -> Duration {
            let traffic = LabTraffic(
                messageBytes: 200, rate: rate, duration: .milliseconds(100), late: .milliseconds(100))
            let scenario = LabScenario(name: "", channel: LabChannel(), link: LabLink(), traffic: traffic, seeds: [1])
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await runner.run(scenario, seed: 1) { _ in }
            return clock.now - start
        }
        // The first run also makes what is made once.
        _ = try await time(10)
        let run = try await time(10)
        let messages = 100.0
        let packet = (try await time(messages * 10) - run) / messages
        return LabPace(run: run, packet: max(.microseconds(1), packet))
    }
}

extension LabPlan {
    /// How many runs it has.
    package var runCount: Int { scenarios.reduce(0) { $0 + $1.seeds.count } }

    /// About how long it takes.
    package func estimate(_ pace: LabPace) -> Duration {
        scenarios.reduce(.zero) { $0 + estimate(of: $1, pace) * $1.seeds.count }
    }

    /// About how long one run of a scenario takes.
    package func estimate(of scenario: LabScenario, _ pace: LabPace) -> Duration {
        medium == .simulated ? scenario.simulatedTime(pace) : scenario.realTime
    }
}

extension LabScenario {
    /// In the real world a run takes as long as its traffic, with connecting before it and what is under way behind it.
    fileprivate var realTime: Duration {
        let path = link.forward
        let loses = path.loss > 0 || path.burst != nil || !path.blackouts.isEmpty
        let wait: Duration = channel.isReliable || !loses ? .zero : .seconds(3)
        return traffic.duration + .milliseconds(700) + (path.delay + link.back.delay) * 6 + wait
    }

    fileprivate func simulatedTime(_ pace: LabPace) -> Duration {
        let seconds = traffic.duration / .seconds(1)
        let packets = Double((traffic.messageBytes + 1163) / 1164)
        let line = link.forward.rate.map { Double($0) / 8 / 1250 } ?? Self.packetRate
        let perSecond = min(traffic.rate.map { $0 * packets } ?? line, line)
        let lost = min(0.9, link.forward.loss + (link.forward.burst?.share ?? 0))
        // A hundred times a second the stacks look at their timers, which costs a third of a packet.
        return pace.run + pace.packet * (perSecond * seconds / (1 - lost) + seconds * 33)
    }

    /// What two stacks send where nothing limits them, in packets per second of virtual time.
    private static let packetRate = 20_000.0
}
