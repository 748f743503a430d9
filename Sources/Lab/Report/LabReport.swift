/// The results of a plan, with everything that is needed to repeat it.
package struct LabReport: Hashable, Sendable {
    package var plan: LabPlan
    /// One for each scenario of the plan that was measured, in order.
    package var results: [LabResult]
    /// The program that conducted, with its version.
    package var conductor: String
    /// The program at the other side, by its own word.
    package var partner: String
    /// How the other side was found; nil where that is not known.
    package var peer: Peer?
    /// The version of martlet that made the report.
    package var version: String
    /// When, in seconds since 1970.
    package var made: Int64

    /// How the other side is found, as the one that conducts is told by `--peer` and `--echo`: not the partner's own
    /// word.
    package enum Peer: String, Hashable, Sendable {
        /// In the same process.
        case own = "self"
        case chromium, firefox, page, terminal
        /// A command, which stands in ``LabReport/partner``.
        case echo
    }

    /// Whether every run of the plan was made: no conclusion is drawn from a part of them.
    package var isComplete: Bool {
        results.count == plan.scenarios.count && results.allSatisfy { $0.runs.count == $0.scenario.seeds.count }
    }

    package init(
        plan: LabPlan, results: [LabResult], conductor: String, partner: String, peer: Peer? = nil, version: String,
        made: Int64
    ) {
        self.plan = plan
        self.results = results
        // Whatever they call themselves, the report can be read again.
        self.conductor = LabPlanDraft.cut(conductor)
        self.partner = LabPlanDraft.cut(partner)
        self.peer = peer
        self.version = version
        self.made = made
    }
}
