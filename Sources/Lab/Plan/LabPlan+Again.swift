extension LabPlan {
    /// Whether the text of a file is meant as a report: no line of a plan begins with a brace.
    package static func isReport(_ text: String) -> Bool {
        text.first { !$0.isWhitespace } == "{"
    }

    /// What a report was to measure, to measure it again: the same scenarios with the same seeds.
    ///
    /// - Parameters:
    ///   - json: the text of the report.
    ///   - place: what the file is called, for messages.
    /// - Throws: an error that says why it is no report, or why nothing can be measured again.
    package init(ofReport json: String, place: String) throws(LabPlanError) {
        do throws(LabError) { self = try LabReport(json: json).plan } catch {
            throw LabPlanError(
                "\(place) is no report of the lab: \(error.reason).",
                remedy: "a report that martlet lab -o has written, or a plan of “key = value” lines")
        }
        guard !scenarios.isEmpty else { throw LabPlanError("\(place): the report has no scenario.") }
        for scenario in scenarios {
            // A report can hold what no option says.
            do throws(LabPlanError) { try scenario.traffic.checkMessages() } catch {
                throw LabPlanError("\(place), \(scenario.name): \(error.sentence)")
            }
            guard Set(scenario.seeds).count == scenario.seeds.count else {
                throw LabPlanError("\(place), \(scenario.name): a seed stands there twice.")
            }
            guard medium != .real || scenario.link == LabLink() else {
                throw LabPlanError("\(place), \(scenario.name): nothing can be said about a real path.")
            }
        }
    }

    /// These experiments over another medium.
    ///
    /// - Throws: an error where the links of the scenarios have no place in it.
    package func over(_ medium: LabMedium) throws(LabPlanError) -> LabPlan {
        guard medium != .real || scenarios.allSatisfy({ $0.link == LabLink() }) else { throw .realPath }
        var plan = self
        plan.medium = medium
        return plan
    }
}

extension LabPlanError {
    static let realPath = LabPlanError(
        "A real path is taken as it is: nothing can be said about its loss, delay or rate.",
        remedy: "shaped, for a path that is impaired on purpose")
}
