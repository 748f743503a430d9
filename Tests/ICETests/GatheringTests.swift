import STUN
import Testing
import Wire

@testable import ICE

@Suite struct GatheringTests {
    static let server = address("203.0.113.1:3478")

    private func pairBehindNATs(stun: Bool) -> AgentPair {
        let servers = stun ? [Self.server] : []
        var pair = AgentPair(
            left: ICEAgent(.controlling, seed: 1, stunServers: servers),
            right: ICEAgent(.controlled, seed: 2, stunServers: servers))
        pair.stunServer = Self.server
        pair.mappings = [
            address("10.0.0.1:1001"): address("198.51.100.1:6001"),
            address("10.9.9.9:2002"): address("198.51.100.2:6002"),
        ]
        return pair
    }

    @Test func `a STUN server's answer becomes a candidate that connects through NATs`() throws {
        var pair = pairBehindNATs(stun: true)
        try pair.addBases(left: ["10.0.0.1:1001"], right: ["10.9.9.9:2002"])
        #expect(pair.left.agent.localCandidates.map(\.type) == [.host])
        try pair.introduceBoth()
        pair.run(for: .seconds(3))
        #expect(pair.left.agent.localCandidates.map(\.type) == [.host, .serverReflexive])
        let reflexive = pair.left.agent.localCandidates[1]
        #expect(reflexive.transportAddress == address("198.51.100.1:6001"))
        #expect(reflexive.relatedAddress == address("10.0.0.1:1001"))
        #expect(reflexive.priority < pair.left.agent.localCandidates[0].priority)
        #expect(reflexive.foundation != pair.left.agent.localCandidates[0].foundation)
        #expect(pair.left.gatheringCompleteAt == milliseconds(20))
        #expect(pair.left.agent.selectedPair?.local == reflexive)
        #expect(pair.left.agent.selectedPair?.remoteAddress == address("198.51.100.2:6002"))
        #expect(pair.left.agent.selectedPair?.localBase == address("10.0.0.1:1001"))
        #expect(pair.right.agent.selectedPair?.local.type == .serverReflexive)
    }

    @Test func `a mapping nobody told us of is a peer-reflexive candidate of ours`() throws {
        var pair = pairBehindNATs(stun: false)
        pair.mappings[address("10.9.9.9:2002")] = nil
        try pair.addBases(left: ["10.0.0.1:1001"], right: ["10.9.9.9:2002"])
        try pair.introduceBoth()
        pair.run(for: .seconds(2))
        #expect(pair.left.agent.selectedPair?.local.type == .peerReflexive)
        #expect(pair.left.agent.selectedPair?.local.transportAddress == address("198.51.100.1:6001"))
        #expect(pair.right.agent.selectedPair?.remote.type == .peerReflexive)
        #expect(pair.left.agent.localCandidates.map(\.type) == [.host])
    }

