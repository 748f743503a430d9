import Lab
import Synchronization
import Testing

@Suite struct LabLiveWindowTests {
    private static let second: Int64 = 1_000_000

    /// Ten messages a second from 0 s on, each 50 ms on its way; those whose number `isLost` never come.
    private static func window(seconds: Int, isLost: (Int) -> Bool = { _ in false }) -> LabLiveWindow {
        var window = LabLiveWindow()
        for index in 0..<seconds * 10 {
            let at = Int64(index) * 100_000
            window.handle(.accepted(sequence: UInt32(index), at: at))
            guard !isLost(index) else { continue }
            window.handle(.received(sequence: UInt32(index), sentAt: nil, at: at + 50_000, waited: 0))
        }
        return window
    }

    @Test func `ten seconds and a minute are counted without what is still on its way`() {
        // The first twenty seconds lose half, the rest nothing.
        let window = Self.window(seconds: 40) { $0 < 200 && $0 % 2 == 0 }
        let strip = window.strip(of: LabChannel(), at: 40 * Self.second, patience: Self.second)
        #expect(strip.recent.accepted == 100)
        #expect(strip.recent.delivered == 100)
        #expect(strip.recent.p50 == 50_000 && strip.recent.p99 == 50_000)
        #expect(strip.recent.waitingShare == 0)
        // 0 to 39 s: 390 and the one at 39 s; 100 of them are lost.
        #expect(strip.minute.accepted == 391)
        #expect(strip.minute.delivered == 291)
        #expect(strip.history.count == 41)
        #expect(strip.history[0].deliveredShare == 0.5)
        #expect(strip.history[30].deliveredShare == 1)
        #expect(strip.history[30].p99 == 50_000)
        // The last message that is not on its way any more was sent at 39 s.
        #expect(strip.history[39].deliveredShare == 1)
        #expect(strip.history[40].deliveredShare == nil && strip.history[40].p99 == nil)
    }

    @Test func `a message that waited is told, and one that comes twice counts once`() {
        var window = LabLiveWindow()
        window.handle(.accepted(sequence: 0, at: 0))
        window.handle(.accepted(sequence: 1, at: 10))
        window.handle(.refused(count: 1, at: 20))
        window.handle(.received(sequence: 1, sentAt: nil, at: 300_010, waited: 200_000))
        window.handle(.received(sequence: 1, sentAt: nil, at: 300_020, waited: 0))
        window.handle(.received(sequence: 7, sentAt: nil, at: 300_030, waited: 0))
        let strip = window.strip(of: LabChannel(), at: 2 * Self.second, patience: Self.second)
        #expect(strip.recent.accepted == 2 && strip.recent.delivered == 1 && strip.recent.refused == 1)
        #expect(strip.recent.p50 == 300_000)
        #expect(strip.recent.waitingP99 == 200_000 && strip.recent.waitingShare == 1)
        #expect(strip.recent.longestWait == 200_000 && strip.recent.waitingCount == 1)
        #expect(strip.recent.deliveredShare == 0.5)
    }

    @Test func `it remembers no more than it can, and numbers that are none of its own change nothing`() {
        var window = LabLiveWindow()
        window.handle(.accepted(sequence: 5, at: 0))
        #expect(window.strip(of: LabChannel(), at: 5 * Self.second, patience: 0).minute.accepted == 0)
        for index in 0..<250_000 { window.handle(.accepted(sequence: UInt32(index), at: Int64(index))) }
        for index in 0..<250_000 {
            window.handle(.received(sequence: UInt32(index), sentAt: nil, at: .max / 4, waited: nil))
            window.handle(.refused(count: 1, at: 0))
        }
        let strip = window.strip(of: LabChannel(), at: Self.second, patience: Self.second / 2)
        #expect(strip.minute.accepted <= 100_000)
        #expect(strip.minute.refused <= 100_000)
        #expect(window.strip(of: LabChannel(), at: -5, patience: 0).history.isEmpty)
    }
}

