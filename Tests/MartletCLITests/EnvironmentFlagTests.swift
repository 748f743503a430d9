import Testing

@testable import MartletCLI

@Suite struct EnvironmentFlagTests {
    private let flags = [
        EnvironmentFlag("yes", .switch), EnvironmentFlag("qr", .invertible), EnvironmentFlag("expire", .value),
    ]

    private func arguments(_ environment: [String: String]) throws(CommandFailure) -> [String] {
        try EnvironmentFlag.arguments(for: flags) { environment[$0] }
    }

    @Test func `variables become flags`() throws {
        #expect(
            try arguments(["MARTLET_YES": "1", "MARTLET_QR": "no", "MARTLET_EXPIRE": "10m", "MARTLET_X": "1"])
                == ["--yes", "--no-qr", "--expire=10m"])
    }

    @Test func `empty variables and switches that are off add nothing`() throws {
        #expect(try arguments(["MARTLET_YES": "off", "MARTLET_QR": "", "MARTLET_EXPIRE": ""]) == [])
    }

    @Test func `a value that looks like a flag stays a value`() throws {
        #expect(try arguments(["MARTLET_EXPIRE": "--yes"]) == ["--expire=--yes"])
    }

    @Test func `a switch that is neither on nor off is a mistake`() {
        #expect {
            try arguments(["MARTLET_YES": "maybe"])
        } throws: { error in
            let failure = error as? CommandFailure
            return failure?.status == .usage && failure?.sentence.contains("MARTLET_YES") == true
        }
    }

    @Test func `names with dashes have variables with underscores`() {
        #expect(EnvironmentFlag("a-b", .switch).variable == "MARTLET_A_B")
    }
}
