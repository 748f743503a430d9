import TestSupport
import Testing

@testable import Lab

@Suite struct LabPlanTests {
    private func plan(_ text: String, medium: LabMedium = .simulated) throws(LabPlanError) -> LabPlan {
        try LabPlanDraft(parsing: text, place: "plan").plan(medium: medium)
    }

    private func error(_ text: String) -> LabPlanError? {
        do throws(LabPlanError) {
            _ = try plan(text)
            return nil
        } catch { return error }
    }

    @Test func `lists are crossed, channels beside each other`() throws {
        let plan = try plan("channel = ordered, unordered:rtx=0\nloss = 1%, 10%\ndelay = 20ms")
        #expect(
            plan.scenarios.map(\.name) == [
                "ordered, reliable, loss 1 %", "unordered, maxRetransmits 0, loss 1 %", "ordered, reliable, loss 10 %",
                "unordered, maxRetransmits 0, loss 10 %",
            ])
        #expect(plan.scenarios[2].link.forward.loss == 0.1)
        #expect(
            plan.scenarios.allSatisfy { $0.link.forward.delay == .milliseconds(20) && $0.link.back == $0.link.forward })
        #expect(plan.medium == .simulated)
    }

    @Test func `every key says what its example says`() throws {
        let text = """
            title = All of it
            link = shaped
            channel = ordered:life=100
            loss = 1%
            burst = 3:10%
            delay = 20ms
            jitter = 10ms
            reorder = 1%:30ms
            duplicate = 2%
            bandwidth = 5Mbit/s
            queue = 64kB
            blackout = 3s+500ms, 6s+1s
            back = loss=0, delay=10ms, blackout=none, burst=none
            size = 16kB
            rate = 10
            duration = 8s
            late = 150ms
            from = peer
            seeds = 4,8
            """
        let plan = try plan(text)
        #expect(plan.title == "All of it" && plan.medium == .shaped)
        let scenario = try #require(plan.scenarios.first)
        #expect(plan.scenarios.count == 1)
        #expect(scenario.channel == LabChannel(ordered: true, maxPacketLifeTime: 100))
        var path = LabPath()
        path.loss = 0.01
        path.burst = LabBurst(meanLength: 3, share: 0.1)
        path.delay = .milliseconds(20)
        path.jitter = .milliseconds(10)
        path.reorder = 0.01
        path.reorderDelay = .milliseconds(30)
        path.duplicate = 0.02
        path.rate = 5_000_000
        path.queueBytes = 64_000
        path.blackouts = [
            LabBlackout(start: .seconds(3), length: .milliseconds(500)),
            LabBlackout(start: .seconds(6), length: .seconds(1)),
        ]
        #expect(scenario.link.forward == path)
        path.loss = 0
        path.delay = .milliseconds(10)
        path.blackouts = []
        path.burst = nil
        #expect(scenario.link.back == path)
        #expect(
            scenario.traffic
                == LabTraffic(messageBytes: 16_000, rate: 10, duration: .seconds(8), late: .milliseconds(150)))
        #expect(scenario.from == .partner && scenario.seeds == [4, 8])
        #expect(scenario.name == "ordered, maxPacketLifeTime 100")
    }

    @Test func `sections are scenarios of their own, and what stands before them is for all`() throws {
        let plan = try plan(
            """
            # Where players are
            seeds = 2
            channel = ordered
            [near]
            delay = 10ms
            ; mine
            [far away]
            delay = 80ms, 160ms
            seeds = 1
            """)
        #expect(
            plan.scenarios.map(\.name) == [
                "near: ordered, reliable", "far away: ordered, reliable, delay 80 ms",
                "far away: ordered, reliable, delay 160 ms",
            ])
        #expect(plan.scenarios.map(\.seeds.count) == [2, 1, 1])
    }

    @Test func `options win over a file, in every section`() throws {
        var draft = try LabPlanDraft(
            parsing: "loss = 1%\n[a]\nloss = 2%\nchannel = ordered\n[b]\nchannel = ordered", place: "plan")
        draft.set(.loss, LabWritten("5%", at: "--loss"))
        #expect(try draft.plan(medium: .simulated).scenarios.map(\.link.forward.loss) == [0.05, 0.05])
    }

    @Test(arguments: [
        ("loss = 1%\nlos = 2%", "plan, line 2: there is no key “los”."),
        ("loss", "plan, line 1: this is no “key = value”."),
        ("\nloss = 10", "plan, line 2: loss: “10” has no percent sign."),
        ("loss = 1%\nloss = 2%", "plan, line 2: loss stands there twice."),
        ("[a]\nlink = real", "plan, line 2: link is of the whole plan, and stands before the first section."),
        ("[a\nloss = 1%", "plan, line 1: a section has a name of 1 to 60 characters."),
        ("[a]\n[a]", "plan, line 2: there is a section [a] before."),
        ("link = radio", "plan, line 1: link: “radio” is no link."),
        ("channel = ordered, sorted", "plan, line 1: channel: “sorted” is no channel."),
        ("loss = 1%,,2%", "plan, line 1: loss: a value is missing."),
        ("loss = 1%,1.0%", "plan, line 1: loss: “1.0%” stands there twice."),
        ("queue = 64kB", "plan, line 1: queue: a queue is before a limit of the rate, and there is none."),
        ("back = 10ms", "plan, line 1: back: “10ms” is not KEY=VALUE with a key of the link."),
        ("back = size=10", "plan, line 1: back: “size=10” is not KEY=VALUE with a key of the link."),
        ("back = loss=10", "plan, line 1: back, loss: “10” has no percent sign."),
        ("burst = 3", "plan, line 1: burst: “3” has not two parts around a colon."),
        ("burst = 0:10%", "plan, line 1: burst: “0:10%” has no length of bursts, which is 1 to 10000 packets."),
        ("blackout = 3s", "plan, line 1: blackout: “3s” does not say when it is dark and for how long."),
        ("from = there", "plan, line 1: from: “there” is neither side."),
        ("link = real\nloss = 1%", "A real path is taken as it is: nothing can be said about its loss, delay or rate."),
        ("rate = 100000\nduration = 1h", "100000 a second for 3600 s are more than 1,000,000 messages in a run."),
        ("rate = 0.01\nduration = 10s", "0.01 a second for 10 s is not one message."),
    ])
    func `a mistake is told with its place, and what would be right`(text: String, sentence: String) {
        let error = error(text)
        #expect(error?.sentence == sentence)
    }

    @Test func `lists are bounded before they are crossed`() {
        let list = (1...50).map { "0.\($0 + 100)" }.joined(separator: ",")
        let error = error("loss = \(list)\ndelay = \((1...50).map { "\($0)ms" }.joined(separator: ","))")
        #expect(error?.sentence == "The lists make 50 × 50 × 4 = 10,000 scenarios, and 400 are the most.")
        #expect(self.error("channel = ordered\nloss = \(list)\nseeds = 1000")?.sentence.contains("50,000 runs") == true)
        let many = (1...9).map { "\($0)=1%" }.joined()
        #expect(self.error(String(repeating: "[", count: 100) + many) != nil)
        let long = LabSetting.allCases.filter { LabSettings.crossed.contains($0) && $0 != .channel }
            .map { "\($0.rawValue) = \(Array(repeating: "0", count: 5000).joined(separator: ","))" }.joined(
                separator: "\n")
        #expect(self.error(long) != nil)
    }

    @Test func `a file that is too large, or binary, is refused`() {
        #expect(error(String(repeating: "#\n", count: 1 << 20)) != nil)
        #expect(error("\u{0}\u{1}\u{2}") != nil)
    }

    @Test(arguments: LabPreset.allCases)
    func `each preset is a plan`(preset: LabPreset) throws {
        let plan = try preset.draft.plan(medium: .simulated)
        #expect(plan.title == preset.question)
        #expect((4...40).contains(plan.scenarios.count))
        #expect(plan.estimate(LabPace()) < .seconds(120))
    }

    @Test func `an estimate grows with what there is to do`() throws {
        let one = try plan("seeds = 1")
        let ten = try plan("seeds = 10")
        #expect(ten.estimate(LabPace()) / one.estimate(LabPace()) > 9.9)
        let real = try plan("seeds = 10\nlink = shaped\nduration = 10s")
        #expect(real.estimate(LabPace()) > .seconds(400))
        #expect(one.estimate(LabPace(packet: .milliseconds(1))) / one.estimate(LabPace(packet: .microseconds(100))) > 5)
    }

    @Test(.exclusiveStack) func `the pace of this machine is measured`() async throws {
        let pace = try await LabPace.measured(with: SimulatedRunner())
        #expect(pace.run > .zero && pace.run < .seconds(10))
        #expect(pace.packet > .zero && pace.packet < .milliseconds(50))
    }
}
