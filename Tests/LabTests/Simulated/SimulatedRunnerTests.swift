import PeerSession
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Lab

@Suite(.exclusiveStack, .serialized) struct SimulatedRunnerTests {
    @Test func `messages are paced as the traffic says, and take the delay of the link`() async throws {
        let run = try await SimulatedScenario(channel: "unordered", rate: 40, seconds: 2).run(seed: 1)
        #expect(run.sentAt == (0..<80).map { $0 * 25_000 })
        #expect(run.offeredCount == 80)
        #expect(run.receptions.map(\.sequence) == Array(0..<80))
        #expect(run.receptions.map(\.at) == run.sentAt.map { $0 + 20_000 })
        #expect(run.damagedCount == 0)
        #expect(run.clockError == nil)
    }

    @Test func `what the link cannot carry is offered and not accepted, and nobody catches up`() async throws {
        // 1 Mbit/s carries about a tenth of 100 messages of 12,000 bytes a second.
        let run = try await SimulatedScenario(
            channel: "ordered", bytes: 12_000, rate: 100, seconds: 30, impairsBack: false,
            impair: { $0.rate = 1_000_000 }
        ).run(seed: 1)
        #expect(run.offeredCount == 3000)
        // SCTP's buffer and the channel's own take 1.25 MiB at first: 109 messages. 30 s carry about 300 more.
        #expect((350...430).contains(run.sentAt.count))
        #expect(run.delivered.count == run.sentAt.count)
        #expect(run.sentAt.allSatisfy { $0 % 10_000 == 0 && $0 < 30_000_000 })
    }

    @Test func `as fast as possible fills the link`() async throws {
        let run = try await SimulatedScenario(
            channel: "unordered", bytes: 5000, rate: nil, seconds: 10, impairsBack: false,
            impair: { $0.rate = 4_000_000 }
        ).run(seed: 2)
        #expect(run.offeredCount == run.sentAt.count)
        #expect(run.delivered.count == run.sentAt.count)
        let inTime = run.receptions.count { $0.at < 10_000_000 }
        // 4 Mbit/s for ten seconds are 1,000 messages of 5,000 bytes; headers take a good tenth.
        #expect((800...1000).contains(inTime))
    }

    @Test func `the link is clear while the two connect, and impaired from the start on`() async throws {
        // Nobody could connect over this link; 900 ms after the start it lets everything through.
        let run = try await SimulatedScenario(
            channel: "unordered:rtx=0", rate: 10, seconds: 2, impairsBack: false,
            impair: { $0.blackouts = [LabBlackout(start: .zero, length: .milliseconds(950))] }
        ).run(seed: 3)
        #expect(run.sentAt.count == 20)
        #expect(run.delivered == Set(10..<20))
        let wire = try #require(run.wire)
        #expect(wire.forward.dropped >= 10)
        #expect(wire.forward.datagrams >= 20)
        #expect(wire.forward.bytes > 20 * 200)
        #expect(wire.back.dropped == 0)
    }

    @Test func `what waited for an earlier message says for how long`() async throws {
        let run = try await SimulatedScenario(
            channel: "ordered", rate: 100, seconds: 2, impairsBack: false,
            impair: { $0.blackouts = [LabBlackout(start: .milliseconds(995), length: .milliseconds(10))] }
        ).run(seed: 4)
        #expect(run.delivered.count == 200)
        let waited = run.receptions.map { $0.waited ?? -1 }
        #expect(run.receptions[..<100].allSatisfy { $0.waited == 0 })
        // Message 100 was lost, once; those behind it were there before it.
        #expect(run.packets?.retransmitted == 1)
        #expect(waited[100] == 0)
        #expect(waited[101] > 30_000)
        #expect(run.receptions[101].at == run.receptions[100].at)
        #expect(waited.allSatisfy { $0 >= 0 })
        let unordered = try await SimulatedScenario(
            channel: "unordered", rate: 100, seconds: 2, impairsBack: false,
            impair: { $0.blackouts = [LabBlackout(start: .milliseconds(995), length: .milliseconds(10))] }
        ).run(seed: 4)
        #expect(unordered.delivered.count == 200)
        #expect(unordered.receptions.allSatisfy { $0.waited == 0 })
    }

    @Test func `progress is told, and a run that nobody wants any more ends`() async throws {
        let told = Mutex(0)
        let task = Task {
            try await SimulatedScenario(channel: "ordered", rate: 1000, seconds: 80_000).run(seed: 5) { progress in
                told.withLock { $0 += 1 }
                if progress.accepted > 2000 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: LabError.cancelled) { try await task.value }
        #expect(told.withLock(\.self) > 10)
    }

    @Test func `runs that are asked for together are made one after another`() async throws {
        let runner = SimulatedRunner()
        let scenario = try SimulatedScenario(channel: "ordered:rtx=1", impair: { $0.loss = 0.1 }).lab
        async let first = runner.run(scenario, seed: 6) { _ in }
        async let second = runner.run(scenario, seed: 6) { _ in }
        let (left, right) = (try await first, try await second)
        #expect(left == right)
    }

    @Test func `no simulation while a connection uses the clock, and no connection while there is one`() async throws {
        let time = try VirtualTime()
        #expect(throws: PeerSessionError.clockInUse) { try VirtualTime() }
        let session = try SimulatedPair(
            seed: 1, link: LabLink(), channels: [LabChannel()], time: time)
        defer { session.close() }
        try session.negotiate()
        while !session.isConnected { session.step(until: .distantFuture) }
        // A session of the real clock finds a path too, and stops there.
        let stranger = try SimulatedPair(seed: 2, link: LabLink(), channels: [LabChannel()], time: nil)
        try stranger.negotiate()
        while stranger.failure == nil { stranger.step(until: .distantFuture) }
        #expect(stranger.failure == .clockInUse)
        stranger.close()
        session.close()
        time.end()
        // And the other way round.
        let real = try SimulatedPair(seed: 3, link: LabLink(), channels: [LabChannel()], time: nil)
        try real.negotiate()
        while !real.isConnected { real.step(until: .distantFuture) }
        #expect(throws: PeerSessionError.clockInUse) { try VirtualTime() }
        real.close()
        try VirtualTime().end()
    }
}
