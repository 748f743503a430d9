import Lab
import Synchronization
import TestSupport
import Testing

@testable import MartletCLI

/// Runs whose results are known, which can fail or be stopped at one of them.
private final class MadeUpRunner: LabRunner {
    let agents = (conductor: "Martlet 9", partner: "\u{1B}[2J a page")
    let isClosed = Latch()
    private let runs = Mutex(0)
    private let fate: @Sendable (Int) throws(LabError) -> Void

    let ending: LabError?

    init(ending: LabError? = nil, fate: @escaping @Sendable (Int) throws(LabError) -> Void = { _ in }) {
        self.ending = ending
        self.fate = fate
    }

    func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        try fate(
            runs.withLock { runs in
                runs += 1
                return runs
            })
        progress(LabProgress(elapsed: 5_000_000, offered: 1, accepted: 1, delivered: 1))
        return LabRun(
            seed: seed, offeredCount: 2, sentAt: [0, 20_000], receptions: [LabReception(sequence: 0, at: 50_000)])
    }

    func close(because reason: LabError?) async { isClosed.set() }
}

@Suite struct LabExperimentTests {
    private let folder: TemporaryFolder
    private let plan: LabPlan

    init() throws {
        folder = try TemporaryFolder()
        plan = try LabPlanDraft(parsing: "channel = ordered, unordered\nlink = real\nseeds = 2", place: "plan")
            .plan(medium: .simulated)
    }

