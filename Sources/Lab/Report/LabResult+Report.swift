internal import JSON

/// Measurements as a report writes them: times in microseconds, and nothing that is not known. `lost` and `sentence`
/// follow from the rest and are there for whoever reads the file without this program.
extension LabResult {
    var reportValue: JSONValue {
        var object: JSONObject = [
            "scenario": scenario.reportValue, "sentence": .string(sentence), "offered": .integer(Int64(offered)),
            "accepted": .integer(Int64(accepted)), "delivered": .integer(Int64(delivered)),
            "lost": .integer(Int64(lost)), "late": .integer(Int64(late)), "outOfOrder": .integer(Int64(outOfOrder)),
            "duplicated": .integer(Int64(duplicated)), "damaged": .integer(Int64(damaged)),
        ]
        if isRoundTrip { object.insert(.bool(true), as: "roundTrip") }
        if let latency { object.insert(latency.reportValue, as: "latency") }
        if let waiting { object.insert(waiting.reportValue, as: "waiting") }
        if let waitingShare { object.insert(.number(waitingShare), as: "waitingShare") }
        if let goodput { object.insert(.number(goodput), as: "goodput") }
        if let overhead { object.insert(.number(overhead), as: "overhead") }
        if let packets {
            object.insert(
                .object([
                    "dataChunks": .integer(Int64(packets.dataChunks)),
                    "retransmitted": .integer(Int64(packets.retransmitted)),
                ]), as: "packets")
        }
        if let wire {
            object.insert(
                .object(["forward": wire.forward.reportValue, "back": wire.back.reportValue]), as: "wire")
        }
        object.insert(.array(timeline.map(\.reportValue)), as: "timeline")
        object.insert(.array(runs.map(\.reportValue)), as: "runs")
        if !failures.isEmpty { object.insert(.array(failures.map(\.reportValue)), as: "failures") }
        return .object(object)
    }

    init(report members: LabMembers) throws(LabError) {
        self.init(scenario: try LabScenario(report: try members.object("scenario")))
        offered = try members.count("offered")
        accepted = Int(try members.integer("accepted", 0...Int64(offered)))
        delivered = Int(try members.integer("delivered", 0...Int64(accepted)))
        late = Int(try members.integer("late", 0...Int64(delivered)))
        outOfOrder = Int(try members.integer("outOfOrder", 0...Int64(delivered)))
        duplicated = try members.count("duplicated")
        damaged = try members.count("damaged")
        isRoundTrip = try members.optionalBool("roundTrip")
        if let latency = try members.optionalObject("latency") { self.latency = try LabDistribution(report: latency) }
        if let waiting = try members.optionalObject("waiting") { self.waiting = try LabDistribution(report: waiting) }
        waitingShare = try members.optionalNumber("waitingShare", 0...1)
        goodput = try members.optionalNumber("goodput", 0...1e15)
        overhead = try members.optionalNumber("overhead", -1...1e15)
        if let packets = try members.optionalObject("packets") {
            self.packets = LabPackets(
                dataChunks: try packets.count("dataChunks"), retransmitted: try packets.count("retransmitted"))
        }
        if let wire = try members.optionalObject("wire") {
            self.wire = LabWire(
                forward: try LabWireCount(report: try wire.object("forward")),
                back: try LabWireCount(report: try wire.object("back")))
        }
        timeline = try members.list("timeline", limit: Self.momentLimit) { value throws(LabError) in
            try LabMoment(report: try LabMembers(value, "a piece of the timeline"))
        }
        guard zip(timeline, timeline.dropFirst()).allSatisfy({ $0.start < $1.start }) else {
            throw members.wrong("timeline")
        }
        runs = try members.list("runs", limit: LabScenario.seedLimit) { value throws(LabError) in
            try LabRunSummary(report: try LabMembers(value, "a run"))
        }
        guard members.has("failures") else { return }
        failures = try members.list("failures", limit: 2 * LabScenario.seedLimit) { value throws(LabError) in
            try LabFailure(report: try LabMembers(value, "a run that failed"))
        }
    }
}

