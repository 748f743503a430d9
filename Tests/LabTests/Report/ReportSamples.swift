import Lab

/// Reports whose numbers follow from a seed, or from what a hostile file could say.
enum ReportSamples {
    /// Four channels over a link that loses `loss`, with latencies, waiting and a course of time.
    static func report(
        title: String = "Four channels", losses: [Double] = [0.01, 0.1], channels: [String] = four,
        messages: Int = 2_000, seeds: [UInt64] = [1, 2, 3]
    ) -> LabReport {
        let scenarios = losses.flatMap { loss in channels.map { scenario($0, loss: loss, seeds: seeds) } }
        return LabReport(
            plan: LabPlan(title: title, medium: .simulated, scenarios: scenarios),
            results: scenarios.map { result($0, messages: messages) }, conductor: "Martlet on Linux",
            partner: "Martlet on Linux", version: "0.1.0", made: 1_795_320_000)
    }

    static let four = ["ordered", "unordered", "unordered:rtx=0", "unordered:life=100"]

    static func scenario(_ channel: String, loss: Double, seeds: [UInt64] = [1]) -> LabScenario {
        var path = LabPath()
        path.loss = loss
        path.delay = .milliseconds(40)
        return LabScenario(
            name: "\(channel) \(loss)", channel: LabChannel(parsing: channel) ?? LabChannel(),
            link: LabLink(forward: path, back: path),
            traffic: LabTraffic(messageBytes: 100, rate: 60, duration: .seconds(30), late: .milliseconds(150)),
            seeds: seeds)
    }

    /// Every so many messages are lost, or late on a reliable channel.
    static func result(_ scenario: LabScenario, messages: Int) -> LabResult {
        let gap = max(2, Int(1 / max(scenario.link.forward.loss, 0.000_1)))
        let runs = scenario.seeds.map { seed in
            let sentAt = (0..<messages).map { Int64($0) * 16_667 }
            let receptions = (0..<messages).compactMap { index -> LabReception? in
                let isHit = (index + Int(seed % 1_000)) % gap == 0
                guard !isHit || scenario.channel.isReliable else { return nil }
                let extra = Int64(isHit ? 110_000 : index % 7 * 300)
                return LabReception(
                    sequence: UInt32(index), at: sentAt[index] + 40_000 + extra,
                    waited: scenario.channel.ordered ? extra : 0)
            }
            return LabRun(seed: seed, offeredCount: messages, sentAt: sentAt, receptions: receptions)
        }
        return LabResult(scenario: scenario, runs: runs)
    }

    /// A report with nothing but this result.
    static func report(_ results: [LabResult], title: String = "") -> LabReport {
        LabReport(
            plan: LabPlan(title: title, medium: .real, scenarios: results.map(\.scenario)), results: results,
            conductor: "", partner: "", version: "", made: .max)
    }
}