    @Test func `without a NAT the server-reflexive candidate is no news`() throws {
        var pair = pairBehindNATs(stun: true)
        pair.mappings = [:]
        try pair.addBases(left: ["192.0.2.1:1001"], right: ["192.0.2.2:2002"])
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.localCandidates.map(\.type) == [.host])
        #expect(pair.left.gatheringCompleteAt == milliseconds(20))
    }

    @Test(arguments: [1, 3, 8]) func `dead STUN servers hold nothing up`(serverCount: Int) throws {
        let servers = (0..<serverCount).map { address("203.0.113.\($0 + 1):3478") }
        var pair = AgentPair(
            left: ICEAgent(.controlling, seed: 1, stunServers: servers),
            right: ICEAgent(.controlled, seed: 2, stunServers: servers))
        try pair.addBases(left: ["192.0.2.1:1001", "192.0.2.3:1003"], right: ["192.0.2.2:2002"])
        #expect(pair.left.agent.localCandidates.count == 2)
        try pair.introduceBoth()
        let connected = pair.run(until: milliseconds(200)) { $0.left.agent.selectedPair != nil }
        #expect(connected)
        pair.run(for: .seconds(10))
        let complete = try #require(pair.left.gatheringCompleteAt)
        #expect(complete <= milliseconds(3000))
        #expect(complete >= milliseconds(2900))
        #expect(pair.left.agent.state == .completed)
    }

    @Test func `queries keep their distance and are asked three times`() throws {
        var agent = ICEAgent(.controlling, seed: 1, stunServers: [Self.server, address("203.0.113.2:3478")])
        try agent.addLocalCandidate(base: address("192.0.2.1:1001"), at: .zero)
        try agent.addLocalCandidate(base: address("[2001:db8::1]:1001"), at: .zero)
        try agent.addLocalCandidate(base: address("127.0.0.1:1001"), at: .zero)
        agent.endOfLocalCandidates(at: .zero)
        var sent: [Int64: Int] = [0: agent.drainTransmits().count]
        while let due = agent.pollTimeout() {
            agent.handleTimeout(at: due)
            let count = agent.drainTransmits().count
            if count > 0 { sent[due.nanoseconds / 1_000_000, default: 0] += count }
        }
        #expect(sent == [0: 1, 50: 1, 500: 1, 550: 1, 1500: 1, 1550: 1])
    }

    @Test func `a server that answers from elsewhere or with an error gives no candidate`() throws {
        var agent = ICEAgent(.controlling, seed: 1, stunServers: [Self.server])
        let base = address("10.0.0.1:1001")
        try agent.addLocalCandidate(base: base, at: .zero)
        agent.endOfLocalCandidates(at: .zero)
        let sent = agent.drainTransmits()
        let id = try parse(try #require(sent.first).bytes).transactionID
        let mapped = STUNAttribute.xorMappedAddress(address("198.51.100.1:6001"))
        let success = STUNMessage(.successResponse, transactionID: id, attributes: [mapped]).encoded()
        #expect(throws: ICEError.responseFromWrongAddress) {
            try agent.receive(success, from: address("203.0.113.66:3478"), to: base, at: .zero)
        }
        #expect(agent.localCandidates.count == 1)
        let error = STUNMessage(.errorResponse, transactionID: id, attributes: [.errorCode(.badRequest)]).encoded()
        try agent.receive(error, from: Self.server, to: base, at: .zero)
        #expect(agent.localCandidates.count == 1)
        #expect(agent.gathering.isComplete)
        #expect(throws: ICEError.unknownTransaction) {
            try agent.receive(success, from: Self.server, to: base, at: .zero)
        }
    }

    // RFC 3489 servers add CHANGED-ADDRESS (0x0005), and some know only MAPPED-ADDRESS.
    @Test func `an old server's answer is good enough`() throws {
        var agent = ICEAgent(.controlling, seed: 1, stunServers: [Self.server])
        let base = address("10.0.0.1:1001")
        try agent.addLocalCandidate(base: base, at: .zero)
        let sent = agent.drainTransmits()
        let id = try parse(try #require(sent.first).bytes).transactionID
        let answer = STUNMessage(
            .successResponse, transactionID: id,
            attributes: [
                .mappedAddress(address("198.51.100.1:6001")), .other(.init(rawValue: 5), [0, 1, 2, 3, 4, 5, 6, 7]),
            ])
        try agent.receive(answer.encoded(fingerprint: false), from: Self.server, to: base, at: .zero)
        #expect(agent.localCandidates.last?.transportAddress == address("198.51.100.1:6001"))
    }

    @Test(arguments: ["0.0.0.0:5", "255.255.255.255:5", "224.0.0.1:5", "198.51.100.1:0"])
    func `a mapped address that is nobody's is not passed on`(mapped: String) throws {
        var agent = ICEAgent(.controlling, seed: 1, stunServers: [Self.server])
        let base = address("10.0.0.1:1001")
        try agent.addLocalCandidate(base: base, at: .zero)
        let sent = agent.drainTransmits()
        let id = try parse(try #require(sent.first).bytes).transactionID
        let attribute = STUNAttribute.xorMappedAddress(address(mapped))
        let answer = STUNMessage(.successResponse, transactionID: id, attributes: [attribute]).encoded()
        try agent.receive(answer, from: Self.server, to: base, at: .zero)
        #expect(agent.localCandidates.count == 1)
    }

    // RFC 8445 section 11: the peer may need minutes to answer an offer.
    @Test func `mappings are kept alive until a pair is selected`() throws {
        var pair = pairBehindNATs(stun: true)
        let log = Log()
        pair.passes = { side, transmit, now in
            if side == .left, transmit.remote == Self.server { log.times.append(now) }
            return true
        }
        try pair.addBases(left: ["10.0.0.1:1001"], right: ["10.9.9.9:2002"])
        pair.run(for: .seconds(100))
        #expect(log.times.count == 7)
        #expect(pair.right.agent.pollTimeout() != nil)
        try pair.introduceBoth()
        pair.run(for: .seconds(5))
        #expect(pair.left.agent.selectedPair != nil)
        let count = log.times.count
        pair.run(for: .seconds(100))
        #expect(log.times.count == count)
    }

    @Test(arguments: ["0.0.0.0:5000", "[::]:5000", "239.1.1.1:5000", "192.0.2.1:0"])
    func `an address that is no base is refused`(text: String) {
        var agent = ICEAgent(.controlling, seed: 1)
        #expect(throws: ICEError.unusableAddress(address(text))) {
            try agent.addLocalCandidate(base: address(text), at: .zero)
        }
    }

    @Test func `sixteen bases are enough, and one named twice is one`() throws {
        var agent = ICEAgent(.controlling, seed: 1)
        for port in 1...16 { try agent.addLocalCandidate(base: address("192.0.2.1:\(port)"), at: .zero) }
        try agent.addLocalCandidate(base: address("192.0.2.1:1"), at: .zero)
        #expect(agent.localCandidates.count == 16)
        #expect(throws: ICEError.tooManyCandidates(limit: 16)) {
            try agent.addLocalCandidate(base: address("192.0.2.1:17"), at: .zero)
        }
    }
}
