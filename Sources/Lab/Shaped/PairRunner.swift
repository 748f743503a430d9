internal import Martlet
internal import Signaling
internal import Synchronization

/// Runs with a partner of our own in this process: two connections with sockets, over loopback or this machine's own
/// addresses, through a shaping relay or, with the real medium, without one: then it is this machine that is measured.
package final class PairRunner: LabRunner {
    package let agents: (conductor: String, partner: String)

    private let medium: LabMedium
    private let runs = Atomic<UInt32>(0)

    /// - Parameters:
    ///   - medium: shaped or real.
    ///   - agent: the program, with its version.
    package init(medium: LabMedium, agent: String) {
        self.medium = medium
        agents = (
            agent, medium == .real ? "\(agent), same process, loopback without a relay" : "\(agent), same process"
        )
    }

    package func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        let number = runs.add(1, ordering: .relaxed).newValue
        let measured = try await MeasuredConnection.make(run: number, scenario: scenario, seed: seed, medium: medium)
        let partner = PairPartner(measured)
        let result: Result<LabRun, LabError>
        do throws(LabError) {
            result = .success(try await run(measured, with: partner, progress))
        } catch {
            result = .failure(error)
        }
        await partner.close()
        await measured.close()
        return try result.get()
    }

    package func close(because reason: LabError?) async {}

    private func run(
        _ measured: MeasuredConnection, with partner: PairPartner, _ progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        try await Self.connect(measured, partner)
        try await measured.opened()
        try await partner.opened()
        try await measured.flow(progress) { await partner.start() }
        if measured.scenario.from == .partner { _ = await measured.partnerCounted(await partner.packets) }
        return await measured.result()
    }

    /// Lets the two connect, whose signals go from one straight to the other.
    static func connect(_ measured: MeasuredConnection, _ partner: PairPartner) async throws(LabError) {
        let (toPartner, fromConductor) = AsyncStream.makeStream(of: RoomPayload.self)
        let caller = CarriedConnection(
            calls: true, configuration: measured.configuration, prepare: { try await measured.prepare($0) },
            say: { fromConductor.yield($0) })
        let answerer = CarriedConnection(
            calls: false, configuration: PeerConnectionConfiguration(), prepare: { try await partner.prepare($0) },
            say: { await caller.hear($0) })
        let carrier = Task { for await payload in toPartner { await answerer.hear(payload) } }
        defer {
            fromConductor.finish()
            carrier.cancel()
        }
        async let answered = answerer.connect()
        do {
            _ = try await caller.connect()
            _ = try await answered
        } catch {
            throw LabError(error)
        }
    }
}

extension LabError {
    /// Why there is no measured connection.
    package init(_ error: any Error) {
        switch error {
        case let error as LabError: self = error
        case is CancellationError, PeerConnectorError.cancelled: self = .cancelled
        case PeerConnectorError.noNetworkPath: self = .noConnection("no network path to the partner was found")
        case PeerConnectorError.timedOut: self = .noConnection("the partner did not answer in time")
        case PeerConnectorError.connectionFailed(let error):
            self = .noConnection(error.message)
        case PeerConnectorError.peerFailed(_, let message): self = .noConnection("the partner gave up: \(message)")
        case let error as MartletError: self = .noConnection(error.message)
        default: self = .noConnection("\(error)")
        }
    }
}
