import Pairing
import Testing
import Wire

@testable import Signaling

struct RoomNumbersTests {
    private let day = Duration.seconds(24 * 3600)

    private func room(_ index: Int) throws -> RoomIdentifier {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return try Samples.room(String((0..<16).map { alphabet[$0 < 4 ? index >> (5 * $0) & 31 : 0] }))
    }

    @Test func `numbers are short as long as half of those are free`() throws {
        var numbers = RoomNumbers(rest: day, mostResting: 1000)
        var generator = SeededGenerator(state: 1)
        var counts = [Int](repeating: 0, count: 7)
        var given: Set<RoomNumber> = []
        for index in 0..<700 {
            let number = try #require(
                numbers.give(to: room(index), wish: nil, at: .zero, using: &generator), "seed 1")
            #expect(given.insert(number).inserted)
            #expect(numbers.room(number) == (try room(index)))
            counts[number.description.utf8.count] += 1
        }
        // Of 9 more than half are 5, of 90 46, of 900 451.
        #expect(counts == [0, 5, 46, 451, 198, 0, 0])
    }

    @Test func `numbers are drawn evenly`() throws {
        var generator = SeededGenerator(state: 2)
        var counts: [RoomNumber: Int] = [:]
        for _ in 0..<9000 {
            var numbers = RoomNumbers(rest: day, mostResting: 10)
            let number = try #require(numbers.give(to: room(0), wish: nil, at: .zero, using: &generator))
            counts[number, default: 0] += 1
        }
        #expect(counts.count == 9)
        #expect(counts.values.allSatisfy { (850...1150).contains($0) }, "\(counts), seed 2")
    }

    @Test func `a number rests for 24 hours`() throws {
        var numbers = RoomNumbers(rest: day, mostResting: 1000)
        var generator = SeededGenerator(state: 3)
        let number = try #require(numbers.give(to: room(0), wish: nil, at: .zero, using: &generator))
        numbers.release(number, at: .zero)
        #expect(numbers.room(number) == nil)
        let before = NetworkTime.zero.advanced(by: day - .nanoseconds(1))
        #expect(numbers.give(to: try room(1), wish: number, at: before, using: &generator) != number)
        let after = NetworkTime.zero.advanced(by: day)
        #expect(numbers.give(to: try room(2), wish: number, at: after, using: &generator) == number)
    }

    @Test func `a number that is wished for is given if it is free`() throws {
        var numbers = RoomNumbers(rest: day, mostResting: 1000)
        var generator = SeededGenerator(state: 4)
        let wish = try #require(RoomNumber(777_777))
        #expect(numbers.give(to: try room(0), wish: wish, at: .zero, using: &generator) == wish)
        let other = try #require(numbers.give(to: room(1), wish: wish, at: .zero, using: &generator))
        #expect(other != wish)
    }

    @Test func `whoever had a number gets it back while it rests`() throws {
        var numbers = RoomNumbers(rest: day, mostResting: 1000)
        var generator = SeededGenerator(state: 5)
        let number = try #require(numbers.give(to: room(0), wish: nil, at: .zero, using: &generator))
        for _ in 0..<5000 {
            numbers.release(number, at: .zero)
            #expect(numbers.giveBack(number, to: try room(0)))
        }
        #expect(numbers.restingCount == 0)
        #expect(numbers.queueCount < 2000)
        // But not when somebody else has it.
        #expect(!numbers.giveBack(number, to: try room(1)))
        #expect(numbers.room(number) == (try room(0)))
    }

    @Test func `a flood of rooms leaves a bounded number of numbers at rest`() throws {
        var numbers = RoomNumbers(rest: day, mostResting: 2000)
        var generator = SeededGenerator(state: 6)
        for index in 0..<20_000 {
            let number = try #require(
                numbers.give(to: room(index), wish: nil, at: .zero, using: &generator), "seed 6")
            numbers.release(number, at: .zero)
            #expect(numbers.restingCount <= 2000)
        }
        #expect(numbers.queueCount <= 2000)
        #expect(numbers.inUseCount == 0)
    }

    @Test func `numbers never run out for as many rooms as there may be`() throws {
        // As many as may rest, and as many as there are rooms: less than half of those with six digits.
        let limits = RoomLimits()
        var numbers = RoomNumbers(rest: day, mostResting: limits.restingNumberCount)
        var generator = SeededGenerator(state: 7)
        for index in 0..<limits.restingNumberCount {
            let number = try #require(numbers.give(to: room(index), wish: nil, at: .zero, using: &generator))
            numbers.release(number, at: .zero)
        }
        for index in 0..<10_000 {
            #expect(numbers.give(to: try room(index), wish: nil, at: .zero, using: &generator) != nil)
        }
        #expect(numbers.restingCount == limits.restingNumberCount)
    }
}
