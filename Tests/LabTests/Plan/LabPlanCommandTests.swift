import Testing

@testable import Lab

@Suite struct LabPlanCommandTests {
    private static func plan(_ settings: [(LabSetting, String)], medium: LabMedium = .simulated) throws -> LabPlan {
        var draft = LabPlanDraft()
        for (setting, text) in settings { draft.set(setting, LabWritten(text, at: setting.rawValue)) }
        return try draft.plan(medium: medium)
    }

    @Test(arguments: LabPreset.allCases) func `a preset is repeated by its name`(preset: LabPreset) throws {
        let plan = try preset.draft.plan(medium: .simulated)
        #expect(plan.commands == ["martlet lab --preset \(preset.rawValue)"])
        var other = plan
        other.scenarios.swapAt(0, 1)
        #expect(other.commands.allSatisfy { !$0.contains("--preset") })
    }

    @Test func `lists that were crossed are one command, in the words of the options`() throws {
        let plan = try Self.plan([
            (.channel, "ordered,unordered:rtx=0"), (.loss, "0,2.5%,10%"), (.size, "100,16kB"), (.delay, "1.5s"),
            (.rate, "60"), (.seeds, "3"), (.duration, "10s"),
        ])
        #expect(
            plan.commands == [
                "martlet lab --channel ordered,unordered:rtx=0 --loss none,2.5%,10% --delay 1.5s --size 100,16000 --rate 60 "
                    + "--duration 10s --late 200ms --seeds 3"
            ])
    }

    @Test func `everything that an option can say is said`() throws {
        let settings: [(LabSetting, String)] = [
            (.channel, "unordered:life=100"), (.loss, "1%"), (.burst, "3:10%"), (.delay, "20ms"), (.jitter, "200us"),
            (.reorder, "1%:30ms"), (.duplicate, "2%"), (.bandwidth, "5Mbit/s"), (.queue, "64kB"),
            (.blackout, "3s+500ms"), (.back, "loss=0,delay=10ms"), (.size, "200"), (.rate, "max"), (.duration, "2m"),
            (.late, "150ms"), (.from, "peer"), (.seeds, "4,8,15"),
        ]
        let commands = try Self.plan(settings, medium: .shaped).commands
        #expect(
            commands == [
                "martlet lab --link shaped --channel unordered:life=100 --loss 1% --burst 3:10% --delay 20ms --jitter 0.2ms "
                    + "--reorder 1%:30ms --duplicate 2% --bandwidth 5000kbit/s --queue 64000 --blackout 3s+500ms "
                    + "--back loss=none,delay=10ms --size 200 --rate max --duration 120s --late 150ms --from peer --seeds 4,8,15"
            ])
    }

    @Test func `scenarios that are no product of lists have a command each, and too many of them none`() throws {
        var plan = try Self.plan([(.loss, "1%,10%"), (.channel, "ordered,unordered")])
        plan.scenarios.removeLast()
        #expect(plan.commands.count == 3)
        var long = try Self.plan([(.loss, "1%,2%,3%,4%,5%,6%,7%"), (.channel, "ordered,unordered")])
        long.scenarios.removeLast()
        #expect(long.commands.isEmpty)
    }

    @Test func `what cannot be said in options gets no command that means something else`() throws {
        var plan = try Self.plan([(.loss, "1%")])
        plan.scenarios[0].link.forward.loss = 0.123_456_789_123
        plan.scenarios[0].link.back.loss = 0.123_456_789_123
        #expect(plan.commands.isEmpty)
        plan.scenarios[0].link.forward.loss = .nan
        plan.scenarios[0].traffic.duration = .seconds(Int64.max)
        #expect(plan.commands.isEmpty)
        plan.scenarios = []
        #expect(plan.commands.isEmpty)
    }

    @Test func `a single seed that is not 1 is itself`() throws {
        let plan = try Self.plan([(.channel, "ordered"), (.seeds, "7,")])
        #expect(plan.scenarios[0].seeds == [7])
        #expect(plan.commands.first?.hasSuffix("--seeds 7,") == true)
    }
}
