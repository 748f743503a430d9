internal import Testing
internal import Wire

@testable internal import Lab

@Suite struct LabNewsTests {
    private static func time(_ milliseconds: Int64) -> NetworkTime {
        NetworkTime.zero.advanced(by: .milliseconds(milliseconds))
    }

    @Test func `what was sent is told four times a second, and its end once and at once`() {
        var news = LabNews(run: 1)
        #expect(
            news.sent(offered: 1, accepted: 1, isOver: false, at: Self.time(0))
                == .sent(run: 1, offered: 1, accepted: 1, over: false))
        #expect(news.sent(offered: 2, accepted: 2, isOver: false, at: Self.time(249)) == nil)
        #expect(news.sent(offered: 3, accepted: 2, isOver: false, at: Self.time(250)) != nil)
        #expect(
            news.sent(offered: 3, accepted: 3, isOver: true, at: Self.time(251))
                == .sent(run: 1, offered: 3, accepted: 3, over: true))
        #expect(news.sent(offered: 3, accepted: 3, isOver: true, at: Self.time(900)) == nil)
    }

    @Test func `what has come is told once, in lists of two thousand`() {
        var news = LabNews(run: 2)
        #expect(news.received() == nil)
        var came: [LabArrival] = []
        for round in 0..<40 {
            for number in 0..<2_500 {
                let arrival = LabArrival(sequence: UInt32(round * 2_500 + number), at: Int64(number))
                came.append(arrival)
                news.take(arrival)
            }
            // Some wait while others come.
            if round.isMultiple(of: 2) { continue }
            guard case .received(2, let part, 0)? = news.received() else {
                Issue.record("nothing is told")
                return
            }
            #expect(part == Array(came.prefix(LabControlMessage.receivedLimit)))
            came.removeFirst(part.count)
        }
        while case .received(2, let part, 0)? = news.received() {
            #expect(part == Array(came.prefix(LabControlMessage.receivedLimit)))
            came.removeFirst(part.count)
        }
        #expect(came.isEmpty && !news.hasArrivals)
        news.takeDamaged()
        #expect(news.received() == .received(run: 2, messages: [], damaged: 1))
        #expect(news.received(isLast: true) == nil)
    }

    @Test func `what is told of waiting fits into a message, however long it was`() throws {
        var news = LabNews(run: 4)
        let largest = LabControlMessage.largestInteger
        for number in 0..<3_001 {
            news.take(LabArrival(sequence: 999_999, at: largest, waited: number == 3_000 ? nil : largest))
        }
        var counts: [Int] = []
        while let message = news.received() {
            guard case .received(4, let part, 0) = message else {
                Issue.record("another message")
                return
            }
            counts.append(part.count)
            #expect(message.encoded.utf8.count <= LabControlMessage.byteLimit)
            #expect(try LabControlMessage(message.encoded) == message)
        }
        #expect(counts == [1_500, 1_500, 1])
    }

    @Test func `at the end it is told too that nothing came`() {
        var news = LabNews(run: 3)
        #expect(news.received(isLast: true) == .received(run: 3, messages: [], damaged: 0))
        #expect(news.received(isLast: true) == nil)
    }

    @Test func `what a conductor tells has to be possible`() throws {
        var hearsay = LabHearsay()
        #expect(hearsay.sent == nil && hearsay.arrived == nil)
        try hearsay.hearSent(offered: 10, accepted: 8)
        try hearsay.hearReceived(
            [LabArrival(sequence: 7, at: 5), LabArrival(sequence: 7, at: 6)], damaged: 1, accepted: 8)
        #expect(hearsay.sent == 8 && hearsay.arrived == 1)
        for (offered, accepted) in [(9, 8), (11, 7), (10, 9), (3_000_000, 1_000_001)] {
            #expect(throws: LabError.self) { try hearsay.hearSent(offered: offered, accepted: accepted) }
        }
        #expect(throws: LabError.self) {
            try hearsay.hearReceived([LabArrival(sequence: 8, at: 7)], damaged: 1, accepted: 8)
        }
        #expect(throws: LabError.self) {
            try hearsay.hearReceived([LabArrival(sequence: 1, at: 1)], damaged: 1, accepted: 8)
        }
    }

    @Test func `numbers are counted once, and only those of a run`() {
        var set = LabSequenceSet()
        for number: UInt32 in [0, 63, 64, 999_999, 0, 64, 1_000_000, .max] { set.insert(number) }
        #expect(set.count == 4)
    }
}
