import Lab
import Testing

@testable import MartletCLI

@Suite struct LabLiveScreenTests {
    private static let screen: LabLiveScreen = {
        let strips = LabLiveSettings.channels.map { channel -> LabLiveStrip in
            var figures = LabLiveFigures()
            figures.accepted = 500
            figures.delivered = channel.isReliable ? 500 : 450
            figures.p50 = 51_000
            figures.p99 = channel.ordered ? 480_000 : 60_000
            figures.waitingP99 = channel.ordered ? 430_000 : 0
            figures.longestWait = channel.ordered ? 610_000 : 200
            figures.waitingCount = figures.delivered
            let history = (0..<60).map { second in
                LabLiveMoment(deliveredShare: second < 59 ? 1 : nil, p99: channel.ordered ? 480_000 : 60_000)
            }
            return LabLiveStrip(channel: channel, recent: figures, minute: figures, history: history)
        }
        return LabLiveScreen(
            settings: LabLiveSettings(link: LabLiveLink(loss: 0.1, delay: 50)), strips: strips, phase: .flowing,
            elapsed: .seconds(75), partner: "Firefox \u{1B}[31m154", knob: .delay)
    }()

    @Test func `four channels stand side by side on 80 columns`() {
        let lines = Self.screen.lines(columns: 80, rows: 24, hasColour: false)
        #expect(lines[0] == #"martlet lab live · 1 min 15 s · with Firefox \u{1B}[31m154"#)
        #expect(lines[1].hasPrefix(" loss 10 %  no bursts [delay 50 ms] jitter 0 ms  no rate limit"))
        #expect(lines.contains("            reliable         reliable         maxRetransmits 0 lifeTime 100"))
        #expect(lines.contains("delivered   100 %            100 %            90 %             90 %"))
        #expect(lines.contains("99 % within 480 ms           60 ms            60 ms            60 ms"))
        #expect(lines.contains("1 % wait    > 430 ms         nobody           nobody           nobody"))
        #expect(lines.contains { $0.hasPrefix("99 % within ████████████████ ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂ ") })
        #expect(lines.count < 24)
    }

    @Test(arguments: [20, 40, 80, 81, 120, 400], [2, 10, 24]) func `no line is too long, and there are not too many`(
        columns: Int, rows: Int
    ) {
        for hasColour in [false, true] {
            let lines = Self.screen.lines(columns: columns, rows: rows, hasColour: hasColour)
            #expect(lines.allSatisfy { TerminalScreen.columns(of: $0) < columns })
            #expect(lines.count < rows)
        }
    }

    @Test func `four channels have room on 60 columns, under short names`() {
        let lines = Self.screen.lines(columns: 60, rows: 24, hasColour: false)
        #expect(lines.contains("            reliable    reliable    rtx 0       life 100"))
        #expect(lines.contains("1 % wait    > 430 ms    nobody      nobody      nobody"))
    }

    @Test func `of fewer than a hundred messages the longest wait is told, for all channels`() {
        var screen = Self.screen
        screen.strips[2].recent.waitingCount = 99
        let lines = screen.lines(columns: 80, rows: 24, hasColour: false)
        #expect(lines.contains("waits up to 610 ms           nobody           nobody           nobody"))
        #expect(lines.contains("1 % wait    > 430 ms         nobody           nobody           nobody"), "of a minute")
    }

    @Test func `why messages are old is said, where they are`() {
        var screen = Self.screen
        #expect(!screen.lines(columns: 80, rows: 24, hasColour: false).contains { $0.contains("pile up") })
        screen.strips[1].recent.p50 = 8_900_000
        let lines = screen.lines(columns: 60, rows: 24, hasColour: false)
        #expect(lines.contains(" Messages pile up: SCTP may not send faster on this link."))
    }

    @Test func `on wide terminals channels have their whole names`() {
        let lines = Self.screen.lines(columns: 120, rows: 40, hasColour: false)
        #expect(lines.contains { $0.hasSuffix("maxRetransmits 0           maxPacketLifeTime 100") })
    }
}

@Suite struct LabLiveKeysTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `arrows choose and turn, letters choose, q ends`() {
        var keys = LabLiveKeys()
        let settings = LabLiveSettings(link: LabLiveLink(loss: 0.05, delay: 50))
        #expect(keys.press(Self.bytes("\u{1B}[C"), settings) == .chosen)
        #expect(keys.knob == .burst)
        #expect(keys.press(Self.bytes("\u{1B}[D\u{1B}OD"), settings) == .chosen)
        #expect(keys.knob == .size, "before the first comes the last")
        #expect(keys.press(Self.bytes("d"), settings) == .chosen)
        var turned = settings
        turned.link.delay = 100
        #expect(keys.press(Self.bytes("\u{1B}[A\u{1B}[A"), settings) == .turned(turned))
        #expect(keys.press(Self.bytes("q"), settings) == .ended)
        #expect(keys.press([4], settings) == .ended)
    }

    @Test func `a sequence that comes in pieces is one, and other keys do nothing`() {
        var keys = LabLiveKeys()
        let settings = LabLiveSettings()
        #expect(keys.press([0x1B], settings) == .nothing)
        #expect(keys.press(Self.bytes("["), settings) == .nothing)
        #expect(keys.press(Self.bytes("C"), settings) == .chosen)
        // Page up, a function key, something that is not ASCII.
        #expect(keys.press(Self.bytes("\u{1B}[5~\u{1B}OPé7"), settings) == .nothing)
        #expect(keys.knob == .burst)
    }

    @Test func `every knob goes to both of its ends, and stays there`() {
        for knob in LabKnob.allCases {
            for up in [true, false] {
                var settings = LabLiveSettings()
                for _ in 0..<40 { settings = knob.turned(settings, up: up) }
                #expect(settings == settings.clamped)
                #expect(knob.turned(settings, up: up) == settings)
                #expect(knob.turned(settings, up: !up) != settings)
                #expect(!knob.text(settings).isEmpty)
            }
        }
    }
}
