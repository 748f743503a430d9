import Testing
import Wire

@testable import Signaling

struct DeadlinesTests {
    private func second(_ seconds: Int) -> NetworkTime { .zero.advanced(by: .seconds(seconds)) }

    @Test func `deadlines come in order and not before their time`() {
        var deadlines = Deadlines<Int>()
        for time in [5, 1, 4, 2, 3] { deadlines.add(time, at: second(time)) { _ in true } }
        #expect(deadlines.next == second(1))
        #expect(deadlines.popDue(at: .zero) == nil)
        var popped: [Int] = []
        while let subject = deadlines.popDue(at: second(3)) { popped.append(subject) }
        #expect(popped == [1, 2, 3])
        #expect(deadlines.next == second(4))
    }

    @Test func `those who come and go quickly leave nothing behind`() {
        var deadlines = Deadlines<Int>()
        for number in 0..<100_000 {
            deadlines.add(number, at: second(7200)) { $0 > number - 10 }
            #expect(deadlines.count <= 1024)
        }
    }
}
