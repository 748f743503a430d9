import STUN
import Testing
import Wire

@testable import ICE

@Suite struct ConsentTests {
    private func connectedPair(seed: UInt64, log: Log) throws -> AgentPair {
        var pair = AgentPair(seed: seed)
        pair.passes = { side, transmit, now in
            if side == .left, log.isOpen {
                log.transmits.append(transmit)
                log.times.append(now)
            }
            return log.isOpen
        }
        try pair.connect()
        #expect(pair.left.agent.state == .completed)
        return pair
    }

    @Test(arguments: 0..<5 as Range<UInt64>) func `requests go out every five seconds, give or take a fifth`(
        seed: UInt64
    ) throws {
        let log = Log()
        var pair = try connectedPair(seed: seed, log: log)
        (log.times, log.transmits) = ([], [])
        pair.run(for: .seconds(300))
        let requests = try zip(log.times, log.transmits).filter {
            try parse($0.1.bytes).messageClass == .request
        }
        let gaps = zip(requests, requests.dropFirst()).map { $0.0.duration(to: $1.0) }
        #expect((50...75).contains(gaps.count))
        #expect(gaps.allSatisfy { $0 >= .milliseconds(3990) && $0 <= .milliseconds(6010) })
        #expect(Set(gaps).count > 10)
        #expect(pair.left.agent.state == .completed)
        #expect(pair.left.agent.selectedPair?.roundTripTime == .milliseconds(20))
        #expect(pair.left.states == [.checking, .connected, .completed])
        #expect(pair.left.agent.checks.count <= 2)
    }

    @Test(arguments: 0..<5 as Range<UInt64>)
    func `silence is a disconnection after some seconds and the end after thirty`(
        seed: UInt64
    ) throws {
        let log = Log()
        var pair = try connectedPair(seed: seed, log: log)
        pair.run(for: .seconds(21))
        log.isOpen = false
        let cut = pair.now
        let lost = pair.run(until: cut.advanced(by: .seconds(20))) { $0.left.agent.state == .disconnected }
        #expect(lost)
        let lastResponse = try #require(pair.left.agent.checkList[0].consent?.lastResponseAt)
        #expect((5.0...7.5).contains(lastResponse.duration(to: pair.now).seconds))
        let (base, remote) = (address("192.0.2.1:1001"), address("192.0.2.2:2002"))
        #expect(pair.left.agent.isValidated(remote: remote, localBase: base))
        let ended = pair.run(until: cut.advanced(by: .seconds(60))) { $0.left.agent.state == .failed }
        #expect(ended)
        #expect(lastResponse.duration(to: pair.now) == .seconds(30))
        #expect(!pair.left.agent.isValidated(remote: remote, localBase: base))
        #expect(pair.left.agent.pollTimeout() == nil)
        #expect(pair.left.agent.usablePair == nil)
    }

    @Test func `a path that comes back is connected again`() throws {
        let log = Log()
        var pair = try connectedPair(seed: 4, log: log)
        pair.run(for: .seconds(10))
        log.isOpen = false
        pair.run(for: .seconds(20))
        #expect(pair.left.agent.state == .disconnected)
        #expect(pair.right.agent.state == .disconnected)
        log.isOpen = true
        pair.run(for: .seconds(6))
        #expect(pair.left.states == [.checking, .connected, .completed, .disconnected, .completed])
        #expect(pair.right.states == [.checking, .connected, .completed, .disconnected, .completed])
    }

    @Test func `one lost request is no disconnection`() throws {
        let log = Log()
        var pair = try connectedPair(seed: 6, log: log)
        for _ in 0..<20 {
            // Half a second of darkness at the time of a request.
            let due = try #require(pair.left.agent.checkList[0].consent?.nextRequestAt)
            pair.run(until: due.advanced(by: .milliseconds(-1))) { _ in false }
            log.isOpen = false
            pair.run(for: .milliseconds(400))
            log.isOpen = true
            pair.run(for: .seconds(2))
        }
        #expect(pair.left.states == [.checking, .connected, .completed])
    }

