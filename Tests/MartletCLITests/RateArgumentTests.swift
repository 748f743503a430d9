import Testing

@testable import MartletCLI

@Suite struct RateArgumentTests {
    @Test(arguments: [
        ("5MB/s", 5_000_000), ("500k", 500_000), ("2M", 2_000_000), ("1.5M", 1_500_000), ("0.25 GB/s", 250_000_000),
        ("2MiB/s", 2_097_152), ("1000", 1_000), ("64KiB", 65_536), ("100000B/s", 100_000),
    ])
    func `rates are read with their unit`(text: String, bytes: Int64) {
        #expect(RateArgument(argument: text)?.bytesPerSecond == bytes)
    }

    @Test(arguments: [
        "", "fast", "5Mb/s", "5Mbit/s", "-5M", "5 M B", "1.2.3M", ".5M", "5.M", "999", "0", "1e6", "9999999999999G",
        "99999999999999999999", "5MB/h", "٥M",
    ])
    func `anything else is no rate`(text: String) {
        #expect(RateArgument(argument: text) == nil)
    }
}
