internal import Testing
internal import Wire

@testable internal import Lab

@Suite struct LabPatienceTests {
    private static let start = NetworkTime.zero.advanced(by: .seconds(1_000))

    private static func at(_ seconds: Double) -> NetworkTime { start.advanced(by: .seconds(seconds)) }

    /// When a run is over of which nothing comes behind `last`, in seconds since its start.
    private static func end(
        _ channel: LabChannel = LabChannel(ordered: false, maxRetransmits: 0), over: Double, last: Double? = nil,
        _ change: (inout LabLink) -> Void = { _ in }
    ) -> Double {
        var link = LabLink()
        change(&link)
        let patience = LabPatience(channel, over: link, messageBytes: 200)
        let verdict = patience.verdict(at: at(over), start: start, over: at(over), lastArrival: last.map(at))
        guard case .wait(let end) = verdict else { return .nan }
        #expect(patience.verdict(at: end, start: start, over: at(over), lastArrival: last.map(at)) == .over)
        return start.duration(to: end) / .seconds(1)
    }

    @Test func `three seconds of silence, a minute for reliable channels`() {
        #expect(Self.end(over: 10) == 13)
        #expect(Self.end(LabChannel(), over: 10) == 70)
        #expect(Self.end(over: 10, last: 4) == 13)
        #expect(Self.end(over: 10, last: 12) == 15)
    }

    @Test func `what the path takes comes in addition, in both directions`() {
        let end = Self.end(over: 10) { link in
            (link.forward.delay, link.forward.jitter) = (.seconds(1), .milliseconds(500))
            link.back.delay = .seconds(2)
            // Only where something is held back.
            link.back.reorderDelay = .seconds(50)
        }
        #expect(end == 16.5)
        // 16 KiB wait before a line of 8 kbit/s, and the message behind them; on the way back 16 KiB.
        let slow = Self.end(over: 10) { link in
            link.forward.rate = 8_000
            link.back.rate = 8_000
        }
        #expect(abs(slow - (13 + 16.384 + 0.2 + 16.384)) < 0.001)
    }

    @Test(arguments: [false, true])
    func `a blackout of either direction that begins meanwhile is waited for`(_ isBack: Bool) {
        func end(_ blackouts: [(Double, Double)]) -> Double {
            Self.end(over: 10) { link in
                let made = blackouts.map { LabBlackout(start: .seconds($0.0), length: .seconds($0.1)) }
                if isBack { link.back.blackouts = made } else { link.forward.blackouts = made }
            }
        }
        #expect(end([(12, 5)]) == 25)
        // One that is long over, or comes when nobody waits any more, is none.
        #expect(end([(1, 2)]) == 13)
        #expect(end([(13, 100)]) == 13)
        #expect(end([(24, 1), (12, 5)]) == 29)
    }

    @Test func `messages that do not end to come are no result`() {
        let patience = LabPatience(LabChannel(), over: LabLink(), messageBytes: 200)
        let over = Self.at(10)
        #expect(
            patience.verdict(at: Self.at(969), start: Self.start, over: over, lastArrival: Self.at(968))
                == .wait(until: Self.at(970)))
        #expect(
            patience.verdict(at: Self.at(970), start: Self.start, over: over, lastArrival: Self.at(969)) == .endless)
    }
}
