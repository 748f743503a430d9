/// A plan as it was written, in a file or by options, before its lists are crossed.
///
///     title = Positions of players
///     seeds = 3
///     [near]
///     delay = 10ms
///     loss = 1%, 5%
///     [far]
///     delay = 80ms
///
/// Lines are `key = value`; the keys are ``LabSetting``, and `title` and `link` before the first section. What stands
/// before the first section holds for all of them. A line that begins with `#` or `;` is a comment.
package struct LabPlanDraft: Hashable, Sendable {
    /// The most scenarios of a plan: nobody reads a longer table.
    package static let scenarioLimit = 400
    /// The most runs.
    package static let runLimit = 10_000
    /// The most bytes of a file.
    package static let largestByteCount = 1 << 20

    package var title: String?
    package var medium: LabMedium?
    /// What holds for every section.
    package private(set) var common = LabSettings()
    private var sections: [Section] = []

    private struct Section: Hashable {
        var name: String
        var settings = LabSettings()
    }

    package init() {}

    /// Reads a file.
    ///
    /// - Parameter place: what the file is called, for messages.
    /// - Throws: an error with the number of the first line that makes no sense. Whether values do shows in
    ///   ``plan(medium:)``.
    package init(parsing text: String, place: String) throws(LabPlanError) {
        guard text.utf8.count <= Self.largestByteCount else { throw LabPlanError("\(place) is too large for a plan.") }
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = LabWritten.trimmed(raw)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            let place = "\(place), line \(index + 1)"
            if line.hasPrefix("[") { try open(line, at: place) } else { try take(line, at: place) }
        }
    }

    private mutating func open(_ line: String, at place: String) throws(LabPlanError) {
        let name = LabWritten.trimmed(line.dropFirst().prefix { $0 != "]" })
        guard line.hasSuffix("]"), !name.isEmpty, name.count <= 60 else {
            throw LabPlanError("\(place): a section has a name of 1 to 60 characters.", remedy: "[far away]")
        }
        guard !sections.contains(where: { $0.name == name }) else {
            throw LabPlanError("\(place): there is a section [\(name)] before.", remedy: "another name")
        }
        guard sections.count < Self.scenarioLimit else {
            throw LabPlanError("\(place): there are more than \(Self.scenarioLimit) sections.")
        }
        sections.append(Section(name: name))
    }

    private mutating func take(_ line: String, at place: String) throws(LabPlanError) {
        guard let equals = line.firstIndex(of: "=") else {
            throw LabPlanError("\(place): this is no “key = value”.", remedy: "loss = 1%, 10%")
        }
        let key = LabWritten.trimmed(line[..<equals])
        let value = LabWritten(LabWritten.trimmed(line[line.index(after: equals)...]), at: "\(place): \(key)")
        switch (key, LabSetting(rawValue: key)) {
        case (_, .some(let setting)):
            let isTaken = (sections.last?.settings ?? common)[setting] != nil
            guard !isTaken else {
                throw LabPlanError(
                    "\(place): \(key) stands there twice.", remedy: "one line with a list: \(setting.example)")
            }
            if sections.isEmpty {
                common[setting] = value
            } else {
                sections[sections.count - 1].settings[setting] = value
            }
        case ("title", _) where sections.isEmpty: title = Self.cut(value.value)
        case ("link", _) where sections.isEmpty: medium = try Self.medium(value)
        case ("title", _), ("link", _):
            throw LabPlanError("\(place): \(key) is of the whole plan, and stands before the first section.")
        default:
            let keys = LabSetting.allCases.map(\.rawValue).joined(separator: ", ")
            let shown = key.count > 60 ? "\(key.prefix(59))…" : key
            throw LabPlanError("\(place): there is no key “\(shown)”.", remedy: "title, link, \(keys)")
        }
    }

    /// As much of a name as a plan may hold: 200 bytes of UTF-8.
    static func cut(_ text: String) -> String {
        var text = String(text.prefix(200))
        while text.utf8.count > 200 { text.removeLast() }
        return text
    }

    /// `simulated`, `shaped` or `real`.
    package static func medium(_ text: LabWritten) throws(LabPlanError) -> LabMedium {
        guard let medium = LabMedium(rawValue: LabWritten.trimmed(text.value)) else {
            throw text.refused("is no link", remedy: LabMedium.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return medium
    }

    /// Says something in place of whatever the draft says about it, in every section.
    package mutating func set(_ setting: LabSetting, _ text: LabWritten) {
        common[setting] = text
        for index in sections.indices { sections[index].settings[setting] = nil }
    }

    /// Says something where the draft says nothing.
    package mutating func fill(from settings: LabSettings) { common = common.filled(from: settings) }

    /// Takes away everything that is said about the link.
    package mutating func forgetLink() {
        for setting in LabSetting.allCases where setting.isOfLink {
            common[setting] = nil
            for index in sections.indices { sections[index].settings[setting] = nil }
        }
    }

    /// Whether something is said about the link.
    package var describesLink: Bool { common.describesLink || sections.contains { $0.settings.describesLink } }

    /// The plan, with all lists crossed.
    ///
    /// - Parameter medium: where the draft names none.
    /// - Throws: an error that says which value makes no sense, or that there are too many scenarios.
    package func plan(medium standard: LabMedium) throws(LabPlanError) -> LabPlan {
        let medium = medium ?? standard
        if medium == .real, describesLink { throw .realPath }
        var scenarios: [LabScenario] = []
        if sections.isEmpty { scenarios = try common.scenarios() }
        for section in sections {
            let settings = section.settings.filled(from: common)
            do throws(LabPlanError) {
                scenarios += try settings.scenarios(name: section.name, limit: Self.scenarioLimit - scenarios.count)
            } catch {
                guard scenarios.count > 0, error.sentence.hasPrefix("The lists") else { throw error }
                throw LabPlanError(
                    "With [\(section.name)] there are more than \(Self.scenarioLimit) scenarios.", remedy: error.remedy)
            }
        }
        let runCount = scenarios.reduce(0) { $0 + $1.seeds.count }
        guard runCount <= Self.runLimit else {
            throw LabPlanError(
                "\(LabText.count(scenarios.count)) scenarios with their seeds are \(LabText.count(runCount)) runs, and "
                    + "\(LabText.count(Self.runLimit)) are the most.",
                remedy: "fewer seeds, or shorter lists")
        }
        return LabPlan(title: title ?? "An experiment", medium: medium, scenarios: scenarios)
    }
}
