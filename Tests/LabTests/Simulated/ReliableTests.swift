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

        /// - Parameter bytes: of a message; 50 of them a second are too much for a narrow link.
        func impair(_ path: inout LabPath, bytes: Int) {
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
                path.rate = bytes < 1000 ? 40_000 : 400_000
                path.queueBytes = bytes < 1000 ? 4000 : 12_000
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
        func isFelt(in run: LabRun, over link: LinkStatistics) -> Bool {
            let isRepaired = (run.packets?.retransmitted ?? 0) > 0
            return switch self {
            case .loss, .bursts: link.lostCount > 0 && isRepaired
            case .blackout: link.blackoutDropCount > 0 && isRepaired
            case .narrow: link.queueDropCount > 0 && isRepaired
            case .reordering:
                link.reorderedCount > 0
                    && run.receptions.contains {
                        ($0.waited ?? 0) > 0 || $0.at - run.sentAt[Int($0.sequence)] > 60_000
                    }
            // Most of those that there were twice have come twice when the last message has.
            case .duplication: link.duplicatedCount > 0 && link.deliveredCount > link.sentCount
            case .jitter: run.longest > 80_000
            case .everything:
                link.lostCount > 0 && link.blackoutDropCount > 0 && link.reorderedCount > 0 && link.duplicatedCount > 0
                    && isRepaired
            }
        }
    }

    @Test(arguments: Hardship.allCases, ["ordered", "unordered"])
    func `everything arrives`(hardship: Hardship, channel: String) async throws {
        for (bytes, seed) in [(200, 11), (200, 12), (200, 13), (5000, 11), (5000, 12)] as [(Int, UInt64)] {
            let (run, link) = try await SimulatedScenario(
                channel: channel, bytes: bytes, rate: 50, seconds: 5, impair: { hardship.impair(&$0, bytes: bytes) }
            ).runSeeingLink(seed: seed)
            #expect(run.sentAt.count == 250)
            #expect(run.delivered.count == 250, "\(bytes) bytes, seed \(seed)")
            #expect(run.receptions.count == 250)
            #expect(run.damagedCount == 0)
            #expect(hardship.isFelt(in: run, over: link), "\(bytes) bytes, seed \(seed): \(link)")
            if channel == "ordered" { #expect(run.receptions.map(\.sequence) == Array(0..<250)) }
        }
    }
}
