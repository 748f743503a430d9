internal import NetworkIO
internal import Wire

/// Runs with a partner elsewhere.
package final class RemoteRunner: LabRunner {
    package let agents: (conductor: String, partner: String)
    package let conductor: LabConductor

    private let medium: LabMedium
    private let count: Int?

    /// - Parameters:
    ///   - conductor: has met the partner; it is closed with the runner.
    ///   - agent: the program, with its version.
    ///   - medium: shaped or real.
    ///   - count: how many runs there will be; nil where nobody knows.
    package init(_ conductor: LabConductor, agent: String, medium: LabMedium, count: Int? = nil) async {
        self.conductor = conductor
        self.medium = medium
        self.count = count
        agents = (agent, await conductor.partnerAgent)
    }

    package func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        do throws(LabError) {
            let before = try await conductor.measureClock()
            let measured = try await conductor.announce(scenario, seed: seed, medium: medium, of: count)
            try await conductor.connect(measured)
            let result: Result<LabRun, LabError>
            do throws(LabError) { result = .success(try await run(measured, since: before, progress)) } catch {
                // When the connection to the partner ends, so do its runs, and that is the reason.
                result = .failure(await conductor.failure ?? error)
            }
            // Whoever stops in the middle says so.
            if Task.isCancelled { await conductor.cancel() }
            await conductor.release(measured)
            return try result.get()
        } catch {
            guard Task.isCancelled else { throw error }
            await conductor.cancel()
            throw .cancelled
        }
    }

    package var ending: LabError? { get async { await conductor.failure } }

    package func close(because reason: LabError?) async { await conductor.close(because: reason) }

    private func run(
        _ measured: MeasuredConnection, since before: LabClockReading,
        _ progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        try await conductor.start(measured)
        let reporter = Task {
            while !Task.isCancelled {
                progress(await measured.progress)
                try await NetworkClock().sleep(for: .milliseconds(250))
            }
        }
        // A partner that sends must say when its time is up.
        let watchdog = Task {
            try await NetworkClock().sleep(for: measured.scenario.traffic.duration + .seconds(30))
            if await !measured.isSendingOver {
                await measured.partnerFailed("the partner does not say that it is through")
            }
        }
        defer {
            reporter.cancel()
            watchdog.cancel()
        }
        try await measured.ended()
        try await conductor.stop(measured)
        let after = try await conductor.measureClock()
        progress(await measured.progress)
        let line = LabClockLine(from: before, to: after)
        let start = (await measured.start?.nanoseconds ?? 0) / 1000
        return await measured.result(clockError: line.error) { line.corrected($0, since: start) }
    }
}
