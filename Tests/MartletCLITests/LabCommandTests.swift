import ArgumentParser
import Foundation
import Lab
import Testing

@testable import MartletCLI

@Suite struct LabCommandTests {
    private func expanded(_ words: [String], _ environment: [String: String] = [:], config: ConfigFile? = nil) throws
        -> [String]
    {
        try CommandLineWords.expanded(
            words, commands: Program.commands, environment: { environment[$0] }, config: config)
    }

    private func plan(_ words: String...) throws -> LabPlan {
        try LabRunCommand.parse(words).wholePlan()
    }

    private func failure(_ words: String...) -> CommandFailure? {
        do {
            _ = try LabRunCommand.parse(words).wholePlan()
            return nil
        } catch { return error as? CommandFailure }
    }

    @Test func `lab alone is lab run, and its commands have flags of their own`() throws {
        #expect(try expanded(["lab"]) == ["lab", "run"])
        #expect(try expanded(["lab", "--help"]) == ["lab", "run", "--help"])
        #expect(try expanded(["lab", "run", "--loss", "1%"]) == ["lab", "run", "--loss", "1%"])
        let environment = ["MARTLET_LAB_LOSS": "5%", "MARTLET_QUIET": "1", "MARTLET_LINK": "http://192.0.2.1/#x"]
        #expect(
            try expanded(["lab", "--loss", "1%"], environment) == [
                "lab", "run", "--loss=5%", "--quiet", "--loss", "1%",
            ])
        #expect(try expanded(["lab", "show", "x"], environment) == ["lab", "show", "--quiet", "x"])
        let config = try ConfigFile(
            "[lab]\ndelay = 20ms\n[lab show]\nquiet = yes", path: "config",
            commands: Program.commands.filter { !$0.flags.isEmpty }.map { ($0.names[0], $0.flags) })
        #expect(try expanded(["lab"], config: config) == ["lab", "run", "--delay=20ms"])
        #expect(try expanded(["lab", "show", "x"], config: config) == ["lab", "show", "--quiet", "x"])
    }

    @Test func `every option of the lab can be set by the environment`() {
        for (help, flags) in [
            (LabRunCommand.helpMessage(columns: 200), LabRunCommand.environmentFlags)
        ] {
            let options = help.split(separator: "\n").drop { $0 != "OPTIONS:" }.flatMap { line in
                line.prefix(26).split { ", /".contains($0) }.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2) }
            }
            #expect(Set(options.map(String.init)).subtracting(["help", "version", "no-qr"]) == Set(flags.map(\.name)))
        }
        // None of them is set by accident by a variable of another command.
        let others = Set(
            (SendCommand.environmentFlags + ReceiveCommand.environmentFlags + ChatCommand.environmentFlags).map(
                \.variable))
        for flag in LabSettingOptions.environmentFlags + LabFileOptions.environmentFlags {
            #expect(flag.variable.hasPrefix("MARTLET_LAB_") && !others.contains(flag.variable))
        }
    }

    @Test func `without flags it is the classic comparison`() throws {
        let plan = try plan()
        #expect(plan.medium == .simulated && plan.scenarios.count == 4)
        #expect(plan.scenarios.allSatisfy { $0.link.forward.loss == 0.1 && $0.link.forward.delay == .milliseconds(50) })
    }

    @Test func `who says something about the link says all of it`() throws {
        #expect(try plan("--delay", "20ms").scenarios.allSatisfy { $0.link.forward.loss == 0 })
        #expect(try plan("--link", "real").scenarios.allSatisfy { $0.link.forward == LabPath() })
    }

    @Test func `options change a preset`() throws {
        let plan = try plan("--preset", "game", "--loss", "3%", "--channel", "ordered")
        #expect(plan.scenarios.map(\.link.forward.loss) == [0.03])
        #expect(plan.scenarios[0].traffic.rate == 60)
        #expect(
            try self.plan("--preset", "voice", "--link", "real").scenarios.allSatisfy { $0.link.forward == LabPath() })
    }

    @Test func `another side is reached over a shaped link`() throws {
        #expect(try plan("--peer", "terminal").medium == .shaped)
        #expect(try plan("--echo", "cat").medium == .shaped)
        #expect(throws: (any Error).self) { try LabRunCommand.parse(["--peer", "page", "--link", "simulated"]) }
        #expect(throws: (any Error).self) { try LabRunCommand.parse(["--peer", "page", "--echo", "cat"]) }
        #expect(failure("--echo", "cat", "--from", "peer")?.sentence == "An echo sends nothing of its own.")
    }

    @Test func `a mistake says what would be right`() {
        #expect(
            failure("--loss", "10")?.text == "error: --loss: “10” has no percent sign.\n  try: 10%, or a share below 1")
        #expect(failure("--loss", "10")?.status == .usage)
        #expect(failure("--link", "real", "--loss", "1%")?.remedy == "shaped, for a path that is impaired on purpose")
        #expect(failure("--plan", "/nonexistent/plan")?.sentence == "The plan /nonexistent/plan cannot be read.")
        #expect(failure("--loss", "\u{1B}[2J")?.text.contains("\u{1B}") == false)
    }

    /// A report in a folder of its own, whose plan was made of these options.
    private func withReport(_ words: [String], _ body: (_ folder: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let report = LabReport(
            plan: try LabRunCommand.parse(words).wholePlan(), results: [], conductor: "a", partner: "b", version: "1",
            made: 0)
        try Data(report.json.utf8).write(to: folder.appending(path: "report.json"))
        try body(folder.path)
    }

    @Test func `a report is a plan, too: that of its own experiments`() throws {
        let words = [
            "--loss", "0,12.5%", "--seeds", "7,9007199254740991", "--blackout", "1s+200ms", "--link", "shaped",
        ]
        let measured = try LabRunCommand.parse(words).wholePlan()
        try withReport(words) { folder throws in
            #expect(try plan("--plan", folder + "/report.json") == measured)
            #expect(try plan("--plan", folder) == measured)
            #expect(try plan("--plan", folder, "--peer", "terminal") == measured)
            #expect(try plan("--plan", folder, "--link", "simulated").medium == .simulated)
            #expect(
                failure("--plan", folder, "--link", "real")?.sentence.hasPrefix("A real path is taken as it is") == true
            )
        }
    }

    @Test func `a report is not changed by options, and what it asks for is checked`() throws {
        try withReport(["--channel", "ordered", "--from", "peer"]) { folder throws in
            let refused = failure("--plan", folder, "--loss", "1%")
            #expect(refused?.status == .usage)
            #expect(refused?.sentence == "A report is measured again as it was, and --loss would change it.")
            #expect(refused?.remedy?.contains("MARTLET_LAB_LOSS") == true)
            #expect(
                failure("--plan", folder, "--peer", "terminal")?.sentence
                    == "A simulated link has both sides in itself.")
            #expect(
                failure("--plan", folder, "--echo", "cat", "--link", "shaped")?.sentence
                    == "An echo sends nothing of its own.")
            try Data("{\"type\":\"\u{1B}[2J".utf8).write(to: URL(filePath: folder + "/report.json"))
            let broken = failure("--plan", folder)
            #expect(broken?.status == .usage && broken?.text.contains("\u{1B}") == false)
            #expect(broken?.sentence.contains("is no report of the lab: it is no JSON.") == true)
        }
    }

    @Test(arguments: [
        ("game", "--preset game"), ("shwo", "martlet lab show"), ("report.json", "martlet lab show report.json"),
    ])
    func `a word that is none gets a hint`(word: String, hint: String) {
        do {
            _ = try LabRunCommand.parse([word])
            Issue.record("it was taken")
        } catch {
            #expect(LabRunCommand.message(for: error).contains("try: \(hint)"))
        }
    }

    /// The plan that the documentation shows is the one that people start from.
    @Test func `the example of the documentation is a plan`() throws {
        let page = try #require(SystemText.read("\(Self.root)/Docs/Program.md"))
        let example = try #require(page.split(separator: "```").first { $0.contains("\n[near]") })
        let plan = try LabPlanDraft(parsing: String(example), place: "Program.md").plan(medium: .real)
        #expect(plan.medium == .simulated)
        #expect(plan.scenarios.count == 9)
        #expect(Set(plan.scenarios.map { $0.name.split(separator: ":")[0] }) == ["near", "far", "bursts"])
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
}
