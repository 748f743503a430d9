import Testing
import Wire

@testable import ICE

@Suite struct ConnectTests {
    static let sides = [AgentPair.Side.left, .right]

    @Test(arguments: [0, 1, 10, 200, 900]) func `two peers with one address each connect`(delay: Int) throws {
        var pair = AgentPair()
        pair.delay = .milliseconds(delay)
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(for: .seconds(10))
        for side in Self.sides {
            #expect(pair[side].states == [.checking, .connected, .completed])
            #expect(pair[side].usable.count == 1)
            #expect(pair[side].selected.count == 1)
            // Beyond half a second each repeated request has an answer of its own, and the second finds nobody waiting.
            #expect(pair[side].errors.allSatisfy { $0 == .unknownTransaction })
            #expect(pair[side].errors.isEmpty || delay > 250)
            #expect(pair[side].agent.selectedPair?.local.type == .host)
            #expect(pair[side].agent.selectedPair?.remote.type == .host)
        }
        if delay < 500 {
            #expect(pair.left.agent.selectedPair?.roundTripTime == .milliseconds(2 * delay))
        }
    }

    @Test func `the path is usable after one round trip and selected after two`() throws {
        var pair = AgentPair()
        try pair.addBases()
        try pair.introduceBoth()
        #expect(pair.run(until: milliseconds(20)) { !$0.left.usable.isEmpty && !$0.right.usable.isEmpty })
        #expect(pair.left.selected.isEmpty)
        #expect(pair.left.agent.usablePair?.isNominated == false)
        // The pacing keeps the nomination 50 ms away from the first check.
        #expect(pair.run(until: milliseconds(70)) { !$0.left.selected.isEmpty && !$0.right.selected.isEmpty })
        #expect(pair.left.agent.selectedPair?.remoteAddress == address("192.0.2.2:2002"))
        #expect(pair.right.agent.selectedPair?.remoteAddress == address("192.0.2.1:1001"))
    }

