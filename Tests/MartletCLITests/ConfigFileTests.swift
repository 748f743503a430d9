import Testing

@testable import MartletCLI

@Suite struct ConfigFileTests {
    private let commands: [ConfigFile.CommandFlags] = [
        (
            "send",
            [EnvironmentFlag("expire", .value), EnvironmentFlag("quiet", .switch), EnvironmentFlag("qr", .invertible)]
        ),
        ("receive", [EnvironmentFlag("yes", .switch), EnvironmentFlag("quiet", .switch)]),
    ]

    private func arguments(
        _ text: String, for command: Int = 0, _ environment: [String: String] = [:]
    ) throws(CommandFailure) -> [String] {
        let file = try ConfigFile(text, path: "config", commands: commands)
        return try file.arguments(for: commands[command]) { environment[$0] }
    }

    private func failure(_ text: String) -> CommandFailure? {
        do throws(CommandFailure) {
            _ = try arguments(text)
            return nil
        } catch { return error }
    }

    @Test func `lines become options, sections belong to their command`() throws {
        let text = "# mine\n quiet = yes\n\n[send]\nexpire = 10m\nqr=no\r\n[ receive ]\nyes = on\n; end"
        #expect(try arguments(text) == ["--quiet", "--expire=10m", "--no-qr"])
        #expect(try arguments(text, for: 1) == ["--quiet", "--yes"])
    }

    @Test func `before the sections a key is for every command that has it`() throws {
        #expect(try arguments("expire = 10m\nyes = 1") == ["--expire=10m"])
        #expect(try arguments("expire = 10m\nyes = 1", for: 1) == ["--yes"])
    }

    @Test func `the environment wins over the file`() throws {
        #expect(try arguments("quiet = yes\nexpire = 10m", ["MARTLET_QUIET": "0"]) == ["--expire=10m"])
        let flags = [(names: ["send"], flags: commands[0].flags)]
        let file = try ConfigFile("expire = 1m\nqr = yes", path: "config", commands: commands)
        #expect(
            try CommandLineWords.expanded(
                ["send", "a", "--no-qr"], commands: flags, environment: { ["MARTLET_EXPIRE": "2m"][$0] }, config: file)
                == ["send", "--qr", "--expire=2m", "a", "--no-qr"])
    }

    @Test func `quotes around a value are taken off, and an equals sign in it stays`() throws {
        #expect(try arguments("expire = \"a=b \"") == ["--expire=a=b "])
    }

    @Test(arguments: [
        ("a\nquiet = yes", 1), ("quiet = yes\nquit = yes", 2), ("\n[sned]", 2), ("[send]\nyes = 1", 2),
        ("quiet = maybe", 1), ("[send", 1),
    ])
    func `a mistake is told with its line`(text: String, line: Int) {
        let failure = failure(text)
        #expect(failure?.status == .usage)
        #expect(failure?.sentence.hasPrefix("config, line \(line): ") == true, "\(failure?.sentence ?? "no failure")")
    }

    @Test func `escapes in the file do not reach the terminal`() {
        #expect(failure("\u{1B}[2J = 1")?.text.contains("\u{1B}") == false)
    }

    @Test func `the file is looked for where people keep such files`() {
        #expect(ConfigFile.place { ["MARTLET_CONFIG": "x", "HOME": "/home/me"][$0] }?.path == "x")
        #expect(ConfigFile.place { ["XDG_CONFIG_HOME": "/c", "HOME": "/home/me"][$0] }?.path == "/c/martlet/config")
        #expect(ConfigFile.place { ["HOME": "/home/me"][$0] }?.path == "/home/me/.config/martlet/config")
        #expect(ConfigFile.place { _ in nil } == nil)
    }

    @Test func `a file that is named must be there`() throws {
        #expect(throws: CommandFailure.self) {
            try ConfigFile.load({ ["MARTLET_CONFIG": "/nonexistent/martlet"][$0] }, commands: [])
        }
        #expect(try ConfigFile.load({ ["HOME": "/nonexistent"][$0] }, commands: []) == nil)
    }
}
