extension LabResult {
    /// What these runs of the scenario say together.
    package init(scenario: LabScenario, runs: [LabRun]) {
        self.init(scenario: scenario)
    }
}