    @Test func `validated are the addresses that checks came from, and no others`() throws {
        var pair = AgentPair()
        try pair.addBases()
        let (left, right) = (address("192.0.2.1:1001"), address("192.0.2.2:2002"))
        #expect(!pair.left.agent.isValidated(remote: right, localBase: left))
        try pair.introduceBoth()
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.isValidated(remote: right, localBase: left))
        #expect(pair.right.agent.isValidated(remote: left, localBase: right))
        #expect(!pair.left.agent.isValidated(remote: right, localBase: right))
        #expect(!pair.left.agent.isValidated(remote: address("192.0.2.2:2003"), localBase: left))
        pair.left.agent.close()
        #expect(!pair.left.agent.isValidated(remote: right, localBase: left))
    }

    @Test(arguments: sides) func `candidates may come long after the credentials`(late: AgentPair.Side) throws {
        var pair = AgentPair()
        pair.left.trickles = false
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(for: .seconds(20))
        #expect(pair[late].agent.state == .checking)
        // late -> its only candidate -> the other side
        for candidate in pair[late].agent.localCandidates {
            pair[late.other].agent.addRemoteCandidate(candidate, at: pair.now)
            pair.drain(late.other)
        }
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.state == .connected)
        #expect(pair.right.agent.state == .connected)
        // Nobody has said that there are no more candidates.
        pair.left.agent.endOfRemoteCandidates(at: pair.now)
        pair.drain(.left)
        #expect(pair.left.agent.state == .completed)
        #expect(pair.right.agent.state == .connected)
    }

    @Test func `candidates before the credentials wait for them`() throws {
        var pair = AgentPair()
        try pair.addBases()
        pair.run(for: .seconds(1))
        #expect(pair.left.sentCount == 0)
        try pair.introduceBoth()
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.state == .completed)
    }

    // What browsers do: they name only unresolvable hosts, and are found by their own checks.
    @Test(arguments: sides, [false, true]) func `a peer whose candidates we never learn is found by its checks`(
        hidden: AgentPair.Side, saysNames: Bool
    ) throws {
        var pair = AgentPair(seed: 3)
        pair[hidden].trickles = false
        try pair.addBases()
        if saysNames {
            let name = try Candidate(
                line: "candidate:1 1 udp 2113937151 b0194bb8-3307-4668-8815-a81dea927ea9.local 42569 typ host")
            let isUsed = pair[hidden.other].agent.addRemoteCandidate(name, at: pair.now)
            #expect(!isUsed)
            pair[hidden.other].agent.endOfRemoteCandidates(at: pair.now)
        }
        try pair.introduceBoth()
        pair.run(for: .seconds(1))
        #expect(pair[hidden.other].agent.selectedPair?.remote.type == .peerReflexive)
        #expect(pair[hidden].agent.selectedPair?.remote.type == .host)
        #expect(pair[hidden].agent.selectedPair?.local.type == .host)
        // The hold-back is over in 100 ms.
        #expect(pair[hidden.other].states.first == .checking)
        #expect(pair[hidden.other].agent.state == (saysNames ? .completed : .connected))
    }

    @Test func `a peer-reflexive candidate becomes what signaling says later`() throws {
        var pair = AgentPair()
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(for: .seconds(1))
        let found = try #require(pair.left.agent.selectedPair)
        #expect(found.remote.type == .peerReflexive)
        let isNew = pair.left.agent.addRemoteCandidate(pair.right.agent.localCandidates[0], at: pair.now)
        #expect(isNew)
        let named = try #require(pair.left.agent.selectedPair)
        #expect(named.remote == pair.right.agent.localCandidates[0])
        #expect(named.priority > found.priority)
    }

    // RFC 8445 section 7.3: the answer arrives at the browser before it arrives here.
    @Test(arguments: sides) func `checks before the remote description are answered and remembered`(
        late: AgentPair.Side
    ) throws {
        var pair = AgentPair(seed: 5)
        pair[late.other].trickles = false
        try pair.addBases()
        try pair.introduce(to: late.other)
        pair.run(for: .seconds(3))
        // The early side has found a valid pair by the answers alone, and its data may be believed.
        #expect(pair[late].agent.state == .new)
        #expect(pair[late.other].states.contains(.connected))
        let early = pair[late.other].agent.bases[0].address
        #expect(pair[late].agent.isValidated(remote: early, localBase: pair[late].agent.bases[0].address))
        #expect(pair[late].agent.earlyChecks.count == 1)

        try pair.introduce(to: late)
        #expect(pair.run(until: pair.now.advanced(by: .milliseconds(20))) { $0[late].usable.count == 1 })
        pair.run(for: .seconds(1))
        #expect(pair[late].agent.selectedPair?.remote.type == .peerReflexive)
        #expect(pair[late.other].agent.selectedPair != nil)
    }

    @Test func `an early check under another fragment than the description's counts for nothing`() throws {
        var pair = AgentPair()
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduce(to: .right)
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.isValidated(remote: address("192.0.2.2:2002"), localBase: address("192.0.2.1:1001")))
        var random = SeededGenerator(seed: 77)
        try pair.left.agent.setRemoteCredentials(ICECredentials(random: &random), at: pair.now)
        #expect(!pair.left.agent.isValidated(remote: address("192.0.2.2:2002"), localBase: address("192.0.2.1:1001")))
        #expect(pair.left.agent.checkList.pairs.isEmpty)
    }

    @Test(arguments: 0..<25 as Range<UInt64>) func `a fifth of the datagrams lost does not keep peers apart`(
        seed: UInt64
    ) throws {
        var pair = AgentPair(seed: seed)
        pair.loss = 0.2
        pair.delay = .milliseconds(30)
        try pair.addBases(
            left: ["192.0.2.1:1001", "[2001:db8::1]:1001"], right: ["192.0.2.2:2002", "[2001:db8::2]:2002"])
        try pair.introduceBoth()
        let connected = pair.run(until: milliseconds(15_000)) {
            $0.left.agent.selectedPair != nil && $0.right.agent.selectedPair != nil
        }
        #expect(connected, "seed \(seed)")
        pair.run(for: .seconds(120))
        #expect(!pair.left.states.contains(.failed), "seed \(seed)")
        #expect(!pair.right.states.contains(.failed), "seed \(seed)")
        #expect(pair.left.agent.selectedPair?.remoteAddress == pair.right.agent.selectedPair?.localBase)
    }

    @Test(arguments: 0..<10 as Range<UInt64>) func `the same seed gives the same datagrams`(seed: UInt64) throws {
        func trace() throws -> [ICETransmit] {
            let log = Log()
            var pair = AgentPair(seed: seed)
            pair.loss = 0.3
            pair.passes = { _, transmit, _ in
                log.transmits.append(transmit)
                return true
            }
            try pair.addBases(
                left: ["192.0.2.1:1001", "[2001:db8::1]:1001", "198.51.100.1:7"],
                right: ["192.0.2.2:2002", "[2001:db8::2]:2002"])
            try pair.introduceBoth()
            pair.run(for: .seconds(60))
            return log.transmits
        }
        let first = try trace()
        #expect(first.count > 20)
        #expect(try trace() == first)
    }

    @Test func `IPv6 comes first, and families take turns`() throws {
        var pair = AgentPair()
        try pair.addBases(
            left: ["192.0.2.1:1001", "192.0.2.3:1003", "[2001:db8::1]:1001", "[fe80::1]:1", "127.0.0.1:9"],
            right: ["192.0.2.2:2002", "[2001:db8::2]:2002"])
        // RFC 8421 section 4
        let order = pair.left.agent.localCandidates.sorted { $0.priority > $1.priority }
        #expect(
            order.compactMap { $0.transportAddress?.description } == [
                "[2001:db8::1]:1001", "192.0.2.1:1001", "192.0.2.3:1003", "[fe80::1]:1", "127.0.0.1:9",
            ])
        #expect(Set(order.map(\.priority)).count == 5)
        #expect(Set(order.map(\.foundation)).count == 5)
        try pair.introduceBoth()
        pair.run(for: .seconds(2))
        #expect(pair.left.agent.selectedPair?.localBase == address("[2001:db8::1]:1001"))
        #expect(pair.right.agent.selectedPair?.localBase == address("[2001:db8::2]:2002"))
    }

    @Test func `nothing waits for a deadline when nothing is to be done`() throws {
        var agent = ICEAgent(.controlling, seed: 1)
        #expect(agent.pollTimeout() == nil)
        try agent.addLocalCandidate(base: address("192.0.2.1:1001"), at: .zero)
        agent.endOfLocalCandidates(at: .zero)
        #expect(agent.pollTimeout() == nil)
        var random = SeededGenerator(seed: 2)
        try agent.setRemoteCredentials(ICECredentials(random: &random), at: .zero)
        #expect(agent.pollTimeout() == milliseconds(39_500))
        agent.close()
        #expect(agent.pollTimeout() == nil)
        #expect(agent.state == .closed)
        #expect(throws: ICEError.ended) { try agent.addLocalCandidate(base: address("192.0.2.1:1002"), at: .zero) }
        #expect(throws: ICEError.ended) {
            try agent.receive([0, 1], from: address("192.0.2.2:1"), to: address("192.0.2.1:1001"), at: .zero)
        }
    }

    @Test func `a closed agent says nothing more`() throws {
        var pair = AgentPair()
        try pair.connect()
        pair.left.agent.close()
        pair.drain(.left)
        let sent = pair.left.sentCount
        pair.run(for: .seconds(60))
        #expect(pair.left.sentCount == sent)
        #expect(pair.left.states.last == .closed)
        #expect(pair.right.states.suffix(2) == [.disconnected, .failed])
    }
}

/// What a closure in a test has seen.
final class Log {
    var transmits: [ICETransmit] = []
    var times: [NetworkTime] = []
    var isOpen = true
}
