/// Results that a plot shows beside each other: they differ in one aspect, of most plans the channel.
struct ReportGroup: Hashable, Sendable {
    /// One of the results, with what tells it from the others.
    struct Member: Hashable, Sendable {
        var label: String
        /// The label within a sentence: without the comma of a channel's name.
        var spoken: String {
            guard label == result.scenario.channel.name else { return label }
            return label.split(separator: ", ").map { ReportWords.bound(String($0)) }.joined(separator: " ")
        }
        /// The same in all groups of a report for the same label.
        var mark: PlotMark
        var result: LabResult
    }

    /// What the members share and other groups do not, in words; empty when there is but one group.
    var name: String
    var members: [Member]

    /// The members of a group at most; more come into a second one.
    static let memberLimit = 6

    /// The results of a report in groups.
    static func groups(of report: LabReport) -> [ReportGroup] {
        let varying = ReportAspect.allCases.filter { aspect in
            Set(report.results.map { aspect.words(of: $0.scenario) }).count > 1
        }
        let compared = varying.contains(.channel) ? .channel : varying.first ?? .channel
        let shared = varying.filter { $0 != compared }
        var names: [String] = []
        var groups: [String: [Member]] = [:]
        var marks: [String: PlotMark] = [:]
        for result in report.results {
            let name = shared.map { $0.words(of: result.scenario) }.joined(separator: ", ")
            var label = compared.words(of: result.scenario)
            if groups[name] == nil { names.append(name) }
            // Scenarios that differ in nothing but what no aspect has: their own names tell them apart.
            if groups[name]?.contains(where: { $0.label == label }) == true { label = result.scenario.name }
            let mark = marks[label] ?? PlotMark(index: marks.count)
            marks[label] = mark
            groups[name, default: []].append(Member(label: label, mark: mark, result: result))
        }
        return names.flatMap { name in
            let members = groups[name] ?? []
            return stride(from: 0, to: members.count, by: memberLimit).map { start in
                ReportGroup(name: name, members: Array(members[start..<min(start + memberLimit, members.count)]))
            }
        }
    }

    /// The beginning of a sentence about this group.
    var prefix: String { name.isEmpty ? "" : name + ": " }
}
