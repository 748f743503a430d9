extension LabPreset {
    /// What the results say about the question, in sentences for people; empty when there is too little of them.
    package func answer(_ results: [LabResult]) -> [String] {
        let groups = Self.groups(results.filter { $0.accepted > 0 })
        let always = Self.always(groups).first
        var lines = groups.compactMap { line($0, always: always) }
        if let conclusion = conclusion(groups) { lines.append(conclusion) }
        return lines
    }

    /// Results of the same link and traffic, whose channels are compared.
    private struct Group {
        /// What tells it from the others, “loss 5 %”; empty when there is one group only.
        var name: String
        var results: [LabResult]
    }

    private static func groups(_ results: [LabResult]) -> [Group] {
        var groups: [(key: LabScenario, results: [LabResult])] = []
        for result in results {
            var key = result.scenario
            key.channel = LabChannel()
            key.name = ""
            if let index = groups.firstIndex(where: { $0.key == key }) {
                groups[index].results.append(result)
            } else {
                groups.append((key, [result]))
            }
        }
        return groups.filter { $0.results.count > 1 }.map { group in
            let first = group.results[0].scenario
            // A scenario is named by its channel, and by what else tells it from the others.
            let words = first.name.split(separator: ", ").map(String.init).filter { !first.channel.name.contains($0) }
            return Group(name: words.joined(separator: ", "), results: group.results)
        }
    }

    private func line(_ group: Group, always: LabChannel?) -> String? {
        let situation = group.name.isEmpty ? "" : "\(group.name.prefix(1).uppercased())\(group.name.dropFirst()): "
        switch self {
        case .game, .voice:
            // Where several are as good, the one that is good everywhere stands for them.
            let favourite = group.results.first { $0.scenario.channel == always }
            guard let best = favourite ?? Self.best(group.results), let worst = Self.worst(group.results) else {
                return nil
            }
            let limit = LabQuantity.duration(best.scenario.traffic.late)
            let start =
                "\(situation)\(Self.percent(Self.inTime(best))) in time (\(limit)) with \(best.scenario.channel.name)"
            guard Self.inTime(best) - Self.inTime(worst) >= Self.chance(best, worst) else {
                return "\(start), and with the others."
            }
            return "\(start); \(Self.percent(Self.inTime(worst))) with \(worst.scenario.channel.name)."
        case .telemetry:
            guard let ordered = group.results.first(where: { $0.scenario.channel.ordered })?.latency,
                let unordered = group.results.first(where: { !$0.scenario.channel.ordered })?.latency
            else { return nil }
            return "\(situation)half of the readings are there within \(Self.time(ordered.p50)) in order and "
                + "\(Self.time(unordered.p50)) without, 99 % within \(Self.time(ordered.p99)) and \(Self.time(unordered.p99))."
        case .file:
            guard let best = group.results.max(by: { ($0.goodput ?? 0) < ($1.goodput ?? 0) }), let speed = best.goodput
            else { return nil }
            let share = best.scenario.link.forward.rate.map {
                " of \(LabQuantity.bitRate(Double($0))) (\(Self.percent(speed / Double($0))))"
            }
            return "\(situation)\(LabText.bitRate(speed))\(share ?? "")."
        }
    }

    private func conclusion(_ groups: [Group]) -> String? {
        switch self {
        case .game, .voice:
            guard let first = groups.first.flatMap({ Self.best($0.results) })?.scenario.channel else { return nil }
            let always = Self.always(groups).map(\.name)
            guard let choice = always.first else {
                return "So: it depends on the link; \(first.name) is best where the link is good."
            }
            guard groups.contains(where: { $0.results.count > always.count }) else {
                return "So: all of them do equally well here."
            }
            let others = ReportWords.list(Array(always.dropFirst()))
            let equals =
                others.isEmpty ? "" : "; \(others) \(always.count > 2 ? "do" : "does") as well, within what chance does"
            return "So: \(choice), in every case here\(equals)."
        case .telemetry:
            let costs = groups.compactMap { group -> Int64? in
                guard let ordered = group.results.first(where: { $0.scenario.channel.ordered })?.latency,
                    let unordered = group.results.first(where: { !$0.scenario.channel.ordered })?.latency
                else { return nil }
                return ordered.p99 - unordered.p99
            }
            guard let most = costs.max() else { return nil }
            guard most >= 5_000 else { return "So: order costs next to nothing here." }
            return
                "So: order costs up to \(Self.time(most)) at the 99th percentile, because a reading that is there waits for "
                + "an earlier one; nothing is lost either way."
        case .file:
            let differences = groups.compactMap { group -> Double? in
                let speeds = group.results.compactMap(\.goodput)
                guard let most = speeds.max(), let least = speeds.min(), most > 0 else { return nil }
                return (most - least) / most
            }
            guard let largest = differences.max() else { return nil }
            guard largest >= 0.005 else { return "Order makes no difference to the speed." }
            return "Order changes the speed by \(Self.percent(largest)) at most."
        }
    }

    /// The channels that are as good as the best of each group, within what chance does.
    private static func always(_ groups: [Group]) -> [LabChannel] {
        let channels = groups.first?.results.map(\.scenario.channel) ?? []
        return channels.filter { channel in
            groups.allSatisfy { group in
                guard let best = best(group.results) else { return false }
                return group.results.contains {
                    $0.scenario.channel == channel && inTime(best) - inTime($0) < chance(best, $0)
                }
            }
        }
    }

    /// What two shares in time may differ by when the channels are equally good: two standard errors, and a hundredth
    /// at least.
    private static func chance(_ left: LabResult, _ right: LabResult) -> Double {
        let variances = [left, right].map { result in
            let share = min(max(inTime(result), 0), 1)
            return result.accepted > 0 ? share * (1 - share) / Double(result.accepted) : 0
        }
        return max(0.01, 2 * (variances[0] + variances[1]).squareRoot())
    }

    /// The share of messages that came in time.
    private static func inTime(_ result: LabResult) -> Double {
        result.accepted > 0 ? Double(result.delivered - result.late) / Double(result.accepted) : 0
    }

    private static func best(_ results: [LabResult]) -> LabResult? { results.max { inTime($0) < inTime($1) } }
    private static func worst(_ results: [LabResult]) -> LabResult? { results.min { inTime($0) < inTime($1) } }

    private static func percent(_ share: Double) -> String { LabText.share(share) }
    private static func time(_ microseconds: Int64) -> String { LabText.time(microseconds) }
}
