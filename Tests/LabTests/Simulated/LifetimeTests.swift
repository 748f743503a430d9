import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import Lab

/// What maxPacketLifeTime promises without order: nothing arrives later than the lifetime, the longest way and one tick
/// of SCTP's timers (10 ms).
///
/// All of a message is there by then. Messages of one packet are handed on at once. Unordered ones of several packets
/// usrsctp's receiver reassembles in the order of their numbers: what is behind an incomplete one waits until the
/// receiver has been told that this is given up (Docs/Decisions/SCTP-parameters.md, "Lifetimes hold"). With the seeds
/// below that takes a round trip at most, and longer where the packets that tell it are lost together: in bursts of
/// eight on a path of 40 ms there and back 590 ms, with twenty seeds.
@Suite(.exclusiveStack, .serialized) struct LifetimeTests {
    @Test(
        arguments: [
            ("single packets, 5 % lost", 200, 100, 100.0, 0.05, nil),
            ("single packets, 20 % lost", 200, 100, 100, 0.2, nil),
            ("two packets on a link of 2 Mbit/s", 2000, 200, 50, 0.02, 2_000_000),
        ] as [(String, Int, Int, Double, Double, UInt64?)])
    func `nothing arrives after its lifetime, the way and a tick`(
        name: String, bytes: Int, life: Int, rate: Double, loss: Double, bandwidth: UInt64?
    ) async throws {
        let scenario = SimulatedScenario(
            channel: "unordered:life=\(life)", bytes: bytes, rate: rate, seconds: 20,
            impair: {
                $0.loss = loss
                $0.jitter = .milliseconds(5)
                $0.rate = bandwidth
                $0.queueBytes = 20_000
            })
        for seed in [3, 4, 5] as [UInt64] {
            let run = try await scenario.run(seed: seed)
            let path = try scenario.lab.link.forward
            let queue = bandwidth.map { Duration.seconds(Double(20_000 * 8) / Double($0)) } ?? .zero
            let bound = Duration.milliseconds(life) + path.delay + path.jitter + queue + .milliseconds(10)
            #expect(run.longest <= bound.wholeNanoseconds / 1000, "seed \(seed): \(run.longest) µs")
            // Something was sent again, and came later than the way alone takes.
            #expect((run.packets?.retransmitted ?? 0) > 0)
            #expect(run.longest > (path.delay + path.jitter).wholeNanoseconds / 1000)
            #expect(Double(run.delivered.count) > (1 - loss) * Double(run.sentAt.count))
        }
    }

    /// What closes the congestion window for long: what was given to the channel meanwhile must not leave when it
    /// opens.
    enum Stall: CaseIterable, Sendable {
        case burstsOfEight
        case blackout
        case asFastAsPossible
        case tooMuch

        /// With bursts, the ones among the first twenty with which a message was handed on latest. One where runs are
        /// long.
        var seeds: [UInt64] {
            switch self {
            case .burstsOfEight: [3, 11, 16]
            case .blackout: [3, 4, 5]
            case .asFastAsPossible, .tooMuch: [3]
            }
        }

        func impair(_ path: inout LabPath) {
            switch self {
            case .burstsOfEight: path.burst = LabBurst(meanLength: 8, share: 0.1)
            case .blackout: path.blackouts = [LabBlackout(start: .seconds(5), length: .seconds(2))]
            case .asFastAsPossible: path.rate = 2_000_000
            case .tooMuch: path.rate = 500_000
            }
            path.queueBytes = 20_000
        }
    }

    @Test(arguments: Stall.allCases, [100, 1300, 14_000])
    func `what waits for the congestion window expires there`(
        stall: Stall, bytes: Int
    ) async throws {
        let rate: Double? = stall == .asFastAsPossible ? nil : stall == .tooMuch ? 100_000 / Double(bytes) : 100
        let scenario = SimulatedScenario(
            channel: "unordered:life=200", bytes: bytes, rate: rate, seconds: 20, impair: { stall.impair(&$0) })
        let path = try scenario.lab.link.forward
        let queue = path.rate.map { Duration.seconds(Double(20_000 * 8) / Double($0)) } ?? .zero
        let bound =
            (Duration.milliseconds(200) + path.delay + path.jitter + queue + .milliseconds(10))
            .wholeNanoseconds / 1000
        let roundTrip = 2 * (path.delay + path.jitter + queue).wholeNanoseconds / 1000
        let handingOn: Int64 =
            switch (bytes, stall) {
            case (100, _): Int64(0)
            // The packets that tell what is given up get lost together.
            case (_, .burstsOfEight): 600_000
            case (_, .blackout): 0
            default: roundTrip
            }
        // A burst of eight takes eight timeouts, each twice as long as the one before: most of such a run is silence.
        // And where everything is offered that fits into no lifetime, little is in time.
        let least = bytes == 100 ? 500 : bytes == 1300 ? 100 : 1
        for seed in stall.seeds {
            let run = try await scenario.run(seed: seed)
            let arrival = run.longest(waiting: false)
            #expect(arrival <= bound, "seed \(seed): \(arrival) µs")
            #expect(run.longest <= bound + handingOn, "seed \(seed): \(run.longest) µs")
            #expect(run.delivered.count >= least, "seed \(seed): \(run.delivered.count) of \(run.sentAt.count)")
            #expect(run.delivered.count < run.sentAt.count)
        }
    }

    @Test func `with order the lifetime bounds nothing: what is measured is what there is`() async throws {
        let run = try await SimulatedScenario(
            channel: "ordered:life=100", rate: 100, seconds: 20, impair: { $0.loss = 0.2 }
        ).run(seed: 3)
        // Later messages wait for an earlier one until it has come or is given up on both sides.
        #expect(run.receptions.contains { ($0.waited ?? 0) > 0 })
        // Without order nothing would take longer than the lifetime, the way and a tick.
        #expect(run.longest > 100_000 + 20_000 + 10_000, "\(run.longest) µs")
        #expect(run.delivered.count > run.sentAt.count / 2)
    }
}
