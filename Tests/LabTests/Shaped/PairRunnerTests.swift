import Lab
import Martlet
import NetworkIO
import TestSupport
import Testing

/// Short runs in real time, over real sockets of this machine.
@Suite(.exclusiveStack, .serialized, .timeLimit(.minutes(10))) struct PairRunnerTests {
    static func scenario(
        _ channel: String, forward: LabPath = LabPath(), rate: Double? = 200, bytes: Int = 200,
        duration: Duration = .milliseconds(500), from: LabSide = .conductor
    ) throws -> LabScenario {
        LabScenario(
            name: channel, channel: try #require(LabChannel(parsing: channel)),
            link: LabLink(forward: forward),
            traffic: LabTraffic(
                messageBytes: bytes, rate: rate, duration: duration, late: .milliseconds(100)),
            from: from, seeds: [1])
    }

    @Test(arguments: LabSide.allCases) func `a delayed line delays every message, and nothing is lost`(
        from side: LabSide
    ) async throws {
        var path = LabPath()
        path.delay = .milliseconds(30)
        let runner = PairRunner(medium: .shaped, agent: "martlet test")
        let run = try await runner.run(
            try Self.scenario("ordered", forward: path, from: side), seed: 1, progress: { _ in })
        #expect(run.offeredCount == 100)
        // What is overdue, because the machine is busy, is not sent.
        let accepted = run.sentAt.count
        #expect((1...100).contains(accepted))
        #expect(run.receptions.map(\.sequence) == Array(0..<UInt32(accepted)))
        let latencies = run.receptions.map { $0.at - run.sentAt[Int($0.sequence)] }
        #expect(latencies.allSatisfy { $0 >= 29_900 })
        let wire = try #require(run.wire)
        #expect(wire.forward.datagrams > 0 && wire.forward.bytes >= accepted * 200 && wire.forward.dropped == 0)
        #expect(wire.back.datagrams > 0)
    }
}
