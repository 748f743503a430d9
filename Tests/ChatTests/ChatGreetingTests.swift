import Chat
import LinkSimulator
import Martlet
import Testing
import Transfer
import Wire

/// How a connection begins, and what is said in place of that.
struct ChatGreetingTests {
    private func greeting(_ role: ChatRole, _ certificates: CertificateFingerprints?) -> ChatGreeting {
        var random = SplitMix64(seed: 1)
        return ChatGreeting(
            role, name: "anna", agent: "test", people: 2, session: .random(using: &random), certificates: certificates)
    }

    private func hello(commit: TreeDigest? = nil, version: Int64 = 1) -> ChatMessage {
        .hello(.init(version: version, agent: "x", name: "eve", people: 2, commit: commit))
    }

    @Test func `caller and answerer say what the document says, and get the same words`() throws {
        var random = SplitMix64(seed: 3)
        var talk = TwoSides(using: &random)
        talk.connect()
        // A -> hello -> B
        #expect(talk.answerer.outgoing.isEmpty && talk.caller.outgoing.count == 1)
        _ = try talk.deliver(toCaller: false)
        // B -> hello, reveal -> A
        #expect(talk.answerer.outgoing.count == 2 && talk.answerer.outgoing[1].contains(#""type":"reveal""#))
        _ = try talk.deliver(toCaller: true)
        #expect(talk.caller.outgoing.isEmpty)
        _ = try talk.deliver(toCaller: true)
        // A -> reveal, begin -> B
        #expect(talk.caller.outgoing.count == 2 && talk.caller.outgoing[1].contains(#""type":"begin""#))
        #expect(talk.caller.outgoing[1].contains(talk.caller.pair.session.text))
        _ = try talk.deliver(toCaller: false)
        _ = try talk.deliver(toCaller: false)
        // B -> begin -> A
        #expect(talk.answerer.outgoing == [#"{"type":"begin","have":0}"#] && talk.answerer.pair.isOpen)
        _ = try talk.deliver(toCaller: true)
        #expect(talk.caller.pair.isOpen && talk.caller.pair.partner == talk.answerer.pair.session)
        #expect(talk.caller.pair.words?.count == 3 && talk.caller.pair.words == talk.answerer.pair.words)
    }

    @Test func `the words of a chat hash the roles of a transfer`() {
        let nonce = [UInt8](64..<80)
        let greeting = ChatGreeting(
            .caller, name: "a", agent: "", people: 2, session: .random(), certificates: TwoSides.callerSees,
            nonce: nonce)
        #expect(greeting.own.commit?.description == "4672c61892533b9cad4f73fe250d02cb566e2975a456c1715707589ead20de28")
        #expect(greeting.own.session == nil && greeting.own.people == 2)
    }

    @Test func `without a commit on one side there are no words and no reveal`() throws {
        var answerer = greeting(.answerer, TwoSides.answererSees)
        #expect(try answerer.receive(hello()).count == 1)
        #expect(answerer.isSettled && answerer.words == nil && answerer.reveal == nil)
        var plain = greeting(.answerer, nil)
        let commit = WordExchange.commitment(to: [UInt8](0..<16), by: .sender)
        #expect(try plain.receive(hello(commit: commit)).count == 1)
        #expect(plain.isSettled && plain.words == nil)
        #expect(throws: ChatError.protocolViolation("a reveal out of place")) {
            try plain.receive(.reveal(nonce: [UInt8](0..<16)))
        }
    }

    @Test func `what was not committed to is refused`() throws {
        var answerer = greeting(.answerer, TwoSides.answererSees)
        let commit = WordExchange.commitment(to: [UInt8](0..<16), by: .sender)
        #expect(try answerer.receive(hello(commit: commit)).count == 2)
        #expect(!answerer.isSettled)
        var other = answerer
        #expect(throws: ChatError.unverified) { try other.receive(.reveal(nonce: [UInt8](1..<17))) }
        #expect(throws: ChatError.protocolViolation("a message before reveal")) { try answerer.receive(.ignorable) }
        _ = try answerer.receive(.reveal(nonce: [UInt8](0..<16)))
        #expect(answerer.isSettled && answerer.words?.count == 3)
    }

    @Test func `another protocol, another version and an error are told as what they are`() throws {
        let cases: [(ChatMessage, ChatError)] = [
            (.otherHello(protocol: "martlet.transfer"), .notAChat("martlet.transfer")), (hello(version: 0), .version),
            (.error(code: "taken", message: ""), .taken), (.error(code: "version", message: ""), .version),
            (.error(code: "cannot-verify", message: ""), .unverified),
            (.error(code: "protocol", message: "bad\u{1B}"), .refused(#"bad\u{1B}"#)),
            (.error(code: "\u{202E}", message: "x"), .failed("x")),
            (.bye, .protocolViolation("a message before hello")),
            (.ignorable, .protocolViolation("a message before hello")),
            (.begin(session: nil, have: 0), .protocolViolation("a message before hello")),
        ]
        for (message, error) in cases {
            var answerer = greeting(.answerer, TwoSides.answererSees)
            #expect(throws: error) { try answerer.receive(message) }
        }
        #expect(
            try ChatMessage(#"{"type":"hello","protocol":"martlet.transfer","role":"sender","version":1}"#)
                == .otherHello(protocol: "martlet.transfer"))
        let wide = try ChatMessage(#"{"type":"hello","protocol":"\#(String(repeating: "\u{202E}", count: 999))"}"#)
        guard case .otherHello(let name) = wide else {
            Issue.record("no other hello")
            return
        }
        #expect(name.count <= 40 && !name.contains("\u{202E}"))
    }

    @Test func `each side is asked for what it has to say`() throws {
        var caller = greeting(.caller, nil)
        #expect(throws: ChatError.protocolViolation("member session is missing")) { try caller.receive(hello()) }
        var answerer = greeting(.answerer, nil)
        #expect(throws: ChatError.protocolViolation("member people is missing")) {
            try answerer.receive(.hello(.init(agent: "", name: "x")))
        }
        _ = try answerer.receive(hello())
        #expect(throws: ChatError.protocolViolation("a second hello")) { try answerer.receive(hello()) }
        for _ in 0..<ChatLimits.ignoredMessages { _ = try answerer.receive(.ignorable) }
        #expect(throws: ChatError.protocolViolation("too many unknown messages")) { try answerer.receive(.ignorable) }
    }
}
