import LinkSimulator
import PeerSession
import Testing
import Wire

@testable import Lab

/// Scenarios of the tests, each said in one line.
struct SimulatedScenario {
    var channel: String
    var bytes = 200
    var rate: Double? = 100
    var seconds = 5.0
    var delay = Duration.milliseconds(20)
    /// Whether what `impair` does is done to the acknowledgements as well.
    var impairsBack = true
    var impair: (inout LabPath) -> Void = { _ in }

    var lab: LabScenario {
        get throws {
            var link = LabLink()
            link.forward.delay = delay
            link.back.delay = delay
            impair(&link.forward)
            if impairsBack { impair(&link.back) }
            return LabScenario(
                name: "test", channel: try #require(LabChannel(parsing: channel)), link: link,
                traffic: LabTraffic(
                    messageBytes: bytes, rate: rate, duration: .nanoseconds(Int64(seconds * 1e9)), late: .seconds(1)),
                seeds: [])
        }
    }

    func run(seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void = { _ in }) async throws -> LabRun {
        try await SimulatedRunner().run(try lab, seed: seed, progress: progress)
    }

    /// With what the link has done on the way from the sender to the receiver.
    func runSeeingLink(seed: UInt64) async throws -> (run: LabRun, link: LinkStatistics) {
        let time = try await SimulatedRunner.virtualTime()
        defer { time.end() }
        let run = try SimulatedRun(try lab, seed: seed, time: time)
        defer { run.close() }
        while try !run.advance(events: 256) {}
        return (run.finished(), run.pair.link.forward)
    }
}

extension LabRun {
    /// Messages that came, each once.
    var delivered: Set<UInt32> { Set(receptions.map(\.sequence)) }

    /// What the message that took longest took, in microseconds.
    var longest: Int64 { longest(waiting: true) }

    /// - Parameter waiting: with the time that it waited when all of it had arrived.
    func longest(waiting: Bool) -> Int64 {
        receptions.map { $0.at - sentAt[Int($0.sequence)] - (waiting ? 0 : $0.waited ?? 0) }.max() ?? 0
    }
}
