import Testing
import Wire

@testable import MartletCLI

@Suite struct PlacesTests {
    @Test func `who comes back has the old place, a stranger finds it taken`() {
        var places = Places(count: 1)
        let step1 = places.admit("a")
        #expect(step1 == .new(1))
        let step2 = places.admit("b")
        #expect(step2 == .taken)
        let step3 = places.accepted(1)
        #expect(step3)
        let step4 = places.left(1)
        #expect(step4)
        let step5 = places.admit("b")
        #expect(step5 == .taken)
        let step6 = places.admit("a")
        #expect(step6 == .returning(1))
        places.finished(1)
        let step7 = places.admit("a")
        #expect(step7 == .taken)
        #expect(places.isOver)
    }

    @Test func `who leaves before a yes leaves the place free`() {
        var places = Places(count: 2)
        let step8 = places.admit("a")
        #expect(step8 == .new(1))
        let step9 = places.admit("b")
        #expect(step9 == .new(2))
        let step10 = places.left(1)
        #expect(!step10)
        #expect(places.hasFree)
        let step11 = places.admit("c")
        #expect(step11 == .new(1))
        #expect(!places.hasFree)
    }

    @Test func `a no uses the place up`() {
        var places = Places(count: 1)
        _ = places.admit("a")
        let isKept = places.left(1)
        #expect(!isKept)
        places.finished(1)
        #expect(places.isOver && places.finishedCount == 1)
    }

    @Test func `only the first yes is the first`() {
        var places = Places(count: 2)
        _ = (places.admit("a"), places.admit("b"))
        let step12 = places.accepted(2)
        #expect(step12)
        let step13 = places.accepted(1)
        #expect(!step13)
        places.finished(2)
        #expect(!places.isOver && places.acceptedCount == 1)
    }

    @Test func `after a restart those who have everything are not served again`() {
        var places = Places(count: 2, finished: ["a"])
        let step14 = places.admit("a")
        #expect(step14 == .taken)
        let step15 = places.admit("b")
        #expect(step15 == .new(2))
        let step16 = places.admit("c")
        #expect(step16 == .taken)
    }

    @Test func `silence alone is not death, silence after leaving the room is`() {
        func time(_ milliseconds: Int64) -> NetworkTime { NetworkTime.zero.advanced(by: .milliseconds(milliseconds)) }
        var vitality = Vitality()
        #expect(!vitality.isLost(at: time(1_000_000)))
        vitality.noteProgress(at: time(0))
        vitality.notePartedFromRoom(at: time(1_000))
        vitality.noteProgress(at: time(1_100))
        #expect(!vitality.isLost(at: time(3_900)))
        #expect(vitality.isLost(at: time(4_000)))
    }

    @Test func `a page that leaves the room and lives is not lost`() {
        func time(_ milliseconds: Int64) -> NetworkTime { NetworkTime.zero.advanced(by: .milliseconds(milliseconds)) }
        var vitality = Vitality()
        vitality.notePartedFromRoom(at: time(0))
        #expect(!vitality.isLost(at: time(60_000)), "a person decides")
        vitality.noteProgress(at: time(60_000))
        #expect(!vitality.isLost(at: time(90_000)))
        vitality.note(isDisconnected: true, at: time(90_000))
        #expect(!vitality.isLost(at: time(92_000)))
        vitality.note(isDisconnected: false, at: time(92_000))
        vitality.note(isDisconnected: true, at: time(95_000))
        #expect(vitality.isLost(at: time(98_000)))
    }

    @Test func `disconnected and gone from the room is lost at once`() {
        var vitality = Vitality()
        vitality.notePartedFromRoom(at: .zero)
        vitality.note(isDisconnected: true, at: .zero)
        #expect(vitality.isLost(at: .zero))
    }

    @Test func `attempts come slower and slower, at least every five seconds`() {
        var backoff = Backoff()
        let waits = (0..<6).map { _ in backoff.take() }
        #expect(waits == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
    }
}