extension LabDistribution {
    fileprivate var reportValue: JSONValue {
        .object([
            "count": .integer(Int64(count)), "mean": .number(mean), "p50": .integer(p50), "p90": .integer(p90),
            "p99": .integer(p99), "p999": .integer(p999), "max": .integer(max),
            "cdf": .array(cdf.flatMap { [.integer($0.value), .number($0.share)] }),
        ])
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        let flat = try members.list("cdf", limit: 2 * Self.pointLimit) { value throws(LabError) in
            guard let number = LabMembers.number(value), (0...Double(LabMembers.exactLimit)).contains(number) else {
                throw members.wrong("cdf")
            }
            return number
        }
        guard flat.count.isMultiple(of: 2) else { throw members.wrong("cdf") }
        let points = stride(from: 0, to: flat.count, by: 2).map { index in
            LabPoint(value: Int64(flat[index]), share: flat[index + 1])
        }
        guard points.allSatisfy({ $0.share <= 1 }),
            zip(points, points.dropFirst()).allSatisfy({ $0.value < $1.value && $0.share < $1.share })
        else { throw members.wrong("cdf") }
        self.init(
            count: Int(try members.integer("count", 1...LabMembers.exactLimit)),
            mean: try members.number("mean", 0...Double(LabMembers.exactLimit)), p50: try members.time("p50"),
            p90: try members.time("p90"), p99: try members.time("p99"), p999: try members.time("p999"),
            max: try members.time("max"), cdf: points)
        guard p50 <= p90, p90 <= p99, p99 <= p999, p999 <= max else { throw members.wrong("max") }
    }
}

extension LabMoment {
    fileprivate var reportValue: JSONValue {
        var object: JSONObject = [
            "start": .integer(start), "sent": .integer(Int64(sent)), "delivered": .integer(Int64(delivered)),
        ]
        if let p50 { object.insert(.integer(p50), as: "p50") }
        if let p99 { object.insert(.integer(p99), as: "p99") }
        return .object(object)
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            start: try members.time("start"), sent: try members.count("sent"),
            delivered: try members.count("delivered"), p50: try members.optionalTime("p50"),
            p99: try members.optionalTime("p99"))
    }
}

extension LabRunSummary {
    fileprivate var reportValue: JSONValue {
        var object: JSONObject = [
            "seed": LabScenario.reportValue(ofSeed: seed), "offered": .integer(Int64(offered)),
            "accepted": .integer(Int64(accepted)), "delivered": .integer(Int64(delivered)),
            "late": .integer(Int64(late)), "damaged": .integer(Int64(damaged)),
        ]
        if let p50 { object.insert(.integer(p50), as: "p50") }
        if let p99 { object.insert(.integer(p99), as: "p99") }
        if let clockError { object.insert(.integer(clockError), as: "clockError") }
        return .object(object)
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            seed: try members.seed("seed"), offered: try members.count("offered"),
            accepted: try members.count("accepted"), delivered: try members.count("delivered"),
            late: try members.count("late"), damaged: try members.count("damaged"),
            p50: try members.optionalTime("p50"), p99: try members.optionalTime("p99"),
            clockError: try members.optionalTime("clockError"))
    }
}

extension LabFailure {
    fileprivate var reportValue: JSONValue {
        .object([
            "seed": LabScenario.reportValue(ofSeed: seed), "message": .string(reason), "again": .bool(isTriedAgain),
        ])
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            seed: try members.seed("seed"), reason: try members.text("message"),
            isTriedAgain: try members.bool("again"))
    }
}

extension LabWireCount {
    fileprivate var reportValue: JSONValue {
        .object([
            "datagrams": .integer(Int64(datagrams)), "bytes": .integer(Int64(bytes)),
            "dropped": .integer(Int64(dropped)),
        ])
    }

    fileprivate init(report members: LabMembers) throws(LabError) {
        self.init(
            datagrams: try members.count("datagrams"), bytes: try members.count("bytes"),
            dropped: try members.count("dropped"))
    }
}
