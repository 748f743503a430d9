extension LabPlan {
    /// How many runs it has.
    package var runCount: Int { scenarios.reduce(0) { $0 + $1.seeds.count } }

    /// About how long it takes: a guess, before anything has been measured.
    ///
    /// - Parameter packetTime: what the simulation takes for one packet of a message.
    package func estimate(packetTime: Duration = .microseconds(25)) -> Duration {
        scenarios.reduce(.zero) { $0 + estimate(of: $1, packetTime: packetTime) * $1.seeds.count }
    }

    /// About how long one run of a scenario takes.
    package func estimate(of scenario: LabScenario, packetTime: Duration = .microseconds(25)) -> Duration {
        medium == .simulated ? scenario.simulatedTime(packetTime) : scenario.realTime
    }

    /// Messages cost more than time that passes, and are sent again as often as the link loses them.
    fileprivate static let tickTime = Duration.microseconds(2)
}

extension LabScenario {
    /// In the real world a run takes as long as its traffic, with connecting before it and what is under way behind it.
    fileprivate var realTime: Duration {
        traffic.duration + .milliseconds(700) + link.forward.delay * 6 + link.back.delay * 6
            + (channel.isReliable
                ? .zero : .milliseconds(link.forward.loss > 0 || link.forward.burst != nil ? 3000 : 0))
    }

    fileprivate func simulatedTime(_ packetTime: Duration) -> Duration {
        let seconds = traffic.duration / .seconds(1)
        let packets = Double((traffic.messageBytes + 1163) / 1164)
        let line = link.forward.rate.map { Double($0) / 8 / 1250 } ?? 40_000
        let perSecond = min(traffic.rate.map { $0 * packets } ?? line, line)
        let lost = min(0.9, link.forward.loss + (link.forward.burst?.share ?? 0))
        return packetTime * (perSecond * seconds / (1 - lost)) + LabPlan.tickTime * (seconds * 100)
    }
}
