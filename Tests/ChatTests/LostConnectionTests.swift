import Chat
import LinkSimulator
import Testing
import Wire

/// Connections that are lost at any moment: nothing is lost, doubled or out of order.
struct LostConnectionTests {
    private func expectEverything(of talk: TwoSides, _ comment: Comment) {
        #expect(talk.caller.shown == talk.answerer.said, comment)
        #expect(talk.answerer.shown == talk.caller.said, comment)
        #expect(talk.caller.delivered == talk.caller.said.count, comment)
        #expect(talk.answerer.delivered == talk.answerer.said.count, comment)
        #expect(talk.caller.pair.isDelivered && talk.answerer.pair.isDelivered, comment)
    }

    /// Both sides say five messages each, of which some before they have met.
    private func scenario(losing limits: [Int]) throws -> TwoSides {
        var random = SplitMix64(seed: 7)
        var talk = TwoSides(using: &random)
        for number in 1...2 {
            try talk.caller.say("before \(number)", at: talk.now)
            try talk.answerer.say("early \(number)", at: talk.now)
        }
        for limit in limits {
            talk.connect()
            try talk.settle(untilDelivered: talk.deliveredCount + limit)
            talk.lose()
        }
        talk.connect()
        for number in 3...5 {
            try talk.caller.say("caller \(number)", at: talk.now)
            try talk.answerer.say("answerer \(number)", at: talk.now)
        }
        try talk.settle()
        return talk
    }

    @Test func `a connection may be lost behind each of its messages`() throws {
        let whole = try scenario(losing: [])
        expectEverything(of: whole, "without a loss")
        #expect(whole.deliveredCount > 15)
        for first in 0...whole.deliveredCount {
            expectEverything(of: try scenario(losing: [first]), "lost behind \(first)")
        }
    }

    @Test func `the next connection may be lost as well, behind each of its messages`() throws {
        for first in 0...20 {
            for second in 0...14 {
                expectEverything(of: try scenario(losing: [first, second]), "lost behind \(first) and \(second)")
            }
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `by chance everything happens at any time`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var talk = TwoSides(using: &random)
        var number = 0
        for _ in 0..<1_500 {
            talk.now = talk.now.advanced(by: .milliseconds(Int.random(in: 0..<300, using: &random)))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<3: talk.lose()
            case 3..<12: if !talk.isConnected { talk.connect() }
            case 12..<50: _ = try talk.deliver(toCaller: true)
            case 50..<78: _ = try talk.deliver(toCaller: false)
            case 78..<84: _ = talk.caller.show(at: talk.now)
            case 84..<90: _ = talk.answerer.show(at: talk.now)
            case 90..<95:
                number += 1
                try talk.caller.say("c\(number)", at: talk.now)
            case 95..<98:
                number += 1
                try talk.answerer.say("a\(number)", at: talk.now)
            default:
                talk.caller.pair.setTyping(true)
                talk.caller.send(at: talk.now)
            }
        }
        talk.lose()
        talk.connect()
        try talk.settle()
        expectEverything(of: talk, "seed \(seed)")
        #expect(number > 50)
        // They met once, and then came back.
        #expect(talk.caller.beginnings.filter(\.self).count == 1)
        #expect(talk.answerer.beginnings.filter(\.self).count == 1)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a flood that is not shown is held back, over lost connections too`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var talk = TwoSides(using: &random)
        let size = Int.random(in: 1...ChatLimits.textBytes, using: &random)
        for number in 1...400 {
            let text = "\(number) " + String(repeating: "x", count: size)
            try talk.caller.say(String(text.prefix(ChatLimits.textBytes)), at: talk.now)
        }
        // The answerer shows nothing of it, and so acknowledges nothing.
        for _ in 0..<4 {
            talk.connect()
            var moves = true
            while moves {
                moves = try talk.deliver(toCaller: true)
                moves = try talk.deliver(toCaller: false) || moves
            }
            talk.lose()
        }
        #expect(talk.answerer.shown.isEmpty)
        talk.connect()
        try talk.settle()
        expectEverything(of: talk, "seed \(seed)")
    }

