import Lab
import TestSupport
import Testing

/// The runner for other implementations, across from the example and from processes that are no echo.
@Suite(.exclusiveStack, .serialized, .timeLimit(.minutes(10))) struct EchoRunnerTests {
    /// The example, which is built with the tests.
    private var example: String {
        get throws {
            let program = try #require(CommandLine.arguments.first).split(
                separator: "/", omittingEmptySubsequences: false)
            return program.prefix { !$0.hasSuffix(".xctest") && !$0.hasSuffix("swiftpm-testing-helper") }
                .joined(separator: "/") + "/SignalingPeer"
        }
    }

    @Test func `the example returns every message, and the way is there and back`() async throws {
        var path = LabPath()
        path.delay = .milliseconds(20)
        var scenario = try PairRunnerTests.scenario("unordered", forward: path)
        scenario.link.back.delay = .milliseconds(10)
        let runner = EchoRunner(
            command: "exec '\(try example)' answer --mode echo", medium: .shaped, agent: "martlet test")
        let run = try await runner.run(scenario, seed: 1, progress: { _ in })
        #expect(run.isRoundTrip && run.offeredCount == 100 && run.damagedCount == 0)
        // What is overdue, because the machine is busy, is not sent.
        #expect(!run.sentAt.isEmpty && Set(run.receptions.map(\.sequence)) == Set(0..<UInt32(run.sentAt.count)))
        #expect(run.receptions.allSatisfy { $0.at - run.sentAt[Int($0.sequence)] >= 29_900 })
    }

    @Test func `an echo that writes more behind its answer than a pipe holds goes on returning messages`() async throws
    {
        // Like one that writes a log there: it stands still until its 200 KB have been taken.
        let wrapped = """
            sh -c 'echo $$; exec "$0" answer --mode echo' '\(try example)' | {
                read -r echo; read -r answer; kill -STOP "$echo"
                printf '%s\\n' "$answer"; head -c 200000 /dev/zero
                kill -CONT "$echo"; cat
            }
            """
        let scenario = try PairRunnerTests.scenario("unordered")
        let runner = EchoRunner(command: wrapped, medium: .shaped, agent: "martlet test")
        let run = try await runner.run(scenario, seed: 1, progress: { _ in })
        #expect(!run.sentAt.isEmpty && Set(run.receptions.map(\.sequence)) == Set(0..<UInt32(run.sentAt.count)))
    }

    @Test(arguments: [
        "exit 3", "echo no json", "cat", "echo '{\"type\":\"answer\",\"sdp\":\"v=0\"}'; sleep 60",
        "head -c 300000 /dev/zero",
        "exec <&-; sleep 60 & echo '[]'; wait",
    ]) func `a process that is no echo is a failure in words, and does not stay`(command: String) async throws {
        let runner = EchoRunner(command: command, medium: .real, agent: "martlet test")
        let scenario = try PairRunnerTests.scenario("ordered")
        let error = await #expect(throws: LabError.self) {
            try await runner.run(scenario, seed: 1, progress: { _ in })
        }
        // It never had a channel: there is little hope for other runs.
        guard case .noConnection = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `an echo does not begin by itself`() async throws {
        let runner = EchoRunner(command: "true", medium: .real, agent: "martlet test")
        let scenario = try PairRunnerTests.scenario("ordered", from: .partner)
        await #expect(throws: LabError.badPlan("an echo sends nothing of its own")) {
            try await runner.run(scenario, seed: 1, progress: { _ in })
        }
    }
}
