internal import Wire

extension LabPlan {
    /// The most scenarios.
    package static let scenarioLimit = 1_000
    /// The most runs of all scenarios together.
    package static let runLimit = 10_000

    /// Whether there is such a plan.
    ///
    /// - Throws: ``LabError/badPlan(_:)`` with the scenario and what is wrong with it.
    package func check() throws(LabError) {
        try LabCheck.text(title, "the title")
        try LabCheck.range(scenarios.count, 0...Self.scenarioLimit, "the number of scenarios")
        for scenario in scenarios { try scenario.check() }
        let runs = scenarios.reduce(0) { $0 + $1.seeds.count }
        try LabCheck.range(runs, 0...Self.runLimit, "the number of runs of all scenarios")
    }
}

extension LabScenario {
    /// The most seeds of a scenario.
    package static let seedLimit = 1_000

    /// Whether there is such a scenario.
    ///
    /// - Throws: ``LabError/badPlan(_:)`` with what is wrong with it.
    package func check() throws(LabError) {
        try LabCheck.text(name, "the name of a scenario")
        do throws(LabError) {
            if channel.maxRetransmits != nil, channel.maxPacketLifeTime != nil {
                throw .badPlan("maxRetransmits and maxPacketLifeTime exclude each other")
            }
            try link.forward.check()
            try link.back.check()
            try traffic.check()
            try LabCheck.range(seeds.count, 1...Self.seedLimit, "the number of seeds")
        } catch {
            guard case .badPlan(let text) = error, !name.isEmpty else { throw error }
            throw .badPlan("\(name): \(text)")
        }
    }
}

extension LabTraffic {
    /// Whether there is such a traffic.
    ///
    /// - Throws: ``LabError/badPlan(_:)`` with what is wrong with it.
    package func check() throws(LabError) {
        try LabCheck.range(messageBytes, Self.sizes, "bytes of a message")
        if let rate { try LabCheck.range(rate, Self.rates, "messages per second") }
        try LabCheck.range(duration, Self.durations, "the duration")
        try LabCheck.range(late, Self.limits, "the time after which a message is late")
    }
}

extension LabPath {
    /// The most blackouts.
    package static let blackoutLimit = 100

    /// Whether there can be such a path.
    ///
    /// - Throws: ``LabError/badPlan(_:)`` with what is wrong with it.
    package func check() throws(LabError) {
        try LabCheck.range(loss, 0...1, "loss")
        if let burst {
            try LabCheck.range(burst.meanLength, 1...10_000, "the mean length of a burst")
            try LabCheck.range(burst.share, 0...0.999, "the share lost in bursts")
        }
        try LabCheck.range(delay, .zero ... .seconds(60), "delay")
        try LabCheck.range(jitter, .zero ... .seconds(60), "jitter")
        try LabCheck.range(reorder, 0...1, "the share held back")
        try LabCheck.range(reorderDelay, .zero ... .seconds(60), "the time of holding back")
        try LabCheck.range(duplicate, 0...1, "the share doubled")
        if let rate { try LabCheck.range(rate, 1_000...1_000_000_000_000, "bits per second") }
        if let queueBytes { try LabCheck.range(queueBytes, 0...1_000_000_000, "bytes of the queue") }
        try LabCheck.range(blackouts.count, 0...Self.blackoutLimit, "the number of blackouts")
        for blackout in blackouts {
            try LabCheck.range(blackout.start, .zero...LabCheck.day, "the start of a blackout")
            try LabCheck.range(blackout.length, .zero...LabCheck.day, "the length of a blackout")
        }
    }
}

/// Bounds of what people and files ask for.
enum LabCheck {
    static let day = Duration.seconds(86_400)
    /// Characters of a name or a title, in bytes of UTF-8.
    static let textLimit = 200

    static func text(_ text: String, _ what: String) throws(LabError) {
        guard text.utf8.count <= textLimit else { throw .badPlan("\(what) has more than \(textLimit) bytes") }
    }

    /// NaN lies in no range.
    static func range<Value: Comparable>(_ value: Value, _ range: ClosedRange<Value>, _ what: String) throws(LabError) {
        guard range.contains(value) else {
            throw .badPlan("\(what): \(value) is not from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
