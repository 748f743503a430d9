internal import JSON
internal import Wire

/// Settings as a report writes them: times in milliseconds, and nothing that is not set.
extension LabPlan {
    var reportValue: JSONValue {
        .object([
            "title": .string(title), "medium": .string(medium.rawValue),
            "scenarios": .array(scenarios.map(\.reportValue)),
        ])
    }

    init(report members: LabMembers) throws(LabError) {
        guard let medium = LabMedium(rawValue: try members.text("medium")) else { throw members.wrong("medium") }
        self.init(
            title: try members.text("title"), medium: medium,
            scenarios: try members.list("scenarios", limit: Self.scenarioLimit) { value throws(LabError) in
                try LabScenario(report: try LabMembers(value, "a scenario"))
            })
        do { try check() } catch { throw error.asBadReport }
    }
}

extension LabScenario {
    var reportValue: JSONValue {
        .object([
            "name": .string(name), "channel": channel.reportValue,
            "link": .object(["forward": link.forward.reportValue, "back": link.back.reportValue]),
            "traffic": traffic.reportValue, "from": .string(from.rawValue),
            "seeds": .array(seeds.map(Self.reportValue(ofSeed:))),
        ])
    }

    init(report members: LabMembers) throws(LabError) {
        let link = try members.object("link")
        guard let from = LabSide(rawValue: try members.text("from")) else { throw members.wrong("from") }
        self.init(
            name: try members.text("name"), channel: try LabChannel(report: try members.object("channel")),
            link: LabLink(
                forward: try LabPath(report: try link.object("forward")),
                back: try LabPath(report: try link.object("back"))),
            traffic: try LabTraffic(report: try members.object("traffic")), from: from,
            seeds: try members.list("seeds", limit: Self.seedLimit) { value throws(LabError) in
                guard let seed = Self.seed(value) else { throw members.wrong("seeds") }
                return seed
            })
        do { try check() } catch { throw error.asBadReport }
    }

    /// A seed has 64 bits: beyond what every reader of JSON holds exactly, it is written as text.
    static func reportValue(ofSeed seed: UInt64) -> JSONValue {
        seed <= UInt64(LabMembers.exactLimit) ? .integer(Int64(seed)) : .string(String(seed))
    }

    static func seed(_ value: JSONValue) -> UInt64? {
        switch value {
        case .integer(let integer): UInt64(exactly: integer)
        case .string(let text): UInt64(text)
        default: nil
        }
    }
}

extension LabChannel {
    fileprivate var reportValue: JSONValue {
        var object: JSONObject = ["ordered": .bool(ordered)]
        if let maxRetransmits { object.insert(.integer(Int64(maxRetransmits)), as: "maxRetransmits") }
        if let maxPacketLifeTime { object.insert(.integer(Int64(maxPacketLifeTime)), as: "maxPacketLifeTime") }
        return .object(object)
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            ordered: try members.bool("ordered"),
            maxRetransmits: try members.optionalInteger("maxRetransmits", 0...65_535).map { UInt16($0) },
            maxPacketLifeTime: try members.optionalInteger("maxPacketLifeTime", 0...65_535).map { UInt16($0) })
    }
}

extension LabTraffic {
    fileprivate var reportValue: JSONValue {
        var object: JSONObject = ["bytes": .integer(Int64(messageBytes))]
        if let rate { object.insert(.number(rate), as: "rate") }
        object.insert(duration.reportValue, as: "milliseconds")
        object.insert(late.reportValue, as: "lateMilliseconds")
        return .object(object)
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            messageBytes: try members.count("bytes"), rate: try members.optionalNumber("rate", 0...1e9),
            duration: try members.duration("milliseconds"), late: try members.duration("lateMilliseconds"))
    }
}

extension LabPath {
    fileprivate var reportValue: JSONValue {
        var object = JSONObject()
        if loss != 0 { object.insert(.number(loss), as: "loss") }
        if let burst {
            object.insert(
                .object(["meanLength": .number(burst.meanLength), "share": .number(burst.share)]), as: "burst")
        }
        if delay != .zero { object.insert(delay.reportValue, as: "delay") }
        if jitter != .zero { object.insert(jitter.reportValue, as: "jitter") }
        if reorder != 0 { object.insert(.number(reorder), as: "reorder") }
        if reorderDelay != .zero { object.insert(reorderDelay.reportValue, as: "reorderDelay") }
        if duplicate != 0 { object.insert(.number(duplicate), as: "duplicate") }
        if let rate { object.insert(.integer(Int64(clamping: rate)), as: "rate") }
        if let queueBytes { object.insert(.integer(Int64(queueBytes)), as: "queueBytes") }
        if !blackouts.isEmpty {
            let values = blackouts.map { blackout -> JSONValue in
                .object(["start": blackout.start.reportValue, "length": blackout.length.reportValue])
            }
            object.insert(.array(values), as: "blackouts")
        }
        return .object(object)
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init()
        loss = try members.optionalNumber("loss", 0...1) ?? 0
        if let burst = try members.optionalObject("burst") {
            self.burst = LabBurst(
                meanLength: try burst.number("meanLength", 1...10_000), share: try burst.number("share", 0...1))
        }
        if members.has("delay") { delay = try members.duration("delay") }
        if members.has("jitter") { jitter = try members.duration("jitter") }
        reorder = try members.optionalNumber("reorder", 0...1) ?? 0
        if members.has("reorderDelay") { reorderDelay = try members.duration("reorderDelay") }
        duplicate = try members.optionalNumber("duplicate", 0...1) ?? 0
        rate = try members.optionalInteger("rate", 0...LabMembers.exactLimit).map { UInt64($0) }
        queueBytes = try members.optionalInteger("queueBytes", 0...LabMembers.exactLimit).map { Int($0) }
        guard members.has("blackouts") else { return }
        blackouts = try members.list("blackouts", limit: Self.blackoutLimit) { value throws(LabError) in
            let blackout = try LabMembers(value, "a blackout")
            return LabBlackout(start: try blackout.duration("start"), length: try blackout.duration("length"))
        }
    }
}

extension Duration {
    /// Milliseconds, as a whole number where they are one.
    fileprivate var reportValue: JSONValue {
        let nanoseconds = wholeNanoseconds
        if nanoseconds % 1_000_000 == 0 { return .integer(nanoseconds / 1_000_000) }
        return .number(Double(nanoseconds) / 1_000_000)
    }
}

extension LabError {
    /// What is wrong with the plan of a report is wrong with the report.
    var asBadReport: LabError {
        if case .badPlan(let text) = self { .badReport(text) } else { self }
    }
}
