import Testing

@testable import Lab

@Suite struct LabQuantityTests {
    private func error<Value>(_ text: String, _ read: (LabWritten) throws(LabPlanError) -> Value) -> LabPlanError? {
        do throws(LabPlanError) {
            _ = try read(LabWritten(text, at: "--x"))
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        ("10%", 0.1), ("10 %", 0.1), ("12.5%", 0.125), ("0.1", 0.1), ("0", 0), ("0%", 0), ("100%", 1), (" 1% ", 0.01),
    ])
    func `a share has a percent sign or is below one`(text: String, share: Double) throws {
        #expect(try LabWritten(text, at: "--loss").share() == share)
    }

    @Test(arguments: [
        "10", "1", "1.0", "101%", "-1%", "1e-3", "", "%", "ten", "10%%", "1..5%", ".5", "nan", "0x1", "5.%",
    ])
    func `what could be meant in two ways is no share`(text: String) {
        let error = error(text) { value throws(LabPlanError) in try value.share() }
        #expect(error?.sentence.hasPrefix("--x: ") == true)
        #expect(error?.remedy != nil)
    }

    @Test func `a bare number is asked for its percent sign`() {
        let error = error("10") { value throws(LabPlanError) in try value.share() }
        #expect(error == LabPlanError("--x: “10” has no percent sign.", remedy: "10%, or a share below 1"))
    }

    @Test(arguments: [
        ("50ms", 50_000), ("1.5s", 1_500_000), ("200us", 200), ("200µs", 200), ("1m30s", 90_000_000), ("0", 0),
        ("2 s", 2_000_000),
        ("1s 500ms", 1_500_000), ("1min", 60_000_000), ("0.5h", 1_800_000_000),
    ])
    func `times have units`(text: String, microseconds: Int64) throws {
        #expect(try LabWritten(text, at: "--delay").duration(.zero...(.seconds(3600))) == .microseconds(microseconds))
    }

    @Test(arguments: ["50", "ms", "", "1x", "-1s", "61m", "99999999999999h", "1s-", "1:30", "1e9s"])
    func `what is no time is refused`(text: String) {
        #expect(error(text) { value throws(LabPlanError) in try value.duration(.zero...(.seconds(3600))) } != nil)
    }

    @Test(arguments: [
        ("5Mbit/s", 5_000_000), ("5Mbit", 5_000_000), ("500kbit/s", 500_000), ("1.5Gbps", 1_500_000_000),
        ("625kB/s", 5_000_000),
        ("1MB/s", 8_000_000), ("64KiB/s", 524_288),
    ])
    func `bits and bytes a second are told apart`(text: String, bits: UInt64) throws {
        #expect(try LabWritten(text, at: "--bandwidth").bitRate() == bits)
    }

    @Test(arguments: ["5M", "5", "5Mb/s", "5000", "1bit/s", "500Gbit/s", "fast"])
    func `a rate that could be bits or bytes is refused`(text: String) {
        let error = error(text) { value throws(LabPlanError) in try value.bitRate() }
        #expect(error?.remedy != nil)
    }

    @Test func `bytes and messages`() throws {
        func bytes(_ text: String) throws(LabPlanError) -> Int { try LabWritten(text, at: "").byteCount(24...262_144) }
        #expect(
            try [bytes("200"), bytes("16kB"), bytes("256KiB"), bytes("1.5k"), bytes("24 B")] == [
                200, 16_000, 262_144, 1500, 24,
            ])
        for text in ["23", "262145", "1.5", "16kbit", "", "-200", "99999999999999999999"] {
            #expect(throws: LabPlanError.self) { try bytes(text) }
        }
        func rate(_ text: String) throws(LabPlanError) -> Double? { try LabWritten(text, at: "").messageRate() }
        #expect(try [rate("60"), rate("60/s"), rate("0.5"), rate("max")] == [60, 60, 0.5, nil])
        for text in ["0", "-1", "1000000", "60Hz", "inf"] { #expect(throws: LabPlanError.self) { try rate(text) } }
    }

    @Test func `seeds are a count or themselves`() throws {
        func seeds(_ text: String) throws(LabPlanError) -> [UInt64] { try LabWritten(text, at: "--seeds").seeds() }
        #expect(try seeds("3") == [1, 2, 3])
        #expect(try seeds("4,8,15") == [4, 8, 15])
        #expect(try seeds("7-7") == [7])
        #expect(try seeds("7,") == [7])
        #expect(try seeds("100-102, 5") == [100, 101, 102, 5])
        for text in [
            "0", "", "1001", "1-1001", "3-1", "1,1", "x", "1-2-3", "-1", "9007199254740992,", "1-900,2000-2900",
        ] {
            #expect(throws: LabPlanError.self, "\(text)") { try seeds(text) }
        }
    }

    @Test(arguments: [
        (0.0, 0, "0"), (12.5, 2, "12.5"), (0.1, 2, "0.1"), (1.005, 1, "1"), (-0.04, 1, "0"), (-0.06, 1, "-0.1"),
        (.infinity, 1, "?"), (1e300, 1, "?"),
    ])
    func `decimals have no zeros at their end`(value: Double, places: Int, text: String) {
        #expect(LabQuantity.decimal(value, places: places) == text)
    }

    @Test func `quantities as they were said`() {
        #expect(LabQuantity.share(0.125) == "12.5 %")
        #expect(LabQuantity.duration(.milliseconds(1500)) == "1.5 s")
        #expect(LabQuantity.duration(.microseconds(400)) == "0.4 ms")
        #expect(LabQuantity.duration(.seconds(86_400)) == "24 h")
        #expect(LabQuantity.bitRate(1_234_567) == "1.234567 Mbit/s")
        #expect(LabQuantity.messageRate(nil) == "as fast as possible")
    }
}
