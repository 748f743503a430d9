internal import NetworkIO
internal import Synchronization

/// The partner of a live view in this process, through shaping relays.
package final class PairLivePartner: LabLivePartner {
    package let agents: (conductor: String, partner: String)
    package let turns: AsyncStream<LabLiveTurn>

    private let turning: AsyncStream<LabLiveTurn>.Continuation
    private let runs = Atomic<UInt32>(0)

    /// - Parameter agent: the program, with its version.
    package init(agent: String) {
        agents = (agent, "\(agent), same process")
        (turns, turning) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func open(
        _ settings: LabLiveSettings,
        observe: @escaping @Sendable (_ index: Int, MeasuredConnection.Event) -> Void
    ) async throws(LabError) -> [any LabLiveRun] {
        try await LabLive.openAll(settings.scenarios) { [self] index, scenario async throws(LabError) in
            let number = runs.add(1, ordering: .relaxed).newValue
            let measured = try await MeasuredConnection.make(
                run: number, scenario: scenario, seed: UInt64(number), medium: .shaped, records: false,
                observe: { observe(index, $0) })
            let run = PairLiveRun(measured)
            do throws(LabError) { try await run.open() } catch {
                await run.close()
                throw error
            }
            return run
        }
    }

    package func tell(_ settings: LabLiveSettings) async {}

    package func close() async { turning.finish() }
}

/// Both ends of a connection in this process.
private struct PairLiveRun: LabLiveRun {
    private let measured: MeasuredConnection
    private let partner: PairPartner

    init(_ measured: MeasuredConnection) {
        self.measured = measured
        partner = PairPartner(measured)
    }

    func open() async throws(LabError) {
        try await PairRunner.connect(measured, partner)
        try await measured.opened()
        try await partner.opened()
    }

    func start() async {
        await measured.start()
        await partner.start()
    }

    func setLink(_ link: LabLink) async { await measured.setLink(link) }

    func ended() async throws(LabError) { try await measured.ended() }

    func close() async {
        await partner.close()
        await measured.close()
    }
}
