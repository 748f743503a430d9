import STUN
import Testing
import Wire

@testable import ICE

@Suite struct HostileTests {
    private static let base = address("192.0.2.1:1001")
    private static let source = address("192.0.2.2:2002")

    /// An agent that knows its peer, and the peer whose credentials it knows.
    private func introducedAgent(_ role: ICERole = .controlled) throws -> (agent: ICEAgent, remote: ICEAgent) {
        var agent = ICEAgent(role, seed: 1)
        let remote = ICEAgent(role.opposite, seed: 2)
        try agent.addLocalCandidate(base: Self.base, at: .zero)
        try agent.setRemoteCredentials(remote.localCredentials, at: .zero)
        return (agent, remote)
    }

    /// Runs an agent that nobody answers to its end, and returns what it sent.
    private func exhaust(_ agent: inout ICEAgent) -> [ICETransmit] {
        var sent = agent.drainTransmits()
        var turns = 0
        while let due = agent.pollTimeout(), turns < 10_000 {
            turns += 1
            agent.handleTimeout(at: due)
            sent += agent.drainTransmits()
        }
        #expect(agent.pollTimeout() == nil)
        return sent
    }

    @Test(arguments: [false, true]) func `two hundred candidates do not make us a reflector`(isOneHost: Bool) throws {
        var (agent, _) = try introducedAgent()
        try agent.addLocalCandidate(base: address("192.0.2.5:1001"), at: .zero)
        for index in 0..<200 {
            let text = isOneHost ? "203.0.113.1:\(1000 + index)" : "203.0.113.\(index + 1):7"
            agent.addRemoteCandidate(
                Candidate(
                    foundation: "\(index)", priority: UInt32(index), address: .ip(address(text)), type: .host),
                at: .zero)
            #expect(agent.remoteCandidates.count <= 100)
            #expect(agent.checkList.pairs.count <= 100)
        }
        let sent = exhaust(&agent)
        #expect(agent.state == .failed)
        #expect(sent.count <= 500)
        #expect(sent.count >= (isOneHost ? 70 : 100))
        let perAddress = Dictionary(grouping: sent, by: \.remote.ip).mapValues(\.count)
        #expect(perAddress.values.allSatisfy { $0 <= 70 })
        #expect(sent.allSatisfy { $0.bytes.count < 150 })
    }

    @Test func `a hundred false candidates do not keep the true peer out`() throws {
        var pair = AgentPair()
        pair.right.trickles = false
        try pair.addBases()
        try pair.introduce(to: .left)
        for index in 0..<200 {
            pair.left.agent.addRemoteCandidate(
                Candidate(
                    foundation: "\(index)", priority: 0x7FFF_FF00 + UInt32(index),
                    address: .ip(address("203.0.113.\(index + 1):7")), type: .host), at: .zero)
        }
        pair.drain(.left)
        pair.run(for: .seconds(8))
        try pair.introduce(to: .right)
        pair.run(for: .seconds(1))
        #expect(pair.left.agent.selectedPair?.remoteAddress == Self.source)
        #expect(pair.left.agent.remoteCandidates.count == 100)
        #expect(pair.left.agent.checkList.pairs.count <= 100)
    }

    @Test(arguments: [
        "224.0.0.251:5353", "255.255.255.255:9", "0.0.0.0:9", "203.0.113.1:0", "[ff02::1]:9", "[::]:9",
        "[::ffff:192.0.2.2]:9", "127.0.0.1:9", "[::1]:9", "[fe80::2]:9",
    ]) func `nothing is sent where no peer can be`(text: String) throws {
        var (agent, _) = try introducedAgent()
        try agent.addLocalCandidate(base: address("[2001:db8::1]:1001"), at: .zero)
        agent.addRemoteCandidate(
            Candidate(foundation: "1", priority: 9, address: .ip(address(text)), type: .host), at: .zero)
        #expect(exhaust(&agent).isEmpty)
    }

    @Test func `candidates of another generation are ignored`() throws {
        var (agent, remote) = try introducedAgent()
        var candidate = Candidate(foundation: "1", priority: 9, address: .ip(Self.source), type: .host, ufrag: "other")
        let isOld = !agent.addRemoteCandidate(candidate, at: .zero)
        #expect(isOld)
        candidate.ufrag = remote.localCredentials.ufrag
        let isNew = agent.addRemoteCandidate(candidate, at: .zero)
        #expect(isNew)
        let isAgain = agent.addRemoteCandidate(candidate, at: .zero)
        #expect(!isAgain)
    }

