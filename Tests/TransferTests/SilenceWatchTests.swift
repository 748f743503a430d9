import Testing

@testable import Transfer

struct SilenceWatchTests {
    private static let limits: [Duration] = [
        .milliseconds(1), .milliseconds(50), .seconds(1), .seconds(60), .seconds(600),
    ]

    @Test(arguments: limits) func `silence of the whole limit counts as gone, and not before`(limit: Duration) {
        var watch = SilenceWatch(limit: limit)
        var passed = Duration.zero
        #expect(looks(1, at: &watch, isOwed: true, heard: 3) == [])
        while !watch.isOver(isOwed: true, heardCount: 3) { passed += watch.step }
        #expect(passed < limit && passed + watch.step >= limit)
        #expect(watch.step >= .milliseconds(10) && watch.step <= .seconds(5))
    }

    /// The same look so many times; returns which of them, from 1, said that it is over.
    private func looks(_ count: Int, at watch: inout SilenceWatch, isOwed: Bool, heard: Int) -> [Int] {
        (1...count).filter { _ in watch.isOver(isOwed: isOwed, heardCount: heard) }
    }

    @Test func `while the other side has nothing to say its silence does not count`() {
        var watch = SilenceWatch(limit: .seconds(60))
        #expect(looks(10_000, at: &watch, isOwed: false, heard: 1) == [])
        // Nor does what was before its turn.
        #expect(looks(12, at: &watch, isOwed: true, heard: 1) == [12])
    }

    @Test func `a sender owes nothing before it has offered, nor while a person decides or the disk works`() throws {
        var core = ReceiverCore(hasOneChannel: false)
        #expect(!core.isOwed)
        try core.receive(.hello(version: 1, role: .sender, agent: ""), byteCount: 1)
        #expect(!core.isOwed)
        try core.receive(
            .offer(transfer: "t", items: [.init(number: 0, path: ["a"], size: 1)], more: false), byteCount: 1)
        #expect(core.isOwed)
        core.signals.isDeciding = true
        #expect(!core.isOwed)
        core.signals.isDeciding = false
        try core.accept(window: 10)
        #expect(core.isOwed)
        core.signals.isBusy = true
        #expect(!core.isOwed && core.isWorking)
        core.signals.isBusy = false
        // That it works is heard, and means nothing else.
        try core.receive(.working, byteCount: 1)
        #expect(core.isOwed)
    }

    @Test func `a receiver owes nothing while a person decides, and something once bytes are out`() throws {
        var core = SenderCore(transfer: "t")
        core.offer([3], isLast: true)
        try core.receive(.hello(version: 1, role: .receiver, agent: ""), byteCount: 1)
        #expect(!core.isOwed)
        try core.receive(.accept(transfer: "t", limit: 100), byteCount: 1)
        #expect(!core.isOwed)
        _ = core.begin(0)
        core.spend(3, item: 0, end: 3)
        #expect(core.isOwed)
        try core.receive(.credit(received: 3, limit: 100), byteCount: 1)
        #expect(!core.isOwed)
    }

    @Test func `whatever is heard begins it anew`() {
        var watch = SilenceWatch(limit: .seconds(60))
        for heard in 0..<100 { #expect(looks(12, at: &watch, isOwed: true, heard: heard) == []) }
        #expect(looks(1, at: &watch, isOwed: true, heard: 99) == [1])
    }
}
