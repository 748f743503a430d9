/// What somebody wrote about a plan makes no sense. The texts hold what was written, as it was: they are to be made
/// printable.
package struct LabPlanError: Error, Hashable, Sendable {
    /// What is wrong and where: a sentence with its full stop.
    package var sentence: String
    /// What would be right, as it would be written.
    package var remedy: String?

    package init(_ sentence: String, remedy: String? = nil) {
        self.sentence = sentence
        self.remedy = remedy
    }
}

/// A value as somebody wrote it, and where: `--loss` of the command line, or a line of a file.
package struct LabWritten: Hashable, Sendable {
    package var value: String
    /// For messages: “--loss”, “plan.lab, line 3: loss”.
    package var place: String

    package init(_ value: String, at place: String) {
        self.value = value
        self.place = place
    }

    /// The parts between commas, each at the same place.
    var parts: [LabWritten] {
        value.split(separator: ",", omittingEmptySubsequences: false).map { LabWritten(Self.trimmed($0), at: place) }
    }

    /// What is wrong with it, and how it would be right.
    func refused(_ reason: String, remedy: String? = nil) -> LabPlanError {
        LabPlanError("\(place): “\(Self.short(value))” \(reason).", remedy: remedy)
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    private static func short(_ text: String) -> String {
        text.count > 60 ? "\(text.prefix(59))…" : text
    }
}