    // RFC 7675 section 5.1: an on-path observer without the password cannot keep us sending.
    @Test func `answers that do not authenticate are no consent`() throws {
        let log = Log()
        var pair = try connectedPair(seed: 8, log: log)
        log.isOpen = false
        let strangers = ICEAgent(.controlled, seed: 99)
        let end = pair.now.advanced(by: .seconds(40))
        while let due = pair.left.agent.pollTimeout(), due < end {
            pair.left.agent.handleTimeout(at: due)
            pair.now = due
            for transmit in pair.left.agent.drainTransmits() {
                let request = try parse(transmit.bytes)
                let forged = successResponse(to: request, from: strangers, mapped: transmit.localBase)
                #expect(throws: ICEError.notAuthenticated) {
                    try pair.left.agent.receive(forged, from: transmit.remote, to: transmit.localBase, at: due)
                }
            }
        }
        #expect(pair.left.agent.state == .failed)
    }

    @Test func `when the selected pair dies, a pair that stands by takes over on both sides`() throws {
        var pair = AgentPair(seed: 2)
        let log = Log()
        let broken = address("[2001:db8::2]:2002")
        pair.passes = { _, transmit, _ in log.isOpen || transmit.remote.ip.family == .v4 }
        // The IPv4 pair is checked first, and stays valid beside the better one.
        try pair.addBases(left: ["192.0.2.1:1001"], right: ["192.0.2.2:2002"])
        try pair.introduceBoth()
        pair.run(for: .seconds(1))
        try pair.left.agent.addLocalCandidate(base: address("[2001:db8::1]:1001"), at: pair.now)
        try pair.right.agent.addLocalCandidate(base: broken, at: pair.now)
        pair.drain(.left)
        pair.drain(.right)
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.selectedPair?.remoteAddress == broken)
        pair.run(for: .seconds(60))
        log.isOpen = false
        let moved = pair.run(until: pair.now.advanced(by: .seconds(12))) {
            $0.left.agent.selectedPair?.remoteAddress == address("192.0.2.2:2002")
                && $0.right.agent.selectedPair?.remoteAddress == address("192.0.2.1:1001")
        }
        #expect(moved)
        pair.run(for: .seconds(60))
        #expect(pair.left.agent.state == .completed)
        #expect(pair.right.agent.state == .completed)
        #expect(!pair.left.states.contains(.failed))
    }

    // RFC 8863 section 4
    @Test(arguments: [[], ["192.0.2.9:9", "192.0.2.10:9"]]) func `no failure before the PAC timer ends`(
        dead: [String]
    ) throws {
        var pair = AgentPair()
        pair.left.trickles = false
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduceBoth()
        for (index, text) in dead.enumerated() {
            let candidate = Candidate(foundation: "\(index)", priority: 7, address: .ip(address(text)), type: .host)
            pair.left.agent.addRemoteCandidate(candidate, at: pair.now)
        }
        pair.left.agent.endOfRemoteCandidates(at: pair.now)
        pair.drain(.left)
        pair.run(until: milliseconds(39_499)) { _ in false }
        #expect(pair.left.agent.state == .checking)
        pair.run(for: .seconds(2))
        #expect(pair.left.agent.state == .failed)
        #expect(pair.left.states == [.checking, .failed])
        // Seven transmissions to each address (RFC 8489 section 6.2.1).
        #expect(pair.left.sentCount == 7 * dead.count)
        #expect(pair.left.agent.pollTimeout() == nil)
    }

    @Test func `a check that begins late may outlive the PAC timer`() throws {
        var pair = AgentPair()
        pair.left.trickles = false
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduceBoth()
        pair.run(for: .seconds(39))
        for (side, candidate) in [
            (AgentPair.Side.left, pair.right.agent.localCandidates[0]), (.right, pair.left.agent.localCandidates[0]),
        ] {
            pair[side].agent.addRemoteCandidate(candidate, at: pair.now)
        }
        pair.passes = { _, _, now in now > milliseconds(41_000) }
        pair.drain(.left)
        pair.drain(.right)
        pair.run(for: .seconds(10))
        #expect(pair.left.agent.selectedPair != nil)
    }
}
