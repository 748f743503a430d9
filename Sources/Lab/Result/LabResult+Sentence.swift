extension LabResult {
    /// What this result says, in one sentence for a person.
    package var sentence: String { "" }
}
