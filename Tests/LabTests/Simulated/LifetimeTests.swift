import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import Lab

/// What maxPacketLifeTime promises without order: nothing arrives later than the lifetime, the longest way and one tick of
/// SCTP's timers (10 ms).
///
/// All of a message is there by then. usrsctp hands it on when it is not behind a message of several packets that is incomplete, or has
/// been told that this one is given up; when the packets that tell it are lost, that takes round trips longer.
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
        let run = try await scenario.run(seed: 3)
        let path = try scenario.lab.link.forward
        let queue = bandwidth.map { Duration.seconds(Double(20_000 * 8) / Double($0)) } ?? .zero
        let bound = Duration.milliseconds(life) + path.delay + path.jitter + queue + .milliseconds(10)
        #expect(run.longest <= bound.wholeNanoseconds / 1000, "\(run.longest) µs")
        // Something was sent again, and came later than the way alone takes.
        #expect((run.packets?.retransmitted ?? 0) > 0)
        #expect(run.longest > (path.delay + path.jitter).wholeNanoseconds / 1000)
        #expect(Double(run.delivered.count) > (1 - loss) * Double(run.sentAt.count))
    }

    /// What closes the congestion window for long: what was given to the channel meanwhile must not leave when it opens.
    enum Stall: CaseIterable, Sendable {
        case burstsOfEight
        case blackout
        case asFastAsPossible
        case tooMuch

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
        let run = try await scenario.run(seed: 3)
        let path = try scenario.lab.link.forward
        let queue = path.rate.map { Duration.seconds(Double(20_000 * 8) / Double($0)) } ?? .zero
        let bound =
            (Duration.milliseconds(200) + path.delay + path.jitter + queue + .milliseconds(10))
            .wholeNanoseconds / 1000
        #expect(run.longest(waiting: false) <= bound, "\(run.longest(waiting: false)) µs")
        let roundTrip = 2 * (path.delay + path.jitter + queue).wholeNanoseconds / 1000
        switch (bytes, stall) {
        case (100, _): #expect(run.longest <= bound, "\(run.longest) µs")
        // In bursts the packets that tell it get lost together.
        case (_, .burstsOfEight): break
        default: #expect(run.longest <= bound + 2 * roundTrip, "\(run.longest) µs")
        }
        // A burst of eight takes eight timeouts, each twice as long as the one before: most of such a run is silence. And where everything
        // is offered that fits into no lifetime, little is in time.
        let least = bytes == 100 ? 500 : bytes == 1300 ? 100 : 1
        #expect(run.delivered.count >= least, "\(run.delivered.count) of \(run.sentAt.count)")
        #expect(run.delivered.count < run.sentAt.count)
    }

    @Test func `with order the lifetime bounds nothing: what is measured is what there is`() async throws {
        let run = try await SimulatedScenario(
            channel: "ordered:life=100", rate: 100, seconds: 20, impair: { $0.loss = 0.2 }
        ).run(seed: 3)
        // Later messages wait for an earlier one until it has come or is given up on both sides.
        #expect(run.receptions.contains { ($0.waited ?? 0) > 0 })
        #expect(run.longest > 0)
        #expect(run.delivered.count > run.sentAt.count / 2)
    }
}
