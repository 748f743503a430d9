import Testing
import Wire

@testable import ICE

@Suite struct PatienceTests {
    private func run(patience: Duration, pathOpensAt opening: NetworkTime, until end: NetworkTime) throws -> AgentPair {
        var timing = ICEConfiguration.Timing()
        timing.patience = patience
        var pair = AgentPair(timing: timing)
        pair.passes = { _, _, now in now >= opening }
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(until: end) { _ in false }
        return pair
    }

    @Test func `who is patient finds a path that opens after five minutes`() throws {
        let pair = try run(
            patience: .seconds(600), pathOpensAt: milliseconds(300_000), until: milliseconds(400_000))
        #expect(pair.left.states == [.checking, .connected, .completed])
        #expect(pair.right.states == [.checking, .connected, .completed])
    }

    @Test func `without that patience it is over after one round of checks`() throws {
        let pair = try run(
            patience: .milliseconds(39_500), pathOpensAt: milliseconds(300_000), until: milliseconds(400_000))
        #expect(pair.left.states == [.checking, .failed])
    }

    @Test func `patience ends, and what is sent to one who never answers is bounded`() throws {
        let pair = try run(
            patience: .seconds(7200), pathOpensAt: milliseconds(9_000_000), until: milliseconds(8_000_000))
        #expect(pair.left.states == [.checking, .failed])
        #expect(pair.left.sentCount <= UnansweredBudget.maximumPerAddress)
        #expect(pair.left.sentCount > 7)
    }
}
