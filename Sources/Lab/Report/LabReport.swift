/// The results of a plan, with everything that is needed to repeat it.
package struct LabReport: Hashable, Sendable {
    package var plan: LabPlan
    /// One for each scenario of the plan that was measured, in order.
    package var results: [LabResult]
    /// The program that conducted, with its version.
    package var conductor: String
    /// The program at the other side, by its own word.
    package var partner: String
    /// The version of martlet that made the report.
    package var version: String
    /// When, in seconds since 1970.
    package var made: Int64

    package init(
        plan: LabPlan, results: [LabResult], conductor: String, partner: String, version: String, made: Int64
    ) {
        self.plan = plan
        self.results = results
        // Whatever they call themselves, the report can be read again.
        self.conductor = LabPlanDraft.cut(conductor)
        self.partner = LabPlanDraft.cut(partner)
        self.version = version
        self.made = made
    }
}
