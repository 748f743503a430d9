import Testing

@testable import Lab

/// Answers follow from the numbers, whatever they are.
@Suite struct LabPresetAnswerTests {
    private func results(
        _ preset: LabPreset, _ fill: (LabScenario, inout LabResult) -> Void
    ) throws -> [LabResult] {
        try preset.draft.plan(medium: .simulated).scenarios.map { scenario in
            var result = LabResult(scenario: scenario)
            result.accepted = 1000
            result.delivered = 1000
            fill(scenario, &result)
            return result
        }
    }

    @Test func `the channel that is in time most often wins`() throws {
        let answer = LabPreset.game.answer(
            try results(.game) { scenario, result in
                result.late = scenario.channel.ordered ? 400 : 100
                if scenario.channel.maxPacketLifeTime == 100 { (result.delivered, result.late) = (950, 0) }
            })
        #expect(
            answer == [
                "Loss 1 %: 95 % in time (100 ms) with unordered, maxPacketLifeTime 100; 60 % with ordered, reliable.",
                "Loss 5 %: 95 % in time (100 ms) with unordered, maxPacketLifeTime 100; 60 % with ordered, reliable.",
                "Loss 20 %: 95 % in time (100 ms) with unordered, maxPacketLifeTime 100; 60 % with ordered, reliable.",
                "So: unordered, maxPacketLifeTime 100, in every case here.",
            ])
    }

    @Test func `what differs by chance is no difference`() throws {
        let answer = LabPreset.voice.answer(try results(.voice) { _, result in result.late = 1 })
        #expect(answer.dropLast().allSatisfy { $0.hasSuffix(", and with the others.") })
        #expect(answer.last == "So: all of them do equally well here.")
    }

    @Test func `what may be chance depends on how many there were`() throws {
        func conclusion(_ count: Int) throws -> String? {
            LabPreset.game.answer(
                try results(.game) { scenario, result in
                    // 79.5 and 81 % in time: with 1,000 messages each two standard errors are 3.6 points, with 100,000
                    // they are 0.4.
                    let share = scenario.channel.isReliable ? 0.2 : scenario.channel.maxRetransmits == 0 ? 0.795 : 0.81
                    result.accepted = count
                    result.delivered = Int(Double(count) * share)
                }
            ).last
        }
        #expect(
            try conclusion(1000) == "So: unordered, maxRetransmits 0, in every case here; "
                + "unordered, maxPacketLifeTime 100 does as well, within what chance does.")
        #expect(try conclusion(100_000) == "So: unordered, maxPacketLifeTime 100, in every case here.")
    }

    @Test func `what is said of each link does not contradict the conclusion`() throws {
        // By chance another channel is a little better on the first link.
        let answer = LabPreset.game.answer(
            try results(.game) { scenario, result in
                let isFirst = scenario.link.forward.loss == 0.01
                result.late = scenario.channel.ordered ? 300 : 0
                if !scenario.channel.isReliable { result.delivered = isFirst ? 995 : 1000 }
                if !scenario.channel.ordered, scenario.channel.isReliable { result.late = isFirst ? 0 : 400 }
            })
        #expect(
            answer.last == "So: unordered, maxRetransmits 0, in every case here; "
                + "unordered, maxPacketLifeTime 100 does as well, within what chance does.")
        #expect(answer.first?.hasPrefix("Loss 1 %: 99.5 % in time (100 ms) with unordered, maxRetransmits 0;") == true)
    }

    @Test func `all that do as well are named`() throws {
        let answer = LabPreset.game.answer(
            try results(.game) { scenario, result in if scenario.channel == LabChannel() { result.late = 500 } })
        #expect(
            answer.last == "So: unordered, reliable, in every case here; unordered, maxRetransmits 0 and "
                + "unordered, maxPacketLifeTime 100 do as well, within what chance does.")
    }

    @Test func `it depends, where no channel is best everywhere`() throws {
        let answer = LabPreset.game.answer(
            try results(.game) { scenario, result in
                result.late = scenario.channel.ordered == (scenario.link.forward.loss < 0.1) ? 0 : 500
            })
        #expect(answer.last?.hasPrefix("So: it depends on the link") == true)
    }

    @Test func `the price of order is what one waits longer`() throws {
        let answer = LabPreset.telemetry.answer(
            try results(.telemetry) { scenario, result in
                result.latency = LabDistribution(
                    Array(
                        repeating: scenario.channel.ordered && scenario.link.forward.loss > 0 ? 480_000 : 80_000,
                        count: 1000))
            })
        #expect(answer.count == 4)
        #expect(
            answer[1]
                == "Loss 2 %: half of the readings are there within 480 ms in order and 80 ms without, 99 % within 480 ms and 80 ms."
        )
        #expect(answer[3].hasPrefix("So: order costs up to 400 ms at the 99th percentile"))
    }

    @Test func `the speed of a file is that of its better channel`() throws {
        let answer = LabPreset.file.answer(
            try results(.file) { scenario, result in result.goodput = scenario.channel.ordered ? 10_000_000 : 8_000_000
            })
        #expect(answer.count == 9)
        #expect(answer[0] == "Delay 5 ms, loss 0 %: 10 Mbit/s of 20 Mbit/s (50 %).")
        #expect(answer[8] == "Order changes the speed by 20 % at most.")
    }

    @Test(arguments: LabPreset.allCases)
    func `without results there is no answer`(preset: LabPreset) throws {
        #expect(preset.answer([]) == [])
        #expect(preset.answer(try results(preset) { _, result in (result.accepted, result.delivered) = (0, 0) }) == [])
    }
}
