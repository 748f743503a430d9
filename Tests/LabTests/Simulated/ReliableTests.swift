import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import Lab

/// Reliable channels deliver everything, whatever the link does, each message once and whole.
@Suite(.exclusiveStack, .serialized) struct ReliableTests {
    /// Something a link can do.
    enum Hardship: String, CaseIterable, CustomTestStringConvertible {
        case loss, bursts, reordering, duplication, jitter, blackout, narrow, everything

        var testDescription: String { rawValue }

        func impair(_ path: inout LabPath) {
            switch self {
            case .loss: path.loss = 0.1
            case .bursts: path.burst = LabBurst(meanLength: 6, share: 0.08)
            case .reordering:
                path.reorder = 0.2
                path.reorderDelay = .milliseconds(60)
            case .duplication: path.duplicate = 0.3
            case .jitter: path.jitter = .milliseconds(80)
            case .blackout:
                path.blackouts = [
                    LabBlackout(start: .milliseconds(500), length: .seconds(3)),
                    LabBlackout(start: .seconds(4), length: .milliseconds(800)),
                ]
            case .narrow:
                path.rate = 400_000
                path.queueBytes = 12_000
            case .everything:
                path.loss = 0.03
                path.burst = LabBurst(meanLength: 4, share: 0.03)
                path.reorder = 0.1
                path.reorderDelay = .milliseconds(40)
                path.duplicate = 0.1
                path.jitter = .milliseconds(30)
                path.rate = 2_000_000
                path.queueBytes = 30_000
                path.blackouts = [LabBlackout(start: .seconds(1), length: .seconds(1))]
            }
        }

        /// Whether the link shows that it was hard, so that the test cannot pass over an easy one.
        func isFelt(in run: LabRun) -> Bool {
            guard let wire = run.wire, let packets = run.packets else { return false }
            return switch self {
            case .loss, .bursts, .blackout, .narrow, .everything:
                wire.forward.dropped > 0 && packets.retransmitted > 0
            case .reordering:
                run.receptions.contains { ($0.waited ?? 0) > 0 || $0.at - run.sentAt[Int($0.sequence)] > 60_000 }
            case .duplication: true
            case .jitter: run.longest > 80_000
            }
        }
    }

    @Test(arguments: Hardship.allCases, ["ordered", "unordered"])
    func `everything arrives`(hardship: Hardship, channel: String) async throws {
        for bytes in [200, 5000] {
            let run = try await SimulatedScenario(
                channel: channel, bytes: bytes, rate: 50, seconds: 5, impair: hardship.impair
            ).run(seed: 11)
            #expect(run.sentAt.count == 250)
            #expect(run.delivered.count == 250, "\(bytes) bytes")
            #expect(run.receptions.count == 250)
            #expect(run.damagedCount == 0)
            #expect(bytes == 200 || hardship.isFelt(in: run))
            if channel == "ordered" { #expect(run.receptions.map(\.sequence) == Array(0..<250)) }
        }
    }
}
