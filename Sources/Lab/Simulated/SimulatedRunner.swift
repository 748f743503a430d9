internal import PeerSession

/// Makes runs between two stacks of ours over a simulated link in virtual time: as fast as the processor can, and with
/// the same seed always the same.
///
/// A process has one usrsctp and one virtual clock, so runs are made one after another, and none while the process has
/// a real connection.
package actor SimulatedRunner: LabRunner {
    package nonisolated let agents: (conductor: String, partner: String)

    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter agent: what this program calls itself.
    package init(agent: String = "martlet") {
        agents = (agent, agent)
    }

    package func close(because reason: LabError?) async {}

    package func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        await begin()
        defer { end() }
        let time = try await Self.virtualTime()
        defer { time.end() }
        let run: SimulatedRun
        do { run = try SimulatedRun(scenario, seed: seed, time: time) } catch {
            throw .failed("the simulation cannot begin: \(error)")
        }
        defer { run.close() }
        while true {
            guard !Task.isCancelled else { throw .cancelled }
            let isOver = try run.advance(events: Self.sliceEvents)
            progress(run.progress)
            if isOver { return run.finished() }
            await Task.yield()
        }
    }

    /// Events between two looks at whether the task is cancelled: a few milliseconds.
    private static let sliceEvents = 256

    /// The right to the process's clock. A connection that is closing keeps it for two seconds at most.
    static func virtualTime() async throws(LabError) -> VirtualTime {
        for _ in 0..<60 {
            if let time = try? VirtualTime() { return time }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .cancelled }
        }
        throw .failed("a simulation is not possible while this process has a connection")
    }

    // MARK: - One at a time

    private func begin() async {
        if !isBusy {
            isBusy = true
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func end() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
