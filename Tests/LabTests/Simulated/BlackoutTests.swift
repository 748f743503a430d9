internal import LinkSimulator
internal import TestSupport
internal import Testing

@testable internal import Lab

@Suite(.exclusiveStack, .serialized) struct BlackoutTests {
    private static func scenario(start: Double, length: Double, back: Bool = false) -> LabScenario {
        var path = LabPath()
        path.delay = .milliseconds(100)
        var dark = path
        dark.blackouts = [LabBlackout(start: .seconds(start), length: .seconds(length))]
        return LabScenario(
            name: "dark", channel: LabChannel(), link: LabLink(forward: back ? path : dark, back: back ? dark : path),
            traffic: LabTraffic(messageBytes: 100, rate: 5, duration: .seconds(12), late: .seconds(1)), seeds: [1])
    }

    /// Wherever between two questions for consent it begins.
    @Test(arguments: [false, true])
    func `a reliable channel outlives the longest blackout that a plan may have`(_ back: Bool) async throws {
        let limit = LabPlan.blackoutLimit.ours / .seconds(1)
        for seed: UInt64 in 1...8 {
            let scenario = Self.scenario(start: 5 + Double(seed) * 0.7, length: limit, back: back)
            let run = try await SimulatedRunner().run(scenario, seed: seed) { _ in }
            #expect(Set(run.receptions.map(\.sequence)).count == run.sentAt.count, "seed \(seed)")
        }
    }

    @Test func `a connection that hears nothing for longer than consent lasts has failed`() async throws {
        await #expect(throws: LabError.self) {
            _ = try await SimulatedRunner().run(Self.scenario(start: 5, length: 31), seed: 1) { _ in }
        }
    }

    @Test func `a blackout of the way back is waited for`() async throws {
        // Everything came at once, but the sender learns it only when it is light again.
        var scenario = Self.scenario(start: 11, length: 10, back: true)
        scenario.channel = LabChannel(ordered: false, maxRetransmits: 0)
        scenario.link.forward.loss = 0.2
        let run = try await SimulatedRunner().run(scenario, seed: 3) { _ in }
        #expect(run.receptions.count < run.sentAt.count && run.receptions.count > 30, "seed 3")
    }

    @Test func `plans whose blackouts no connection outlives are refused`() throws {
        func check(_ blackouts: String, isOurs: Bool = true, back: String = "") throws(LabPlanError) {
            let text = "blackout = \(blackouts)\ndelay = 50ms\n\(back)"
            try LabPlanDraft(parsing: text, place: "plan").plan(medium: .simulated).checkBlackouts(isOurs: isOurs)
        }
        try check("3s+20s")
        try check("3s+12s", isOurs: false)
        try check("3s+15s, 22s+15s")
        for (blackouts, isOurs) in [("3s+20001ms", true), ("3s+13s", false), ("3s+15s, 20s+15s", true)] {
            #expect(throws: LabPlanError.self, "\(blackouts)") { try check(blackouts, isOurs: isOurs) }
        }
        let error = #expect(throws: LabPlanError.self) { try check("3s+40s") }
        #expect(error?.sentence.contains("dark for 40 s") == true && error?.remedy?.contains("20 s at most") == true)
    }
}