    @Test func `credentials cannot be exchanged on the way`() throws {
        var (agent, remote) = try introducedAgent()
        try agent.setRemoteCredentials(remote.localCredentials, at: .zero)
        #expect(throws: ICEError.credentialsAlreadySet) {
            try agent.setRemoteCredentials(agent.localCredentials, at: .zero)
        }
        #expect(throws: ICEError.invalidCredentials) {
            try agent.setRemoteCredentials(ufrag: "a", password: "b", at: .zero)
        }
    }

    @Test func `with the wrong password nobody is believed and both fail`() throws {
        var pair = AgentPair()
        try pair.addBases()
        let wrong = String(repeating: "x", count: 24)
        for side in ConnectTests.sides {
            let ufrag = pair[side.other].agent.localCredentials.ufrag
            try pair[side].agent.setRemoteCredentials(ufrag: ufrag, password: wrong, at: .zero)
            pair.drain(side)
        }
        pair.run(for: .seconds(90))
        for side in ConnectTests.sides {
            #expect(pair[side].states == [.checking, .failed])
            #expect(!pair[side].errors.isEmpty)
            #expect(pair[side].errors.allSatisfy { $0 == .notAuthenticated })
            // Seven transmissions of one check, and no answers.
            #expect(pair[side].sentCount == 7)
        }
    }

    @Test func `requests that do not authenticate get no answer`() throws {
        var (agent, remote) = try introducedAgent()
        let attributes: [STUNAttribute] = [.iceControlling(1), .priority(1)]
        let stranger = ICEAgent(.controlling, seed: 3)
        for (request, error) in [
            (checkRequest(to: agent, from: remote, attributes: attributes, password: "x"), ICEError.notAuthenticated),
            (checkRequest(to: agent, from: stranger, attributes: attributes), .wrongUsername),
            (checkRequest(to: remote, from: agent, attributes: attributes), .wrongUsername),
            (STUNMessage(.request, transactionID: .init(high: 1, low: 1)).encoded(), .wrongUsername),
            (
                STUNMessage(
                    .request, transactionID: .init(high: 1, low: 1),
                    attributes: [.username("\(agent.localCredentials.ufrag):\(remote.localCredentials.ufrag)")]
                ).encoded(), .notAuthenticated
            ),
        ] {
            #expect(throws: error) { try agent.receive(request, from: Self.source, to: Self.base, at: .zero) }
        }
        #expect(agent.drainTransmits().isEmpty)
        #expect(!agent.isValidated(remote: Self.source, localBase: Self.base))
        #expect(throws: ICEError.unknownBase(Self.source)) {
            try agent.receive(
                checkRequest(to: agent, from: remote, attributes: attributes), from: Self.source, to: Self.source,
                at: .zero)
        }
    }

    // RFC 8489 section 6.3.1
    @Test func `a request with something we would have to understand gets a 420`() throws {
        var (agent, remote) = try introducedAgent()
        let request = checkRequest(
            to: agent, from: remote,
            attributes: [.priority(1), .other(.init(rawValue: 0x7F01), [1]), .other(.init(rawValue: 0xC057), [1, 2])])
        try agent.receive(request, from: Self.source, to: Self.base, at: .zero)
        let sent = agent.drainTransmits()
        let response = try parse(try #require(sent.first).bytes)
        #expect(response.messageClass == .errorResponse)
        #expect(response.errorCode == .unknownAttribute)
        #expect(response.attributes.contains(.unknownAttributes([.init(rawValue: 0x7F01)])))
        #expect(!agent.isValidated(remote: Self.source, localBase: Self.base))
    }

    @Test func `keepalives and foreign methods change nothing`() throws {
        var (agent, _) = try introducedAgent()
        let indication = STUNMessage(.indication, transactionID: .init(high: 1, low: 1)).encoded()
        try agent.receive(indication, from: Self.source, to: Self.base, at: .zero)
        let allocate = STUNMessage(.request, .init(rawValue: 3), transactionID: .init(high: 1, low: 1)).encoded()
        #expect(throws: ICEError.unexpectedMessage) {
            try agent.receive(allocate, from: Self.source, to: Self.base, at: .zero)
        }
        #expect(agent.drainTransmits().isEmpty)
    }

    // RFC 8445 section 7.2.5.2.1
    @Test func `an answer from another address than the one asked is ignored`() throws {
        var (agent, remote) = try introducedAgent(.controlling)
        agent.addRemoteCandidate(
            Candidate(foundation: "1", priority: 9, address: .ip(Self.source), type: .host), at: .zero)
        let sent = agent.drainTransmits()
        let request = try parse(try #require(sent.first).bytes)
        let answer = successResponse(to: request, from: remote, mapped: Self.base)
        #expect(throws: ICEError.responseFromWrongAddress) {
            try agent.receive(answer, from: address("203.0.113.66:2002"), to: Self.base, at: .zero)
        }
        #expect(agent.usablePair == nil)
        // The true one still counts, once.
        try agent.receive(answer, from: Self.source, to: Self.base, at: milliseconds(5))
        #expect(agent.usablePair?.roundTripTime == .milliseconds(5))
        #expect(throws: ICEError.unknownTransaction) {
            try agent.receive(answer, from: Self.source, to: Self.base, at: milliseconds(6))
        }
    }

    @Test(arguments: [STUNErrorCode.badRequest, .unknownAttribute, .roleConflict])
    func `an error that does not authenticate is ignored, one that does fails the check`(error: STUNErrorCode) throws {
        var (agent, remote) = try introducedAgent(.controlling)
        agent.addRemoteCandidate(
            Candidate(foundation: "1", priority: 9, address: .ip(Self.source), type: .host), at: .zero)
        let sent = agent.drainTransmits()
        let request = try parse(try #require(sent.first).bytes)
        let response = STUNMessage(
            .errorResponse, transactionID: request.transactionID, attributes: [.errorCode(error)])
        #expect(throws: ICEError.notAuthenticated) {
            try agent.receive(response.encoded(), from: Self.source, to: Self.base, at: .zero)
        }
        #expect(agent.role == .controlling)
        #expect(agent.checkList[0].state == .inProgress)
        let honest = response.encoded(integrityKey: remote.localCredentials.integrityKey, hmac: hmacSHA1)
        try agent.receive(honest, from: Self.source, to: Self.base, at: .zero)
        let isConflict = error == .roleConflict
        #expect(agent.role == (isConflict ? .controlled : .controlling))
        #expect(agent.checkList[0].state == (isConflict ? .waiting : .failed))
    }

    @Test func `a flood of checks from everywhere stays within bounds`() throws {
        var (agent, remote) = try introducedAgent()
        for index in 0..<1000 {
            let request = checkRequest(
                to: agent, from: remote, attributes: [.iceControlling(1), .priority(UInt32(index))], id: UInt64(index))
            let source = address("10.0.\(index / 250).\(index % 250 + 1):\(1000 + index)")
            try agent.receive(request, from: source, to: Self.base, at: milliseconds(index))
            _ = agent.drainTransmits()
        }
        #expect(agent.remoteCandidates.count <= 100)
        #expect(agent.checkList.pairs.count <= 100)
        #expect(agent.checkList.triggered.count <= 100)
        #expect(agent.validated.count <= 256)
        #expect(agent.checks.count <= 300)
    }

    @Test func `a flood of early checks stays within bounds`() throws {
        var agent = ICEAgent(.controlled, seed: 1)
        let remote = ICEAgent(.controlling, seed: 2)
        try agent.addLocalCandidate(base: Self.base, at: .zero)
        for index in 0..<1000 {
            let request = checkRequest(to: agent, from: remote, attributes: [.iceControlling(1)], id: UInt64(index))
            try agent.receive(request, from: address("10.0.0.1:\(1000 + index)"), to: Self.base, at: .zero)
        }
        #expect(agent.earlyChecks.count <= 32)
        #expect(agent.validated.count <= 256)
        #expect(agent.transmits.count <= 512)
    }

    /// What an agent in the middle of things may receive.
    private func validMessages(for agent: inout ICEAgent, from remote: ICEAgent) throws -> [[UInt8]] {
        agent.addRemoteCandidate(
            Candidate(foundation: "1", priority: 9, address: .ip(Self.source), type: .host), at: .zero)
        let sent = agent.drainTransmits()
        let request = try parse(try #require(sent.first).bytes)
        let refusal = STUNMessage(
            .errorResponse, transactionID: request.transactionID, attributes: [.errorCode(.roleConflict)])
        return [
            successResponse(to: request, from: remote, mapped: Self.base),
            refusal.encoded(integrityKey: remote.localCredentials.integrityKey, hmac: hmacSHA1),
            checkRequest(to: agent, from: remote, attributes: [.iceControlling(1), .useCandidate, .priority(5)]),
            STUNMessage(.indication, transactionID: .init(high: 1, low: 1)).encoded(),
        ]
    }

    @Test(arguments: 0..<4) func `a truncated message is dropped`(kind: Int) throws {
        var (agent, remote) = try introducedAgent()
        let message = try validMessages(for: &agent, from: remote)[kind]
        for count in message.indices {
            #expect(throws: ICEError.self, "\(count) bytes") {
                try agent.receive(Array(message[..<count]), from: Self.source, to: Self.base, at: .zero)
            }
        }
        #expect(agent.usablePair == nil)
        try agent.receive(message, from: Self.source, to: Self.base, at: .zero)
    }

    @Test(arguments: 0..<4, 0..<10 as Range<UInt64>) func `damage never stops the agent nor passes for the peer`(
        kind: Int, seed: UInt64
    ) throws {
        var (agent, remote) = try introducedAgent()
        let message = try validMessages(for: &agent, from: remote)[kind]
        var random = SeededGenerator(seed: seed)
        var now = NetworkTime.zero
        for _ in 0..<300 {
            var damaged = message
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // FINGERPRINT at the end protects nothing; damage there alone leaves the message true.
                let bit = Int.random(in: 0..<(message.count - 8) * 8, using: &random)
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            if damaged == message { continue }
            if Bool.random(using: &random) {
                damaged.removeLast(8)
                damaged[3] &-= 8
            }
            try? agent.receive(damaged, from: Self.source, to: Self.base, at: now)
            if let due = agent.pollTimeout(), Int.random(in: 0..<20, using: &random) == 0 {
                now = max(now, due)
                agent.handleTimeout(at: now)
                #expect(agent.pollTimeout().map { $0 > now } ?? true)
            }
            _ = agent.drainTransmits()
        }
        #expect(agent.usablePair == nil)
        #expect(!agent.isValidated(remote: Self.source, localBase: Self.base))
        #expect(agent.role == .controlled)
    }
}
