internal import Testing

@testable internal import Lab

@Suite struct LabClockTests {
    @Test func `the answers with the smallest round trips count`() throws {
        var clock = LabClock()
        // Theirs is 5,000 µs ahead. The way there and back takes 200 µs, evenly; every other time 9,000 more one way.
        for round in 0..<16 {
            let asked = Int64(round) * 20_000
            let question = clock.ask(at: asked)
            let number = try #require(question)
            let extra: Int64 = round % 2 == 0 ? 0 : 9_000
            try clock.answer(number, at: asked + 100 + 5_000, now: asked + 200 + extra)
        }
        let reading = try #require(clock.reading)
        #expect(reading.ahead == 5_000)
        #expect(reading.error == 100)
    }

    @Test func `what was not asked, and a clock that goes back, is no answer`() throws {
        var clock = LabClock()
        let questions = [clock.ask(at: 0), clock.ask(at: 1)].compactMap(\.self)
        let (first, second) = (questions[0], questions[1])
        try clock.answer(second, at: 10, now: 5)
        #expect(throws: LabError.protocolViolation("a pong without its ping")) {
            try clock.answer(second, at: 11, now: 6)
        }
        #expect(throws: LabError.protocolViolation("a clock that goes back")) { try clock.answer(first, at: 9, now: 7) }
    }

    @Test func `no more than 256 questions are open`() {
        var clock = LabClock()
        let numbers = (0..<300).compactMap { clock.ask(at: $0) }
        #expect(numbers.count == 256)
    }

    @Test func `a clock that drifts is corrected by the line between two readings`() {
        let line = LabClockLine(
            from: LabClockReading(at: 1_000_000, ahead: 5_000, error: 10),
            to: LabClockReading(at: 11_000_000, ahead: 5_100, error: 20))
        #expect(line.error == 20)
        // The run began at 2,000,000; half way between the readings the clock is 50 µs further ahead.
        #expect(line.corrected(4_000_000, since: 2_000_000) == 4_000_000 - 50)
        #expect(line.corrected(.min / 4, since: 2_000_000) == .min / 4)
        #expect(line.corrected(1 << 54, since: 2_000_000) == 1 << 54 - 100)
    }
}
