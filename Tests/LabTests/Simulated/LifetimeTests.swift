import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import Lab

/// What maxPacketLifeTime promises without order: nothing arrives later than the lifetime, the longest way and one tick of
/// SCTP's timers (10 ms).
///
/// It holds where a message is sent as soon as it is given to SCTP: while the traffic stays below what the link and the
/// congestion window carry. usrsctp looks at the lifetime only before it sends something again, never before it sends
/// something the first time: what waits in its buffer for the window is sent however old it is.
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