    /// What was said, and why it failed.
    private func run(
        _ runner: MadeUpRunner, plan other: LabPlan? = nil, isJSON: Bool = false, isQuiet: Bool = false,
        isColoured: Bool = false,
        files: (inout LabFileOptions) -> Void = { _ in }
    ) async throws -> (output: String, error: String, failure: CommandFailure?) {
        let texts = Mutex((output: "", error: ""))
        let facts = TerminalFacts(
            inputIsTerminal: false, outputIsTerminal: isColoured, errorIsTerminal: isColoured, hasEscapes: isColoured,
            hasColour: isColoured, size: { (80, 24) })
        let console = Console(facts: facts, isQuiet: isQuiet, isJSON: isJSON) { stream, text in
            texts.withLock { if stream == .output { $0.output += text } else { $0.error += text } }
        }
        var options = LabFileOptions()
        (options.output, options.html, options.csv) = (nil, nil, nil)
        files(&options)
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try await LabExperiment(plan: other ?? plan, preset: nil, outputs: LabFiles(options), console: console).run(
                with: runner)
        } catch { failure = error }
        #expect(runner.isClosed.isSet)
        let (output, error) = texts.withLock { ($0.output, $0.error) }
        return (output, error, failure)
    }

    @Test func `each scenario has a line and a sentence`() async throws {
        let (output, error, failure) = try await run(MadeUpRunner())
        #expect(failure == nil)
        let lines = output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("ordered ") && $0.contains(" 50.0 % ") })
        #expect(lines.contains { $0.hasPrefix("  unordered reliable: 50 % lost") }, "\(lines)")
        #expect(!output.contains("\u{1B}") && !error.contains("\u{1B}"))
        #expect(!error.contains("Incomplete"))
    }

    @Test func `colours are for terminals`() async throws {
        #expect(try await run(MadeUpRunner(), isColoured: true).output.contains("\u{1B}[1m"))
    }

    @Test func `quiet is the table alone`() async throws {
        let (output, error, _) = try await run(MadeUpRunner(), isQuiet: true)
        #expect(error == "" && output.contains("delivered"))
    }

    @Test func `what was measured before a failure is told, kept and marked`() async throws {
        let runner = MadeUpRunner { number throws(LabError) in
            if number >= 4 { throw .partnerFailed("the page was closed") }
        }
        let path = folder.path + "/out"
        let (output, error, failure) = try await run(runner) { $0.output = path }
        #expect(failure?.status == .vanished)
        #expect(failure?.sentence.contains("the page was closed") == true)
        #expect(failure?.sentence.hasPrefix("1 of 4 runs failed. ") == true)
        #expect(output.replacing("\n ", with: "").contains("1 of 2 runs failed (the page was closed)"), "\(output)")
        #expect(error.contains("unordered, reliable, seed 2, failed: the page was closed. Once more …"))
        #expect(error.contains("Incomplete: 3 of 4 runs. 1 failed."))
        let text = try #require(SystemText.read(path + "/report.json"))
        let report = try LabReport(json: text)
        #expect(!report.isComplete && report.results.count == 2 && report.results[1].runs.count == 1)
        #expect(
            report.results[1].failures
                == [true, false].map {
                    LabFailure(seed: 2, reason: "the page was closed", isTriedAgain: $0)
                })
        for name in ["report.csv", "report.html"] { #expect(SystemText.read("\(path)/\(name)")?.isEmpty == false) }
    }

    @Test func `a run that fails is tried once more, and the others are made whatever comes of it`() async throws {
        let path = folder.path + "/report.json"
        let again = MadeUpRunner { number throws(LabError) in if number == 1 { throw .noConnection("no way") } }
        let first = try await run(again) { $0.output = path }
        #expect(first.failure == nil && !first.error.contains("Incomplete"))
        let report = try LabReport(json: #require(SystemText.read(path)))
        #expect(report.isComplete)
        #expect(report.results[0].failures == [LabFailure(seed: 1, reason: "no way", isTriedAgain: true)])
        // Both runs of the first scenario, twice each.
        let lost = MadeUpRunner { number throws(LabError) in if number <= 4 { throw .partnerFailed("gone") } }
        let second = try await run(lost) { $0.output = path }
        #expect(second.failure?.status == .vanished)
        #expect(second.failure?.sentence.hasPrefix("2 of 4 runs failed. The first: ") == true)
        #expect(second.output.contains("ordered reliable: no run came about (gone)"))
        #expect(second.output.contains("unordered reliable: 50 % lost"))
        #expect(second.error.contains("Incomplete: 2 of 4 runs. 2 failed."))
    }

    @Test func `whoever does not keep to the protocol gets no second try, and without a connection there is an end`()
        async throws
    {
        let odd = MadeUpRunner { number throws(LabError) in if number == 1 { throw .protocolViolation("odd") } }
        let first = try await run(odd)
        #expect(first.failure?.status == .protocolMismatch && first.error.contains("Incomplete: 3 of 4 runs."))
        let hopeless = MadeUpRunner { _ throws(LabError) in throw .noConnection("no way") }
        let second = try await run(hopeless)
        #expect(second.failure?.status == .noPath)
        #expect(second.error.contains("Incomplete: 0 of 4 runs. 3 failed."))
        let over = MadeUpRunner(ending: .partnerFailed("it has left")) { number throws(LabError) in
            if number == 2 { throw .partnerFailed("it has left") }
        }
        let third = try await run(over)
        #expect(third.failure?.sentence.contains("it has left") == true)
        #expect(
            third.output.contains("1 of 2 runs failed (it has left)") && !third.output.contains("unordered reliable"))
    }

    /// Two scenarios with three seeds each.
    private static func plan(
        _ medium: LabMedium, _ text: String = "channel = ordered, unordered\ndelay = 10ms"
    ) throws -> LabPlan {
        try LabPlanDraft(parsing: text + "\nseeds = 3", place: "plan").plan(medium: medium)
    }

    @Test func `a simulation that breaks off says nothing of the other scenarios`() async throws {
        // Three runs before the first measure the pace.
        let runner = MadeUpRunner { number throws(LabError) in
            if (4...6).contains(number) { throw .failed("it ended") }
        }
        let (output, error, failure) = try await run(runner, plan: Self.plan(.simulated))
        #expect(failure?.sentence.hasPrefix("3 of 6 runs failed. The first: ") == true)
        #expect(
            output.contains("unordered reliable: 50 % lost") && error.contains("Incomplete: 3 of 6 runs. 3 failed."))
        // With sockets it is this machine, for which it does not get better.
        let sockets = MadeUpRunner { _ throws(LabError) in throw .failed("no socket") }
        let second = try await run(sockets, plan: Self.plan(.shaped))
        #expect(second.failure?.status == .localResource && second.failure?.sentence.contains("no socket") == true)
        #expect(second.error.contains("Incomplete: 0 of 6 runs. 3 failed."))
    }

    @Test func `a partner that breaks off has had a connection, so that there is hope`() async throws {
        // Each is tried twice: two without a connection, one with, and the third without.
        let runner = MadeUpRunner { number throws(LabError) in
            if number == 5 || number == 6 { throw .partnerFailed("gone") }
            throw .noConnection("no way")
        }
        let (_, error, failure) = try await run(runner, plan: Self.plan(.shaped))
        #expect(failure?.status == .noPath && error.contains("Incomplete: 0 of 6 runs. 4 failed."))
    }

    @Test func `a link that is too long for a connection does not speak for a shorter one`() async throws {
        // The long ones come first: three runs, twice each.
        let runner = MadeUpRunner { number throws(LabError) in if number <= 6 { throw .noConnection("too late") } }
        let plan = try Self.plan(.shaped, "channel = ordered\ndelay = 5s, 10ms")
        let (_, error, failure) = try await run(runner, plan: plan)
        #expect(failure?.sentence.hasPrefix("3 of 6 runs failed. ") == true)
        #expect(error.contains("Incomplete: 3 of 6 runs. 3 failed."))
    }

    @Test func `who stops it gets what is there`() async throws {
        let runner = MadeUpRunner { number throws(LabError) in if number == 3 { throw .cancelled } }
        let (output, error, failure) = try await run(runner)
        #expect(failure?.status == .interrupted)
        #expect(output.contains("ordered") && error.contains("Incomplete: 2 of 4 runs."))
    }

    @Test func `events have the plan, the results and the files`() async throws {
        let path = folder.path + "/report.json"
        let (output, _, _) = try await run(MadeUpRunner(), isJSON: true) { $0.output = path }
        let lines = output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("{\"type\":\"lab-") })
        #expect(lines.first?.contains("\"runs\":4") == true)
        #expect(lines.count { $0.hasPrefix("{\"type\":\"lab-result\"") } == 2)
        #expect(lines.last == "{\"type\":\"lab-report\",\"json\":\"\(path)\",\"complete\":true}")
        #expect(
            Set(lines.map { $0.split(separator: "\"")[3] }).isSubset(of: EventTable.events.map { Substring($0.type) }))
    }

    @Test func `a place that cannot be written is refused before anything is measured`() throws {
        for path in ["/nonexistent/report.json", "/dev", "/nonexistent/a/b", folder.path + "/x.html"] {
            var options = LabFileOptions()
            (options.output, options.html, options.csv) = (nil, nil, nil)
            if path == "/dev" { options.csv = path } else { options.output = path }
            #expect(throws: CommandFailure.self, "\(path)") { try LabFiles(options) }
        }
    }

    @Test func `a report replaces the one before as a whole`() async throws {
        let path = try folder.write(Array("before".utf8), to: "report.json")
        _ = try await run(MadeUpRunner()) { $0.output = path }
        #expect(try LabReport(json: #require(SystemText.read(path))).results.count == 2)
    }
}
