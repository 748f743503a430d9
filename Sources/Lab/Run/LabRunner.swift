/// How far a run is.
package struct LabProgress: Hashable, Sendable {
    /// Microseconds since its start.
    package var elapsed: Int64
    package var offered: Int
    package var accepted: Int
    /// Each message once.
    package var delivered: Int

    package init(elapsed: Int64, offered: Int, accepted: Int, delivered: Int) {
        self.elapsed = elapsed
        self.offered = offered
        self.accepted = accepted
        self.delivered = delivered
    }
}

/// Who makes the runs of a plan, one after the other.
package protocol LabRunner: Sendable {
    /// The programs at both sides, with their versions. The partner's is its own word.
    var agents: (conductor: String, partner: String) { get }

    /// One run of a scenario.
    ///
    /// - Parameters:
    ///   - seed: of the link, where it is simulated or shaped.
    ///   - progress: is told from time to time how far it is.
    /// - Throws: ``LabError/cancelled`` when the task is cancelled; every other ``LabError`` when the run does not come
    ///   about.
    func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun

    /// Why no run can be made any more; nil as long as one can.
    var ending: LabError? { get async }

    /// Says good-bye. Idempotent.
    ///
    /// - Parameter reason: why the experiments end before their time; nil when they do not.
    func close(because reason: LabError?) async
}

extension LabRunner {
    package var ending: LabError? { get async { nil } }

    package func close() async { await close(because: nil) }
}