@Suite struct LabLiveTests {
    @Test func `a link that is turned changes under the messages, other messages need other runs`() async throws {
        let partner = FakePartner()
        var deeds = partner.deeds.makeAsyncIterator()
        let live = LabLive(partner: partner, settings: LabLiveSettings(messageBytes: 100, rate: 20))
        let task = Task { try? await live.run() }
        #expect(await deeds.next() == .opened(bytes: 100, loss: 0.05))
        for _ in 0..<4 { #expect(await deeds.next() == .started) }
        var settings = live.settings
        settings.link.loss = 0.2
        await live.turn(settings)
        for _ in 0..<4 { #expect(await deeds.next() == .link(loss: 0.2)) }
        #expect(await deeds.next() == .told(loss: 0.2))
        // The partner asks for larger ones.
        partner.ask(LabLiveTurn(messageBytes: 500))
        for _ in 0..<4 { #expect(await deeds.next() == .closed) }
        #expect(await deeds.next() == .opened(bytes: 500, loss: 0.2))
        for _ in 0..<4 { #expect(await deeds.next() == .started) }
        task.cancel()
        await task.value
        for _ in 0..<4 { #expect(await deeds.next() == .closed) }
        #expect(live.phase == .connecting)
    }

    @Test func `a run that breaks is begun again, and one that breaks at once again and again is not`() async throws {
        let partner = FakePartner(breaks: true)
        let live = LabLive(partner: partner, settings: LabLiveSettings())
        await #expect(throws: LabError.partnerFailed("broken")) { try await live.run() }
        #expect(partner.openCount == 3)
    }

    @Test func `settings are brought to what there can be`() {
        let wild = LabLiveSettings(
            link: LabLiveLink(loss: .nan, burst: 0, delay: .infinity, jitter: -1, rate: 1), messageBytes: .max, rate: 0
        ).clamped
        #expect(wild.link == LabLiveLink(loss: 0, burst: 1, delay: 5_000, jitter: 0, rate: 10_000))
        #expect(wild.messageBytes == 65_536 && wild.rate == 1)
        for scenario in wild.scenarios { #expect(throws: Never.self) { try scenario.check() } }
        let bursts = LabLink(LabLiveLink(loss: 1, burst: 4))
        #expect(bursts.forward.burst == LabBurst(meanLength: 4, share: 0.999) && bursts.forward.loss == 0)
        #expect(bursts.back == bursts.forward)
    }
}

/// A partner that writes down what it is told.
private final class FakePartner: LabLivePartner {
    enum Deed: Equatable {
        case opened(bytes: Int, loss: Double)
        case started
        case link(loss: Double)
        case told(loss: Double)
        case closed
    }

    let agents = (conductor: "here", partner: "there")
    let turns: AsyncStream<LabLiveTurn>
    let deeds: AsyncStream<Deed>
    private let turning: AsyncStream<LabLiveTurn>.Continuation
    private let doing: AsyncStream<Deed>.Continuation
    private let breaks: Bool
    private let opened = Atomic(0)

    var openCount: Int { opened.load(ordering: .relaxed) }

    init(breaks: Bool = false) {
        self.breaks = breaks
        (turns, turning) = AsyncStream.makeStream()
        (deeds, doing) = AsyncStream.makeStream()
    }

    func ask(_ turn: LabLiveTurn) { turning.yield(turn) }

    func open(
        _ settings: LabLiveSettings, observe: @escaping @Sendable (Int, MeasuredConnection.Event) -> Void
    ) async throws(LabError) -> [any LabLiveRun] {
        opened.add(1, ordering: .relaxed)
        doing.yield(.opened(bytes: settings.messageBytes, loss: settings.link.loss))
        return settings.scenarios.map { _ in FakeRun(doing: doing, breaks: breaks) }
    }

    func tell(_ settings: LabLiveSettings) async { doing.yield(.told(loss: settings.link.loss)) }

    func close() async { turning.finish() }
}

private struct FakeRun: LabLiveRun {
    let doing: AsyncStream<FakePartner.Deed>.Continuation
    let breaks: Bool

    func start() async { doing.yield(.started) }

    func setLink(_ link: LabLink) async { doing.yield(.link(loss: link.forward.loss)) }

    func ended() async throws(LabError) {
        if breaks { throw .partnerFailed("broken") }
        // Until the task is cancelled.
        for await _ in AsyncStream<Never>.makeStream().stream {}
        throw .cancelled
    }

    func close() async { doing.yield(.closed) }
}
