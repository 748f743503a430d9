import STUN
import Testing
import Wire

@testable import ICE

@Suite struct NominationTests {
    private static let v4 = (left: "192.0.2.1:1001", right: "192.0.2.2:2002")
    private static let v6 = (left: "[2001:db8::1]:1001", right: "[2001:db8::2]:2002")

    /// Two families; IPv6, the better one, is dark until `opensAt`.
    private func pairWithLateIPv6(opensAt: NetworkTime) throws -> AgentPair {
        var pair = AgentPair(seed: 9)
        pair.passes = { _, transmit, now in transmit.remote.ip.family == .v4 || now >= opensAt }
        try pair.addBases(left: [Self.v4.left, Self.v6.left], right: [Self.v4.right, Self.v6.right])
        try pair.introduceBoth()
        return pair
    }

    @Test func `the first valid pair is nominated after the hold-back when a better one is slow`() throws {
        var pair = try pairWithLateIPv6(opensAt: .distantFuture)
        let usable = pair.run(until: milliseconds(500)) { !$0.left.usable.isEmpty }
        #expect(usable)
        let validAt = pair.now
        let selected = pair.run(until: milliseconds(500)) { !$0.left.selected.isEmpty }
        #expect(selected)
        let wait = validAt.duration(to: pair.now)
        #expect(wait >= .milliseconds(100) && wait <= .milliseconds(200))
        #expect(pair.left.agent.selectedPair?.localBase.ip.family == .v4)
    }

    @Test func `a better pair within the hold-back is the only one nominated`() throws {
        var pair = try pairWithLateIPv6(opensAt: .zero)
        pair.run(for: .seconds(5))
        #expect(pair.left.selected.map(\.localBase.ip.family) == [.v6])
        #expect(pair.right.selected.map(\.localBase.ip.family) == [.v6])
    }

    @Test func `a better pair that becomes valid later is nominated too, and both sides move`() throws {
        var pair = try pairWithLateIPv6(opensAt: milliseconds(3000))
        pair.run(until: milliseconds(2900)) { _ in false }
        #expect(pair.left.agent.selectedPair?.localBase.ip.family == .v4)
        #expect(pair.right.agent.selectedPair?.localBase.ip.family == .v4)
        // Not completed: something better is still being checked.
        #expect(pair.left.agent.state == .connected)
        pair.run(for: .seconds(10))
        #expect(pair.left.selected.map(\.localBase.ip.family) == [.v4, .v6])
        #expect(pair.right.selected.map(\.localBase.ip.family) == [.v4, .v6])
        #expect(pair.left.agent.state == .completed)
        #expect(pair.right.agent.state == .completed)
    }

    @Test(arguments: [0, 100, 400] as [Int64]) func `the hold-back is the caller's choice`(wait: Int64) throws {
        var timing = ICEConfiguration.Timing()
        timing.nominationHoldBack = .milliseconds(wait)
        var pair = AgentPair(timing: timing)
        // Known by its checks alone, the peer might have better addresses.
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduceBoth()
        let usable = pair.run(until: milliseconds(900)) { !$0.left.usable.isEmpty }
        #expect(usable)
        let validAt = pair.now
        let selected = pair.run(until: milliseconds(900)) { !$0.left.selected.isEmpty }
        #expect(selected)
        let nominated = validAt.duration(to: pair.now)
        #expect(nominated >= .milliseconds(wait) && nominated <= .milliseconds(wait + 70))
    }

    // Firefox and older agents put USE-CANDIDATE into every check (aggressive nomination, RFC 5245).
    @Test func `a controlled side goes by priority among pairs that are nominated at once`() throws {
        var agent = ICEAgent(.controlled, seed: 1)
        let remote = ICEAgent(.controlling, seed: 2)
        let (base, low, high) = (address("192.0.2.1:1001"), address("192.0.2.2:2"), address("192.0.2.2:3"))
        try agent.addLocalCandidate(base: base, at: .zero)
        try agent.setRemoteCredentials(remote.localCredentials, at: .zero)
        var now = NetworkTime.zero
        for (index, (source, priority)) in [(low, 100), (high, 200)].enumerated() {
            // remote -> Binding request with USE-CANDIDATE -> agent
            let request = checkRequest(
                to: agent, from: remote, attributes: [.iceControlling(1), .useCandidate, .priority(UInt32(priority))],
                id: UInt64(index))
            try agent.receive(request, from: source, to: base, at: now)
            // agent -> success, and in its time a check of its own -> remote
            for _ in 0..<2 {
                for transmit in agent.drainTransmits() {
                    let sent = try parse(transmit.bytes)
                    guard sent.messageClass == .request else { continue }
                    #expect(!sent.usesCandidate)
                    // remote -> success -> agent
                    let answer = successResponse(to: sent, from: remote, mapped: base)
                    try agent.receive(answer, from: transmit.remote, to: base, at: now)
                }
                now = now.advanced(by: .milliseconds(50))
                agent.handleTimeout(at: now)
            }
        }
        let selections = agent.drainEvents().compactMap { event -> TransportAddress? in
            if case .pairSelected(let pair) = event { pair.remoteAddress } else { nil }
        }
        #expect(selections == [low, high])
        #expect(agent.selectedPair?.remoteAddress == high)
    }

    @Test func `a nomination that is lost is repeated`() throws {
        var pair = AgentPair()
        let log = Log()
        pair.passes = { side, transmit, now in
            guard side == .left, let message = try? parse(transmit.bytes),
                message.usesCandidate
            else { return true }
            log.times.append(now)
            return log.times.count > 3
        }
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(for: .seconds(3))
        #expect(pair.right.selected.isEmpty)
        #expect(pair.right.agent.state == .connected)
        pair.run(for: .seconds(3))
        #expect(pair.right.agent.selectedPair != nil)
        let gaps = zip(log.times, log.times.dropFirst()).map { $0.duration(to: $1) }
        #expect(gaps.prefix(3) == [.milliseconds(500), .seconds(1), .seconds(2)])
    }
}
