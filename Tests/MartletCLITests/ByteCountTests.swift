import Testing

@testable import MartletCLI

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"),
            (99_949, "99.9 kB"), (99_950, "100 kB"), (361_800_000_000, "362 GB"), (61_249_999, "61.2 MB"),
            (999_499, "999 kB"), (999_500, "1.0 MB"), (Int64.max, "9.2 EB"),
        ] as [(Int64, String)])
    func `an amount has the largest unit that keeps it below a thousand`(count: Int64, text: String) {
        #expect(ByteCount.text(count) == text)
    }

    @Test(
        arguments: [
            (0, 0, "0 of 0 bytes"), (1, 1, "1 of 1 byte"), (0, 3_200_000_000, "0.0 of 3.2 GB"),
            (2_000_000_000, 3_200_000_000, "2.0 of 3.2 GB"), (99_960_000, 300_000_000, "100 of 300 MB"),
        ] as [(Int64, Int64, String)])
    func `a part is in the unit of the whole`(count: Int64, total: Int64, text: String) {
        #expect(ByteCount.text(count, of: total) == text)
    }

    @Test(
        arguments: [
            (0, "0.0 kB/s"), (-1, "0.0 kB/s"), (112_000_000, "112 MB/s"), (1_240_000_000, "1.2 GB/s"),
            (Double.infinity, "1.0 EB/s"),
        ] as [(Double, String)])
    func `a rate is never below kilobytes`(rate: Double, text: String) {
        #expect(ByteCount.rate(rate) == text)
    }
}
