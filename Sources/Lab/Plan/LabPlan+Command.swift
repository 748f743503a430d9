extension LabPlan {
    /// Commands longer than so many are no help any more.
    private static let commandLimit = 12

    /// What a person types to make these experiments again: the preset, one command whose lists are crossed, or a
    /// command for each scenario. Empty where there are too many of those, or a scenario cannot be said in options. Who
    /// the other side is stands in none of them.
    ///
    /// Each command is read again here, and given only when it means exactly these scenarios.
    package var commands: [String] {
        guard !scenarios.isEmpty, scenarios.count <= LabPlanDraft.scenarioLimit else { return [] }
        for preset in LabPreset.allCases where preset.question == title {
            let plan = try? preset.draft.plan(medium: medium)
            if let plan, Self.isSame(plan.scenarios, scenarios) { return [command("--preset \(preset.rawValue)")] }
        }
        if let one = options(for: scenarios) { return [command(one)] }
        guard scenarios.count <= Self.commandLimit else { return [] }
        let each = scenarios.compactMap { options(for: [$0]) }
        return each.count == scenarios.count ? each.map { command($0) } : []
    }

    private func command(_ options: String) -> String {
        "martlet lab" + (medium == .simulated ? "" : " --link \(medium.rawValue)")
            + (options.isEmpty ? "" : " " + options)
    }

    /// Options that mean exactly these scenarios, in this order; nil where there are none.
    private func options(for wanted: [LabScenario]) -> String? {
        var draft = LabPlanDraft()
        var words: [String] = []
        for setting in LabSetting.allCases where medium != .real || !setting.isOfLink {
            let values = wanted.reduce(into: [String]()) { values, scenario in
                let value = setting.value(in: scenario)
                if !values.contains(value) { values.append(value) }
            }
            // What is not crossed has one value.
            guard values.count == 1 || LabSettings.crossed.contains(setting) else { return nil }
            guard values != [""] else { continue }
            let text = values.map { $0.isEmpty ? "none" : $0 }.joined(separator: ",")
            draft.set(setting, LabWritten(text, at: "--\(setting.rawValue)"))
            words.append("--\(setting.rawValue) \(text)")
        }
        guard let plan = try? draft.plan(medium: medium), Self.isSame(plan.scenarios, wanted) else { return nil }
        return words.joined(separator: " ")
    }

    /// Whether these are the same experiments, whatever their names.
    private static func isSame(_ plan: [LabScenario], _ other: [LabScenario]) -> Bool {
        let nameless = { (scenario: LabScenario) in
            var scenario = scenario
            scenario.name = ""
            return scenario
        }
        return plan.map(nameless) == other.map(nameless)
    }
}

extension LabSetting {
    /// What an option says to mean this scenario; empty where nothing has to be said.
    fileprivate func value(in scenario: LabScenario) -> String {
        let traffic = scenario.traffic
        switch self {
        case .channel: return scenario.channel.shortName
        case .size: return String(traffic.messageBytes)
        case .rate: return traffic.rate.map { LabQuantity.decimal($0, places: 6) } ?? "max"
        case .duration: return Self.written(traffic.duration)
        case .late: return Self.written(traffic.late)
        case .from: return scenario.from == .conductor ? "" : "peer"
        case .seeds:
            let seeds = scenario.seeds
            if let last = seeds.last, last < 1_000, seeds == Array(1...max(1, last)) { return String(seeds.count) }
            return seeds.map(String.init).joined(separator: ",") + (seeds.count == 1 ? "," : "")
        case .back:
            return Self.ofPath.compactMap { setting in
                let back = setting.value(of: scenario.link.back)
                guard back != setting.value(of: scenario.link.forward) else { return nil }
                return "\(setting.rawValue)=\(back.isEmpty ? "none" : back)"
            }.joined(separator: ",")
        default: return value(of: scenario.link.forward)
        }
    }

    private func value(of path: LabPath) -> String {
        switch self {
        case .loss: path.loss == 0 ? "" : Self.written(path.loss)
        case .burst:
            path.burst.map { "\(LabQuantity.decimal($0.meanLength, places: 6)):\(Self.written($0.share))" } ?? ""
        case .delay: path.delay == .zero ? "" : Self.written(path.delay)
        case .jitter: path.jitter == .zero ? "" : Self.written(path.jitter)
        case .reorder: path.reorder == 0 ? "" : "\(Self.written(path.reorder)):\(Self.written(path.reorderDelay))"
        case .duplicate: path.duplicate == 0 ? "" : Self.written(path.duplicate)
        case .bandwidth: path.rate.map { $0.isMultiple(of: 1_000) ? "\($0 / 1_000)kbit/s" : "\($0)bit/s" } ?? ""
        case .queue: path.queueBytes.map(String.init) ?? ""
        case .blackout:
            path.blackouts.map { "\(Self.written($0.start))+\(Self.written($0.length))" }.joined(separator: ",")
        default: ""
        }
    }

    private static func written(_ share: Double) -> String { LabQuantity.decimal(share * 100, places: 6) + "%" }

    private static func written(_ duration: Duration) -> String {
        LabQuantity.duration(duration).filter { $0 != " " }
    }
}
