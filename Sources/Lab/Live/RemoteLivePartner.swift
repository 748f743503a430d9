internal import Synchronization

/// The partner of a live view elsewhere.
package final class RemoteLivePartner: LabLivePartner {
    package let agents: (conductor: String, partner: String)
    package let turns: AsyncStream<LabLiveTurn>

    private let conductor: LabConductor
    private let medium: LabMedium
    private let told: Task<Void, Never>
    /// The numbers of the four runs under way.
    private let numbers = Mutex<[UInt32]>([])

    /// - Parameters:
    ///   - conductor: has met the partner; it is closed with this.
    ///   - agent: the program here, with its version.
    ///   - medium: shaped; or real, where nobody can turn at the link.
    package init(_ conductor: LabConductor, agent: String, medium: LabMedium = .shaped) async {
        self.conductor = conductor
        self.medium = medium
        agents = (agent, await conductor.partnerAgent)
        let (turns, turning) = AsyncStream<LabLiveTurn>.makeStream(bufferingPolicy: .bufferingNewest(16))
        self.turns = turns
        told = Task {
            for await turn in conductor.turns {
                turning.yield(
                    LabLiveTurn(link: turn.link, messageBytes: turn.traffic?.bytes, rate: turn.traffic?.rate))
            }
            turning.finish()
        }
    }

    package func open(
        _ settings: LabLiveSettings,
        observe: @escaping @Sendable (_ index: Int, MeasuredConnection.Event) -> Void
    ) async throws(LabError) -> [any LabLiveRun] {
        _ = try await conductor.measureClock()
        let scenarios = settings.scenarios
        let numbers = await conductor.reserve(scenarios.count)
        self.numbers.withLock { $0 = numbers }
        await tell(settings)
        var runs: [RemoteLiveRun] = []
        do throws(LabError) {
            // Numbers grow, so they are announced one after the other.
            for (index, scenario) in scenarios.enumerated() {
                let measured = try await conductor.announce(
                    scenario, seed: UInt64(numbers[index]), medium: medium, isEndless: true, records: false,
                    as: numbers[index]
                ) { observe(index, $0) }
                runs.append(RemoteLiveRun(measured, conductor))
            }
        } catch {
            for run in runs { await run.close() }
            throw error
        }
        let announced = runs
        return try await LabLive.openAll(scenarios) { [conductor] index, _ async throws(LabError) in
            try await conductor.connect(announced[index].measured)
            return announced[index]
        }
    }

    package func tell(_ settings: LabLiveSettings) async {
        let traffic = LabRunRequest.Traffic(bytes: settings.messageBytes, rate: settings.rate, milliseconds: nil)
        await conductor.live(numbers.withLock { $0 }, link: settings.link, traffic: traffic)
    }

    package func close() async {
        told.cancel()
        await conductor.close()
    }
}

/// Our end of a connection to a partner elsewhere.
private struct RemoteLiveRun: LabLiveRun {
    let measured: MeasuredConnection
    private let conductor: LabConductor

    init(_ measured: MeasuredConnection, _ conductor: LabConductor) {
        self.measured = measured
        self.conductor = conductor
    }

    func start() async {
        // A conductor that cannot has ended its runs, which is seen there.
        try? await conductor.start(measured)
    }

    func setLink(_ link: LabLink) async { await measured.setLink(link) }

    func ended() async throws(LabError) {
        do throws(LabError) { try await measured.ended() } catch { throw await conductor.failure ?? error }
    }

    func close() async {
        try? await conductor.stop(measured)
        await conductor.release(measured)
    }
}
