extension LabReport {
    /// The report as one line of JSON (Docs/Protocols/Lab.md, "The report").
    package var json: String { "{}" }

    /// Reads a report.
    ///
    /// - Throws: ``LabError/badReport(_:)`` for everything that is none.
    package init(json: String) throws(LabError) {
        throw .badReport("it is no report of a lab")
    }
}
