import STUN
import Testing
import Wire

@testable import ICE

@Suite struct RoleConflictTests {
    // RFC 8445 section 7.3.1.1. Equal tie-breakers make both change, and choose new ones.
    @Test(arguments: [ICERole.controlling, .controlled], [(1, 2), (2, 1), (.max, 0), (7, 7)] as [(UInt64, UInt64)])
    func `two agents of one role end with two roles`(role: ICERole, tieBreakers: (UInt64, UInt64)) throws {
        var pair = AgentPair(
            left: ICEAgent(role, seed: 1, tieBreaker: tieBreakers.0),
            right: ICEAgent(role, seed: 2, tieBreaker: tieBreakers.1))
        try pair.connect()
        // Two equal ones may meet again as two of the other role; the first consent requests settle that.
        if tieBreakers.0 == tieBreakers.1 { pair.run(for: .seconds(15)) }
        #expect(pair.left.agent.role != pair.right.agent.role)
        #expect(pair.left.agent.state == .completed)
        #expect(pair.right.agent.state == .completed)
        #expect(pair.left.agent.selectedPair?.remoteAddress == pair.right.agent.selectedPair?.localBase)
        if tieBreakers.0 != tieBreakers.1 {
            let controllingIsLeft = tieBreakers.0 > tieBreakers.1
            #expect((pair.left.agent.role == .controlling) == controllingIsLeft)
            #expect(pair.left.roles.count + pair.right.roles.count == 1)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>, [ICERole.controlling, .controlled])
    func `a conflict is settled under loss too`(seed: UInt64, role: ICERole) throws {
        var pair = AgentPair(left: ICEAgent(role, seed: seed), right: ICEAgent(role, seed: seed &+ 1000), seed: seed)
        pair.loss = 0.2
        try pair.addBases()
        try pair.introduceBoth()
        let connected = pair.run(until: milliseconds(30_000)) {
            $0.left.agent.selectedPair != nil && $0.right.agent.selectedPair != nil
        }
        #expect(connected, "seed \(seed)")
        #expect(pair.left.agent.role != pair.right.agent.role)
    }

    @Test func `priorities are computed anew when the role changes`() throws {
        var agent = ICEAgent(.controlling, seed: 1, tieBreaker: 5)
        try agent.addLocalCandidate(base: address("192.0.2.1:1001"), at: .zero)
        let remote = ICEAgent(.controlling, seed: 2)
        try agent.setRemoteCredentials(remote.localCredentials, at: .zero)
        let candidate = Candidate(
            foundation: "1", priority: 100, address: .ip(address("192.0.2.2:2002")), type: .host)
        agent.addRemoteCandidate(candidate, at: .zero)
        let local = agent.localCandidates[0].priority
        #expect(agent.checkList[0].priority == CandidatePriority.pair(controlling: local, controlled: 100))
        let request = checkRequest(to: agent, from: remote, attributes: [.iceControlling(6)])
        try agent.receive(request, from: address("192.0.2.2:2002"), to: address("192.0.2.1:1001"), at: .zero)
        #expect(agent.role == .controlled)
        #expect(agent.checkList[0].priority == CandidatePriority.pair(controlling: 100, controlled: local))
    }

    @Test(
        arguments: [
            // our role, our tie-breaker, what the check says, whether we keep the role, whether it is refused
            (ICERole.controlling, 5, STUNAttribute.iceControlling(5), true, true),
            (.controlling, 5, .iceControlling(6), false, false), (.controlling, 5, .iceControlled(6), true, false),
            (.controlled, 5, .iceControlled(5), false, false), (.controlled, 5, .iceControlled(6), true, true),
            (.controlled, 5, .iceControlling(6), true, false),
        ] as [(ICERole, UInt64, STUNAttribute, Bool, Bool)]) func `a check in conflict is refused or makes us change`(
            role: ICERole, tieBreaker: UInt64, claim: STUNAttribute, keeps: Bool, isRefused: Bool
        ) throws
    {
        var agent = ICEAgent(role, seed: 1, tieBreaker: tieBreaker)
        let remote = ICEAgent(role, seed: 2)
        try agent.addLocalCandidate(base: address("192.0.2.1:1001"), at: .zero)
        try agent.setRemoteCredentials(remote.localCredentials, at: .zero)
        // remote -> Binding request -> agent
        let request = checkRequest(to: agent, from: remote, attributes: [claim, .priority(9)])
        try agent.receive(request, from: address("192.0.2.2:2002"), to: address("192.0.2.1:1001"), at: .zero)
        #expect((agent.role == role) == keeps)
        // agent -> success or 487 -> remote
        let sent = agent.drainTransmits()
        let response = try #require(sent.first)
        let message = try parse(response.bytes)
        #expect(message.errorCode == (isRefused ? .roleConflict : nil))
        #expect(message.xorMappedAddress == (isRefused ? nil : address("192.0.2.2:2002")))
        #expect(message.messageIntegrity?.holds(underKey: agent.localCredentials.integrityKey, by: hmacSHA1) == true)
        #expect(message.hasFingerprint)
    }

    @Test func `a lite peer makes us control, and is nominated without checks of its own`() throws {
        var agent = ICEAgent(.controlled, seed: 1)
        let lite = ICEAgent(.controlled, seed: 2)
        try agent.addLocalCandidate(base: address("192.0.2.1:1001"), at: .zero)
        try agent.setRemoteCredentials(lite.localCredentials, isLite: true, at: .zero)
        #expect(agent.role == .controlling)
        agent.addRemoteCandidate(
            Candidate(foundation: "1", priority: 100, address: .ip(address("192.0.2.2:2002")), type: .host), at: .zero)
        var now = NetworkTime.zero
        var nominations = 0
        for _ in 0..<20 {
            for transmit in agent.drainTransmits() {
                let request = try parse(transmit.bytes)
                if request.usesCandidate { nominations += 1 }
                let answer = successResponse(to: request, from: lite, mapped: transmit.localBase)
                try agent.receive(answer, from: transmit.remote, to: transmit.localBase, at: now)
            }
            guard let next = agent.pollTimeout() else { break }
            now = next
            agent.handleTimeout(at: now)
        }
        #expect(nominations >= 1)
        #expect(agent.selectedPair?.remoteAddress == address("192.0.2.2:2002"))
    }
}

/// A check as `remote` would send it, with what it is to carry besides USERNAME.
func checkRequest(
    to agent: ICEAgent, from remote: ICEAgent, attributes: [STUNAttribute], id: UInt64 = 1, password: String? = nil
) -> [UInt8] {
    let names = "\(agent.localCredentials.ufrag):\(remote.localCredentials.ufrag)"
    let message = STUNMessage(
        .request, transactionID: TransactionID(high: 1, low: id), attributes: [.username(names)] + attributes)
    return message.encoded(integrityKey: Array((password ?? agent.localCredentials.password).utf8), hmac: hmacSHA1)
}

/// The answer of `remote` to a check of ours.
func successResponse(to request: STUNMessage, from remote: ICEAgent, mapped: TransportAddress) -> [UInt8] {
    STUNMessage(.successResponse, transactionID: request.transactionID, attributes: [.xorMappedAddress(mapped)])
        .encoded(integrityKey: remote.localCredentials.integrityKey, hmac: hmacSHA1)
}
