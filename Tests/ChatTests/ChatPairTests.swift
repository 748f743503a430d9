import Chat
import LinkSimulator
import Testing
import Wire

/// What a pair makes of what comes, and what it says: numbers, acknowledgements, the window, and everything beside
/// messages.
struct ChatPairTests {
    private let start = NetworkTime.zero

    private func time(_ seconds: Double) -> NetworkTime { start.advanced(by: .milliseconds(Int64(seconds * 1_000))) }

    /// Two sides that have begun to talk.
    private func talking(introduces: Bool = true) throws -> TwoSides {
        var random = SplitMix64(seed: 5)
        var talk = TwoSides(introduces: introduces, using: &random)
        talk.connect()
        try talk.settle()
        #expect(talk.caller.pair.isOpen && talk.answerer.pair.isOpen)
        return talk
    }

    private func messages(_ pair: inout ChatPair, at now: NetworkTime) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        while let message = pair.takeMessage(at: now) { messages.append(message) }
        return messages
    }

    // MARK: Numbers

    @Test func `messages are numbered, carry their age, and are acknowledged when the next event is asked for`() throws
    {
        var talk = try talking()
        try talk.caller.pair.say(["one", "two"], numbers: [7, 8], at: time(1))
        #expect(
            messages(&talk.caller.pair, at: time(3)) == [
                .message(seq: 1, text: "one", age: 2_000), .message(seq: 2, text: "two", age: 2_000),
            ])
        var other = talk.answerer.pair
        try other.receive(.message(seq: 1, text: "one", age: 2_000), at: time(4))
        try other.receive(.message(seq: 2, text: "two", age: 2_000), at: time(4))
        #expect(messages(&other, at: time(4)).isEmpty)
        #expect(other.takeEvent(at: time(5)) == .message(text: "one", age: .seconds(3)))
        #expect(messages(&other, at: time(5)).isEmpty)
        #expect(other.takeEvent(at: time(5)) == .message(text: "two", age: .seconds(3)))
        #expect(messages(&other, at: time(5)) == [.ack(seq: 1)])
        other.acknowledgeTaken()
        #expect(messages(&other, at: time(5)) == [.ack(seq: 2)])

        try talk.caller.pair.receive(.ack(seq: 1), at: time(6))
        #expect(!talk.caller.pair.isDelivered)
        try talk.caller.pair.receive(.ack(seq: 2), at: time(6))
        #expect(talk.caller.pair.isDelivered)
        // Both at once: the later says it all.
        #expect(talk.caller.pair.takeEvent(at: time(6)) == .delivered(through: 8))
        #expect(talk.caller.pair.takeEvent(at: time(6)) == nil)
    }

    @Test func `what was acknowledged is said once more on the next connection`() throws {
        var talk = try talking()
        try talk.caller.say("one", at: talk.now)
        _ = try talk.deliver(toCaller: false)
        while talk.answerer.show(at: talk.now) {}
        #expect(talk.answerer.outgoing == [#"{"type":"ack","seq":1}"#])
        // The acknowledgement is lost with the connection.
        talk.lose()
        talk.connect()
        try talk.settle()
        #expect(talk.caller.delivered == 1 && talk.answerer.shown == ["one"])
    }

    @Test func `an age is bounded, whatever is claimed`() throws {
        var talk = try talking()
        try talk.answerer.pair.receive(.message(seq: 1, text: "x", age: ChatLimits.largestInteger), at: time(1))
        #expect(talk.answerer.pair.takeEvent(at: time(9)) == .message(text: "x", age: ChatLimits.oldestAge))
        // A clock that goes back makes nothing older or younger than now.
        try talk.caller.pair.say(["y"], numbers: [1], at: time(9))
        #expect(messages(&talk.caller.pair, at: time(1)) == [.message(seq: 1, text: "y", age: 0)])
    }

    @Test func `numbers that cannot be end the connection`() throws {
        let talk = try talking()
        var pair = talk.answerer.pair
        try pair.say(["a", "b"], numbers: [1, 2], at: start)
        _ = messages(&pair, at: start)
        try pair.receive(.message(seq: 1, text: "x", age: 0), at: start)
        try pair.receive(.ack(seq: 1), at: start)
        try pair.receive(.ack(seq: 1), at: start)
        for message: ChatMessage in [
            .message(seq: 1, text: "x", age: 0), .message(seq: 3, text: "x", age: 0),
            .message(seq: ChatLimits.largestInteger, text: "x", age: 0), .ack(seq: 0), .ack(seq: 3),
            .ack(seq: ChatLimits.largestInteger),
        ] {
            var pair = pair
            let error = #expect(throws: ChatError.self) { try pair.receive(message, at: start) }
            guard case .protocolViolation = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func `a have that cannot be ends the connection`() throws {
        for (have, expected): (Int64, ChatError) in [
            (0, .protocolViolation("have is 0 behind an ack of 1")), (3, .outdated),
            (ChatLimits.largestInteger, .outdated),
        ] {
            var talk = try talking()
            for text in ["a", "b"] { try talk.answerer.say(text, at: start) }
            // One of both is acknowledged.
            _ = try talk.deliver(toCaller: true)
            while talk.caller.show(at: start) {}
            _ = try talk.deliver(toCaller: false)
            talk.lose()
            talk.connect()
            while !talk.answerer.hasGreeted {
                _ = try talk.deliver(toCaller: false)
                _ = try talk.deliver(toCaller: true)
            }
            #expect(throws: expected) {
                try talk.answerer.pair.receive(
                    .begin(session: talk.caller.pair.session, have: have), at: start)
            }
        }
    }

    // MARK: The window

    @Test func `256 messages may be under way, and one more is too many`() throws {
        var talk = try talking()
        let pieces = (1...300).map { "\($0)" }
        try talk.caller.pair.say(pieces, numbers: Array(1...300), at: start)
        let sent = messages(&talk.caller.pair, at: start)
        #expect(sent.count == 256)
        for message in sent { try talk.answerer.pair.receive(message, at: start) }
        var flooded = talk.answerer.pair
        #expect(throws: ChatError.protocolViolation("more than may be without ack")) {
            try flooded.receive(.message(seq: 257, text: "x", age: 0), at: start)
        }
        try talk.caller.pair.receive(.ack(seq: 10), at: start)
        #expect(messages(&talk.caller.pair, at: start).count == 10)
    }

    @Test func `256 KiB may be under way, and one byte more is too much`() throws {
        var talk = try talking()
        let text = String(repeating: "ä", count: 4_096)
        try talk.caller.pair.say(Array(repeating: text, count: 40), numbers: Array(1...40), at: start)
        let sent = messages(&talk.caller.pair, at: start)
        #expect(sent.count == 32)
        for message in sent { try talk.answerer.pair.receive(message, at: start) }
        #expect(throws: ChatError.protocolViolation("more than may be without ack")) {
            try talk.answerer.pair.receive(.message(seq: 33, text: "x", age: 0), at: start)
        }
    }

    @Test func `what is kept has a bound, and nothing of what goes beyond is taken`() throws {
        var random = SplitMix64(seed: 5)
        var pair = ChatPair(.caller, session: .random(using: &random), introduces: false)
        let text = String(repeating: "x", count: ChatLimits.textBytes)
        var count = 0
        while pair.hasRoom(for: [text]) {
            try pair.say([text], numbers: [count], at: start)
            count += 1
        }
        #expect(count == ChatLimits.keptBytes / ChatLimits.textBytes)
        #expect(throws: ChatError.full) { try pair.say(["a", text], numbers: [1, 2], at: start) }
        var small = ChatPair(.caller, session: .random(using: &random), introduces: false)
        try small.say(
            Array(repeating: "x", count: ChatLimits.keptMessages), numbers: Array(1...ChatLimits.keptMessages),
            at: start)
        #expect(throws: ChatError.full) { try small.say(["x"], numbers: [1], at: start) }
    }

    // MARK: Order

    @Test func `nothing else may stand where begin is expected, and begin comes once`() throws {
        var random = SplitMix64(seed: 5)
        var talk = TwoSides(using: &random)
        talk.connect()
        for toCaller in [false, true, true, false] { _ = try talk.deliver(toCaller: toCaller) }
        #expect(talk.answerer.hasGreeted && !talk.answerer.pair.isOpen)
        for message: ChatMessage in [
            .message(seq: 1, text: "x", age: 0), .ack(seq: 0), .typing(true), .name("x"), .parted(peer: 1),
            .begin(session: nil, have: 0), .reveal(nonce: [UInt8](0..<16)), .otherHello(protocol: "x"),
        ] {
            var pair = talk.answerer.pair
            let error = #expect(throws: ChatError.self) { try pair.receive(message, at: start) }
            guard case .protocolViolation = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        try talk.settle()
        #expect(throws: ChatError.protocolViolation("a second begin")) {
            try talk.answerer.pair.receive(.begin(session: talk.caller.pair.session, have: 0), at: start)
        }
    }

    @Test func `an error ends it, and says why`() throws {
        let talk = try talking()
        for (code, expected): (String, ChatError) in [
            ("protocol", .refused("m")), ("taken", .taken), ("version", .version), ("cannot-verify", .unverified),
            ("internal", .failed("m")), ("", .failed("m")),
        ] {
            var pair = talk.caller.pair
            #expect(throws: expected) { try pair.receive(.error(code: code, message: "m"), at: start) }
        }
    }

    @Test func `unknown messages are passed over, but no more than a thousand`() throws {
        var talk = try talking()
        for _ in 0..<ChatLimits.ignoredMessages { try talk.caller.pair.receive(.ignorable, at: start) }
        #expect(throws: ChatError.protocolViolation("too many unknown messages")) {
            try talk.caller.pair.receive(.ignorable, at: start)
        }
        #expect(talk.caller.pair.takeEvent(at: start) == nil)
    }

    @Test func `bye is said behind everything, and heard behind everything`() throws {
        var talk = try talking()
        try talk.caller.pair.say((1...300).map { "\($0)" }, numbers: Array(1...300), at: start)
        talk.caller.pair.leave()
        let first = messages(&talk.caller.pair, at: start)
        #expect(first.count == 256 && !talk.caller.pair.hasSaidBye)
        try talk.caller.pair.receive(.ack(seq: 256), at: start)
        let second = messages(&talk.caller.pair, at: start)
        #expect(second.count == 45 && second.last == .bye && talk.caller.pair.hasSaidBye)
        for (index, message) in (first + second).enumerated() {
            if index == 256 { while talk.answerer.show(at: start) {} }
            try talk.answerer.pair.receive(message, at: start)
        }
        #expect(talk.answerer.pair.hasParted && talk.answerer.pair.isOver)
        while talk.answerer.show(at: start) {}
        #expect(talk.answerer.shown.count == 300 && talk.answerer.events.last == .left)
        #expect(talk.answerer.outgoing.last == #"{"type":"ack","seq":300}"#)
        try talk.answerer.pair.receive(.ack(seq: 0), at: start)
        for message: ChatMessage in [.message(seq: 301, text: "x", age: 0), .typing(true), .name("x"), .bye] {
            var pair = talk.answerer.pair
            #expect(throws: ChatError.self) { try pair.receive(message, at: start) }
        }
    }

    // MARK: Typing and names

    @Test func `typing is said every two seconds at most, and no more when it is over`() throws {
        var talk = try talking()
        var said: [Double] = []
        for tenth in 0..<50 {
            talk.caller.pair.setTyping(true)
            if messages(&talk.caller.pair, at: time(Double(tenth) / 10)) == [.typing(true)] {
                said.append(Double(tenth) / 10)
            }
        }
        #expect(said == [0, 2, 4])
        #expect(talk.caller.pair.deadline == time(6))
        talk.caller.pair.setTyping(false)
        #expect(messages(&talk.caller.pair, at: time(5)) == [.typing(false)])
        #expect(talk.caller.pair.deadline == nil)
        talk.caller.pair.setTyping(true)
        #expect(messages(&talk.caller.pair, at: time(5.1)) == [.typing(true)])
        // A message says by itself that nothing is typed any more.
        talk.caller.pair.setTyping(true)
        try talk.caller.pair.say(["x"], numbers: [1], at: time(5.2))
        talk.caller.pair.setTyping(false)
        #expect(messages(&talk.caller.pair, at: time(5.2)) == [.message(seq: 1, text: "x", age: 0)])
    }

    @Test func `typing is heard until six seconds are over, a message comes, or the connection is lost`() throws {
        var pair = try talking().caller.pair
        try pair.receive(.typing(true), at: time(1))
        #expect(pair.takeEvent(at: time(1)) == .typing(true))
        for _ in 0..<1_000 { try pair.receive(.typing(true), at: time(2)) }
        #expect(pair.takeEvent(at: time(2)) == nil && pair.deadline == time(8))
        #expect(pair.takeEvent(at: time(7.9)) == nil)
        #expect(pair.takeEvent(at: time(8)) == .typing(false))
        #expect(pair.deadline == nil && pair.takeEvent(at: time(9)) == nil)
        try pair.receive(.typing(true), at: time(10))
        try pair.receive(.message(seq: 1, text: "x", age: 0), at: time(10))
        #expect(pair.takeEvent(at: time(10)) == .message(text: "x", age: .zero))
        #expect(pair.takeEvent(at: time(10)) == nil)
        try pair.receive(.typing(true), at: time(11))
        #expect(pair.takeEvent(at: time(11)) == .typing(true))
        pair.connectionLost()
        #expect(pair.takeEvent(at: time(11)) == .typing(false))
    }

    @Test func `a flood of names is one name a second, the last one`() throws {
        var pair = try talking().caller.pair
        for number in 0..<1_000 { try pair.receive(.name("n\(number)"), at: time(1)) }
        #expect(pair.takeEvent(at: time(1)) == .renamed("n999"))
        for number in 0..<1_000 { try pair.receive(.name("m\(number)\u{1B}"), at: time(1)) }
        #expect(pair.takeEvent(at: time(1)) == nil && pair.deadline == time(2))
        #expect(pair.takeEvent(at: time(2)) == .renamed(#"m999\u{1B}"#))
        #expect(pair.deadline == nil)
    }

    @Test func `a name is said once a second, on the next connection by hello`() throws {
        var talk = try talking()
        talk.caller.pair.rename("b")
        #expect(messages(&talk.caller.pair, at: time(1)) == [.name("b")])
        talk.caller.pair.rename("c")
        talk.caller.pair.rename("d")
        #expect(messages(&talk.caller.pair, at: time(1)).isEmpty && talk.caller.pair.deadline == time(2))
        #expect(messages(&talk.caller.pair, at: time(2)) == [.name("d")])
        talk.lose()
        talk.caller.pair.rename("e")
        talk.caller.name = "e"
        talk.connect()
        try talk.settle()
        #expect(!talk.caller.outgoing.contains { $0.contains(#""name""#) } && talk.caller.pair.deadline == nil)
    }

    // MARK: Introductions

    @Test func `introductions go from host to guest, signals both ways, and nothing of it between guests`() throws {
        var talk = try talking()
        try talk.caller.pair.introduce(peer: 2, attempt: 1, name: "carl", calls: true)
        try talk.caller.pair.signal(peer: 2, attempt: 1, payload: "{}")
        try talk.caller.pair.parted(peer: 2)
        try talk.answerer.pair.signal(peer: 3, attempt: 4, payload: #"{"type":"x"}"#)
        try talk.answerer.pair.again(peer: 3)
        talk.caller.send(at: start)
        talk.answerer.send(at: start)
        try talk.settle()
        #expect(
            talk.answerer.events == [
                .introduced(peer: 2, attempt: 1, name: "carl", calls: true),
                .signal(peer: 2, attempt: 1, payload: "{}"), .parted(peer: 2),
            ])
        #expect(talk.caller.events == [.signal(peer: 3, attempt: 4, payload: #"{"type":"x"}"#), .again(peer: 3)])
        for message: ChatMessage in [.introduce(peer: 2, attempt: 1, name: "x", calls: true), .parted(peer: 2)] {
            #expect(throws: ChatError.protocolViolation("an introduction in the wrong direction")) {
                try talk.caller.pair.receive(message, at: start)
            }
        }
        #expect(throws: ChatError.protocolViolation("an introduction in the wrong direction")) {
            try talk.answerer.pair.receive(.again(peer: 1), at: start)
        }
        var guests = try talking(introduces: false)
        #expect(throws: ChatError.protocolViolation("an introduction by a guest")) {
            try guests.answerer.pair.receive(.signal(peer: 1, attempt: 1, payload: "{}"), at: start)
        }
    }

    @Test func `signals that nobody takes are bounded in both directions`() throws {
        var talk = try talking()
        let payload = #"{"x":"\#(String(repeating: "y", count: 60_000))"}"#
        var count = 0
        while true {
            do throws(ChatError) { try talk.caller.pair.signal(peer: 1, attempt: 1, payload: payload) } catch {
                #expect(error == .full)
                break
            }
            count += 1
        }
        #expect(count == ChatLimits.keptSignalBytes / payload.utf8.count)
        var heard = 0
        while !talk.answerer.pair.isFull {
            try talk.answerer.pair.receive(.signal(peer: 1, attempt: 1, payload: payload), at: start)
            heard += 1
        }
        #expect(heard == ChatLimits.waitingBytes / payload.utf8.count + 1)
        while talk.answerer.show(at: start) {}
        #expect(!talk.answerer.pair.isFull)
        for _ in 0..<ChatLimits.waitingEvents {
            #expect(!talk.answerer.pair.isFull)
            try talk.answerer.pair.receive(.parted(peer: 1), at: start)
        }
        #expect(talk.answerer.pair.isFull)
        // Nothing outlives the connection: guests are introduced again.
        talk.lose()
        try talk.caller.pair.signal(peer: 1, attempt: 1, payload: payload)
        talk.connect()
        try talk.settle()
        #expect(talk.answerer.events.count == heard + ChatLimits.waitingEvents)
    }
}
