internal import JSON

extension LabReport {
    /// The longest text that is read, in bytes.
    package static let byteLimit = 1 << 25
    /// The most values in it: more would not be a report, and each takes many times its text.
    private static let valueLimit = 2_000_000
    /// Arrays and objects inside one another.
    private static let depthLimit = 12

    /// The report as one line of JSON (Docs/Protocols/Lab.md, "The report").
    package var json: String {
        var object: JSONObject = [
            "type": .string("martlet.lab.report"), "version": .integer(1), "martlet": .string(version),
            "made": .integer(made), "conductor": .string(conductor), "partner": .string(partner),
        ]
        if let peer { object.insert(.string(peer.rawValue), as: "peer") }
        object.insert(plan.reportValue, as: "plan")
        object.insert(.array(results.map(\.reportValue)), as: "results")
        return JSONValue.object(object).text
    }

    /// Reads a report. What is unknown is passed over, and what follows from the rest is not read.
    ///
    /// - Throws: ``LabError/badReport(_:)`` for everything that is none: no JSON, another type or version, numbers that
    ///   cannot be, more than a report may hold.
    package init(json: String) throws(LabError) {
        guard json.utf8.count <= Self.byteLimit else {
            throw .badReport("it is larger than any report: \(LabText.count(json.utf8.count)) bytes")
        }
        guard json.utf8.count(where: { $0 == UInt8(ascii: ",") }) < Self.valueLimit else {
            throw .badReport("it holds more values than any report")
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: json, depthLimit: Self.depthLimit, unpairedSurrogates: .replaced)
        } catch {
            throw .badReport("it is no JSON")
        }
        let members = try LabMembers(value, "the report")
        guard try members.text("type", limit: 100) == "martlet.lab.report" else {
            throw .badReport("it is not a report of martlet lab")
        }
        guard try members.integer("version", 0...Int64.max) == 1 else {
            throw .badReport("it was written by a newer version")
        }
        self.init(
            plan: try LabPlan(report: try members.object("plan")),
            results: try members.list("results", limit: LabPlan.scenarioLimit) { value throws(LabError) in
                try LabResult(report: try LabMembers(value, "a result"))
            },
            conductor: try members.text("conductor"), partner: try members.text("partner"),
            peer: members.has("peer") ? Peer(rawValue: try members.text("peer")) : nil,
            version: try members.text("martlet"), made: try members.integer("made", 0...LabMembers.exactLimit))
    }
}
