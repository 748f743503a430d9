import Testing

@testable import MartletCLI

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            (0, "1 s"), (1499, "1 s"), (59_400, "59 s"), (59_500, "1 min"), (7_200_000, "2 h"), (245_000, "4 min 05 s"),
            (3_840_000, "1 h 04 min"), (172_800_000, "2 days"),
        ] as [(Int, String)])
    func `a duration is told in its two largest units`(milliseconds: Int, text: String) {
        #expect(DurationText.text(.milliseconds(milliseconds)) == text)
    }

    @Test func `what was measured has tenths of a second below ten`() {
        #expect(DurationText.measured(.milliseconds(40)) == "0.0 s")
        #expect(DurationText.measured(.milliseconds(2849)) == "2.8 s")
        #expect(DurationText.measured(.milliseconds(12_300)) == "12 s")
    }

    @Test func `round trips are told in milliseconds`() {
        #expect(DurationText.milliseconds(.microseconds(420)) == "0.4 ms")
        #expect(DurationText.milliseconds(.microseconds(12_400)) == "12 ms")
    }

    @Test(
        arguments: [
            ("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("2H", 7200),
        ] as [(String, Int)])
    func `durations are read with and without units`(text: String, seconds: Int) {
        #expect(DurationText.parse(text) == .seconds(seconds))
    }

    @Test(arguments: ["", "0", "0s", "h", "-1", "1.5h", "2 h", "1h30", "9999999999", "366d", "1w", "²"])
    func `other texts are no durations`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }
}
