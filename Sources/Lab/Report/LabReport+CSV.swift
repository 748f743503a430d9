extension LabReport {
    /// The results as a table: a line for each scenario, behind a line with the names of the columns.
    package var csv: String { "" }
}
