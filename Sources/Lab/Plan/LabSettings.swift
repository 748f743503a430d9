/// What was written about some scenarios, and the scenarios that it means: lists are crossed.
package struct LabSettings: Hashable, Sendable {
    private var written: [LabSetting: LabWritten] = [:]

    package init() {}

    package subscript(setting: LabSetting) -> LabWritten? {
        get { written[setting] }
        set { written[setting] = newValue }
    }

    /// Whether something is said about the link.
    package var describesLink: Bool { written.keys.contains { $0.isOfLink } }

    /// What others say where these say nothing.
    package func filled(from others: LabSettings) -> LabSettings {
        var settings = self
        settings.written.merge(others.written) { own, _ in own }
        return settings
    }

    /// What holds where nothing is written. The link is perfect.
    package static let standard: LabSettings = {
        var settings = LabSettings()
        for (setting, value) in [
            (LabSetting.channel, "all"), (.size, "200"), (.rate, "50"), (.duration, "10s"), (.late, "200ms"),
            (.from, "here"), (.seeds, "1"),
        ] { settings[setting] = LabWritten(value, at: setting.rawValue) }
        return settings
    }()

    /// The link of an experiment about whose link nothing is said at all.
    package static let standardLink: LabSettings = {
        var settings = LabSettings()
        settings[.loss] = LabWritten("10%", at: "loss")
        settings[.delay] = LabWritten("50ms", at: "delay")
        return settings
    }()

    /// Those whose lists are crossed, the one that changes fastest last: channels stand beside each other.
    static let crossed: [LabSetting] = [
        .size, .rate, .bandwidth, .queue, .delay, .jitter, .reorder, .duplicate, .burst, .loss, .channel,
    ]

    /// The scenarios, named by what tells them from each other.
    ///
    /// - Parameters:
    ///   - name: of these settings, where there are several.
    ///   - limit: the most scenarios.
    package func scenarios(name: String? = nil, limit: Int = LabPlanDraft.scenarioLimit) throws(LabPlanError)
        -> [LabScenario]
    {
        let settings = filled(from: .standard)
        var dimensions: [[Choice]] = []
        for setting in Self.crossed {
            guard let text = settings[setting] else { continue }
            dimensions.append(try Self.choices(setting, text))
        }
        try Self.check(dimensions, limit: limit)
        let base = try settings.base()
        let back = try settings.backChanges()
        var scenarios: [LabScenario] = []
        var indices = [Int](repeating: 0, count: dimensions.count)
        repeat {
            var scenario = base
            var words: [String] = []
            for (dimension, index) in zip(dimensions, indices) {
                dimension[index].apply(&scenario)
                if let label = dimension[index].label { words.append(label) }
            }
            scenario.link.back = scenario.link.forward
            for change in back { change(&scenario.link.back) }
            // The channel was applied last, and is named first.
            let parts = words.suffix(1) + words.dropLast()
            scenario.name = LabPlanDraft.cut((name.map { "\($0): " } ?? "") + parts.joined(separator: ", "))
            try settings.check(scenario)
            scenarios.append(scenario)
        } while Self.advance(&indices, dimensions.map(\.count))
        return scenarios
    }

    /// One value of a list.
    private struct Choice {
        /// What tells it from the others of the list; nil where there are no others.
        var label: String?
        var apply: (inout LabScenario) -> Void
    }

    private static func choices(_ setting: LabSetting, _ text: LabWritten) throws(LabPlanError) -> [Choice] {
        let parts =
            setting == .channel && LabWritten.trimmed(text.value) == "all" ? allChannels(text.place) : text.parts
        var choices: [Choice] = []
        for part in parts {
            switch setting {
            case .channel:
                guard let channel = LabChannel(parsing: part.value) else {
                    throw part.refused("is no channel", remedy: setting.example)
                }
                choices.append(Choice(label: channel.name) { $0.channel = channel })
            case .size:
                let count = try part.byteCount(LabTraffic.sizes)
                choices.append(Choice(label: LabQuantity.bytes(count)) { $0.traffic.messageBytes = count })
            case .rate:
                let rate = try part.messageRate()
                choices.append(Choice(label: LabQuantity.messageRate(rate)) { $0.traffic.rate = rate })
            default:
                let change = try part.pathChange(setting)
                let isNone = change.label == "none" && setting.word != nil
                let words = isNone ? ["no", setting.word] : [setting.word, change.label]
                let label = words.compactMap(\.self).joined(separator: " ")
                choices.append(Choice(label: label) { change.apply(&$0.link.forward) })
            }
        }
        let labels = choices.map(\.label)
        if let index = labels.indices.first(where: { labels[..<$0].contains(labels[$0]) }) {
            throw parts[index].refused("stands there twice", remedy: "each value once; --seeds repeats")
        }
        // The channel always has its name.
        if choices.count == 1, setting != .channel { choices[0].label = nil }
        return choices
    }

    private static func allChannels(_ place: String) -> [LabWritten] {
        ["ordered", "unordered", "unordered:rtx=0", "unordered:life=100"].map { LabWritten($0, at: place) }
    }

    /// What is not crossed.
    private func base() throws(LabPlanError) -> LabScenario {
        guard let duration = self[.duration], let late = self[.late], let from = self[.from], let seeds = self[.seeds]
        else { throw LabPlanError("A plan says nothing about time.") }
        var scenario = LabScenario(
            name: "", channel: LabChannel(), link: LabLink(),
            traffic: LabTraffic(
                messageBytes: LabMessage.headerBytes, rate: nil,
                duration: try duration.duration(
                    LabTraffic.durations.lowerBound...LabTraffic.longestWritten),
                late: try late.duration(LabTraffic.limits)),
            seeds: try seeds.seeds())
        switch LabWritten.trimmed(from.value) {
        case "here", "conductor": scenario.from = .conductor
        case "peer", "partner": scenario.from = .partner
        default: throw from.refused("is neither side", remedy: LabSetting.from.example)
        }
        if let blackout = self[.blackout] { try blackout.pathChange(.blackout).apply(&scenario.link.forward) }
        return scenario
    }

    /// What is otherwise on the way back.
    private func backChanges() throws(LabPlanError) -> [(inout LabPath) -> Void] {
        guard let back = self[.back] else { return [] }
        var changes: [(inout LabPath) -> Void] = []
        for part in back.parts {
            let halves = part.value.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, let setting = LabSetting(rawValue: LabWritten.trimmed(halves[0])),
                LabSetting.ofPath.contains(setting)
            else {
                throw part.refused(
                    "is not KEY=VALUE with a key of the link",
                    remedy: "\(LabSetting.back.example); "
                        + "the keys are \(LabSetting.ofPath.map(\.rawValue).joined(separator: ", "))")
            }
            let value = LabWritten(LabWritten.trimmed(halves[1]), at: "\(back.place), \(setting.rawValue)")
            changes.append(try value.pathChange(setting).apply)
        }
        return changes
    }

    private static func check(_ dimensions: [[Choice]], limit: Int) throws(LabPlanError) {
        var count = 1
        for dimension in dimensions {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension.count)
            count = overflow ? .max : product
        }
        guard count <= limit else {
            let factors = dimensions.map(\.count).filter { $0 > 1 }.map(String.init).joined(separator: " × ")
            throw LabPlanError(
                "The lists make \(factors) = \(LabText.count(count)) scenarios, and \(LabText.count(limit)) are the most.",
                remedy: "shorter lists, or several commands")
        }
    }

    /// What only shows when everything is together.
    private func check(_ scenario: LabScenario) throws(LabPlanError) {
        let forward = scenario.link.forward
        if forward.queueBytes != nil, forward.rate == nil, let queue = self[.queue] {
            throw LabPlanError(
                "\(queue.place): a queue is before a limit of the rate, and there is none.",
                remedy: "bandwidth, 5Mbit/s say")
        }
        try scenario.traffic.checkMessages()
    }

    private static func advance(_ indices: inout [Int], _ counts: [Int]) -> Bool {
        for position in indices.indices.reversed() {
            indices[position] += 1
            if indices[position] < counts[position] { return true }
            indices[position] = 0
        }
        return false
    }
}

extension LabTraffic {
    /// Whether a run of it has a message, and not too many.
    func checkMessages() throws(LabPlanError) {
        guard let rate else { return }
        let messages = rate * (duration / .seconds(1))
        let words = "\(LabQuantity.messageRate(rate)) for \(LabQuantity.duration(duration))"
        if messages > Double(LabRecorder.messageLimit) {
            throw LabPlanError(
                "\(words) are more than \(LabText.count(LabRecorder.messageLimit)) messages in a run.",
                remedy: "a shorter duration, or a lower rate")
        }
        if messages < 1 {
            throw LabPlanError("\(words) is not one message.", remedy: "a longer duration, or a higher rate")
        }
    }
}
