/// That a run was tried and came to nothing.
package struct LabFailure: Hashable, Sendable {
    package var seed: UInt64
    /// Why, as part of a sentence, of up to 200 bytes. It may hold words of a peer or of a file.
    package var reason: String
    /// Whether the run was tried once more behind this.
    package var isTriedAgain: Bool

    package init(seed: UInt64, reason: String, isTriedAgain: Bool) {
        self.seed = seed
        self.reason = LabPlanDraft.cut(reason)
        self.isTriedAgain = isTriedAgain
    }
}

extension LabResult {
    /// Runs that came to nothing, each once.
    package var failedRuns: [LabFailure] { failures.filter { !$0.isTriedAgain } }

    /// "seed 3: the connection ended": runs that came to nothing and what each of their attempts came to; and those
    /// that needed a second attempt.
    package var failureWords: [String] {
        failures.map { failure in
            let end = failure.isTriedAgain ? " (tried once more)" : ""
            return "seed \(failure.seed): \(failure.reason)\(end)"
        }
    }
}