    @Test func `somebody new hears from 1 what nobody has acknowledged`() throws {
        var random = SplitMix64(seed: 11)
        var talk = TwoSides(using: &random)
        talk.connect()
        try talk.settle()
        try talk.caller.say("one", at: talk.now)
        try talk.answerer.say("first", at: talk.now)
        try talk.settle()
        talk.lose()
        try talk.caller.say("two", at: talk.now)
        try talk.answerer.say("second", at: talk.now)
        // The caller has lost its memory, and with it what it wanted to say.
        talk.caller = ChatSide(.caller, name: "carl", using: &random)
        talk.connect()
        try talk.settle()
        #expect(talk.caller.shown == ["second"] && talk.caller.beginnings == [true])
        #expect(talk.answerer.shown == ["one"] && talk.answerer.beginnings == [true, true])
        #expect(talk.answerer.delivered == 2)

        // The other way round: a caller that keeps a pair finds an answerer that it does not know.
        talk.lose()
        try talk.caller.say("three", at: talk.now)
        let session = talk.caller.pair.session
        talk.answerer = ChatSide(.answerer, name: "dora", using: &random)
        talk.connect()
        try talk.settle()
        #expect(talk.answerer.shown == ["three"] && talk.caller.beginnings == [true, true])
        #expect(talk.caller.pair.session != session)
    }

    @Test func `an old state that was put back is found out by the other side, and forgotten`() throws {
        for isCallers in [true, false] {
            var random = SplitMix64(seed: 13)
            var talk = TwoSides(using: &random)
            talk.connect()
            try talk.settle()
            let old = isCallers ? talk.caller : talk.answerer
            // Of the side whose state is the old one nothing is heard, so that the other finds it out.
            if isCallers {
                try talk.answerer.say("first", at: talk.now)
            } else {
                try talk.caller.say("one", at: talk.now)
            }
            try talk.settle()
            talk.lose()
            if isCallers { talk.caller = old } else { talk.answerer = old }
            talk.connect()
            let told = try #require(notice(of: &talk))
            var pair = isCallers ? talk.caller.pair : talk.answerer.pair
            #expect(throws: ChatError.outdated) { try pair.receive(told, at: .zero) }
        }
    }

    @Test func `whoever hears of more than it has said has the old state itself, and comes as somebody new`() throws {
        var random = SplitMix64(seed: 17)
        var talk = TwoSides(using: &random)
        talk.connect()
        try talk.settle()
        var old = talk.caller
        try talk.caller.say("one", at: talk.now)
        try talk.settle()
        talk.lose()
        (old.shown, old.delivered) = ([], 0)
        talk.caller = old
        talk.connect()
        #expect(throws: ChatError.outdated) { try talk.settle() }
        talk.lose()
        talk.caller.pair.forget(.random(using: &random))
        talk.connect()
        try talk.caller.say("two", at: talk.now)
        try talk.answerer.say("first", at: talk.now)
        try talk.settle()
        #expect(talk.answerer.shown == ["one", "two"] && talk.caller.shown == ["first"])
        #expect(talk.caller.beginnings == [true, true] && talk.answerer.beginnings == [true, false, true])
        // Of somebody new it is no old state.
        talk.lose()
        talk.caller.pair.forget(.random(using: &random))
        talk.connect()
        while !talk.caller.hasGreeted {
            _ = try talk.deliver(toCaller: false)
            _ = try talk.deliver(toCaller: true)
        }
        #expect(throws: ChatError.protocolViolation("have is 1 of somebody new")) {
            try talk.caller.pair.receive(.begin(session: nil, have: 1), at: talk.now)
        }
    }

    /// What the side that ends the connection says.
    private func notice(of talk: inout TwoSides) -> ChatMessage? {
        do throws(ChatError) {
            try talk.settle()
            return nil
        } catch {
            return error.notice
        }
    }
}
