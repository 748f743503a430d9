import ArgumentParser
import Signaling
import Testing

@testable import MartletCLI

@Suite struct CommandLineTests {
    private let commands = [
        (names: ["send", "tx"], flags: [EnvironmentFlag("port", .value)]),
        (names: ["receive", "recv", "rx"], flags: [EnvironmentFlag("yes", .switch)]),
    ]
    private let link = "http://192.0.2.1:4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"

    private func expanded(
        _ words: [String], _ environment: [String: String] = [:], files: [String] = []
    ) throws(CommandFailure) -> [String] {
        try CommandLineWords.expanded(
            words, commands: commands, environment: { environment[$0] }, isFile: { files.contains($0) })
    }

    @Test func `what the environment says stands before what was typed`() throws {
        #expect(
            try expanded(["send", "a", "--port", "1"], ["MARTLET_PORT": "2", "MARTLET_YES": "1"])
                == ["send", "--port=2", "a", "--port", "1"])
    }

    @Test func `a bare link receives, with flags on either side`() throws {
        #expect(try expanded([link]) == ["receive", link])
        #expect(try expanded(["-y", link], ["MARTLET_YES": "1"]) == ["receive", "--yes", "-y", link])
    }

    @Test func `a bare code receives, however it is typed`() throws {
        let server = ["--server", "http://192.0.2.1:4040"]
        #expect(try expanded(["7-clock-mango-crust"] + server) == ["receive", "7-clock-mango-crust"] + server)
        #expect(try expanded(["7.Clock_mango crust"]) == ["receive", "7.Clock_mango crust"])
        #expect(try expanded(["7", "clock", "mango", "crust"]) == ["receive", "7", "clock", "mango", "crust"])
        #expect(try expanded(["-y", "7-clock-mango-crust"]) == ["receive", "-y", "7-clock-mango-crust"])
        #expect(try expanded([], ["MARTLET_CODE": "7-clock-mango-crust"]) == ["receive"])
    }

    @Test func `a server's address makes no link of something else`() {
        for words in [["sned", "x", "--server", "http://192.0.2.1:4040"], ["2024"], ["2024-05", "x"]] {
            #expect(throws: CommandFailure.self) { try expanded(words) }
        }
        #expect(throws: CommandFailure.self) { try expanded(["7-clock.txt"], files: ["7-clock.txt"]) }
    }

    @Test func `without words there is help, or the link of the environment`() throws {
        #expect(try expanded([]) == ["--help"])
        #expect(try expanded([], ["MARTLET_LINK": link]) == ["receive"])
        #expect(try expanded(["-y"], ["MARTLET_LINK": link]) == ["receive", "-y"])
    }

    @Test(arguments: ["-h", "--help", "--version", "help", "--generate-completion-script", "---completion"])
    func `what the argument parser knows goes there`(word: String) throws {
        #expect(try expanded([word, "send"]) == [word, "send"])
    }

    @Test func `a mistake is met with what was probably meant`() {
        func remedy(_ word: String, files: [String] = []) -> String? {
            do throws(CommandFailure) {
                _ = try expanded([word], files: files)
                return nil
            } catch {
                #expect(error.status == .usage)
                return error.remedy
            }
        }
        #expect(remedy("sned") == "martlet send")
        #expect(remedy("recieve") == "martlet receive")
        #expect(remedy("film.mkv", files: ["film.mkv"]) == "martlet send film.mkv")
        #expect(remedy("something") == "martlet --help")
    }

    @Test func `every option of a command can be set by the environment`() {
        for (help, flags) in [
            (SendCommand.helpMessage(columns: 200), SendCommand.environmentFlags),
            (ReceiveCommand.helpMessage(columns: 200), ReceiveCommand.environmentFlags),
        ] {
            let options = help.split(separator: "\n").drop { $0 != "OPTIONS:" }.flatMap { line in
                line.prefix(26).split { ", /".contains($0) }.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2) }
            }
            let names = Set(options.map(String.init)).subtracting(["help", "version", "no-qr"])
            #expect(names == Set(flags.map(\.name)))
        }
    }

    @Test func `the last of several contradicting options counts`() throws {
        let receive = try ReceiveCommand.parse(["--skip", "--rename", "--no-qr", "--qr", link])
        #expect(receive.existing == .rename)
        #expect(receive.server.qr == true)
        let send = try SendCommand.parse(["--port=4041", "--port", "4042", "a"])
        #expect(send.server.port == 4042)
        #expect(send.server.expire.duration == .seconds(7200))
    }

    @Test(arguments: ["--port=4041", "--local", "--bind=127.0.0.1"])
    func `what is for our own server does not go with another one`(flag: String) throws {
        #expect(throws: (any Error).self) { try SendCommand.parse([flag, "--server", "http://192.0.2.1", "a"]) }
        #expect(throws: (any Error).self) { try ReceiveCommand.parse([flag, "--server", "http://192.0.2.1"]) }
        // An empty variable of the environment, or an empty word, is none.
        #expect(try SendCommand.parse([flag, "--server", "", "a"]).server.rendezvous() == nil)
    }

    @Test func `a server is an address with a scheme, and one without gets a proposal`() throws {
        func remedy(_ url: String) throws -> String? {
            do throws(CommandFailure) {
                _ = try server(url)
                return nil
            } catch {
                #expect(error.status == .usage)
                return error.remedy
            }
        }
        #expect(try server("http://192.168.1.20:4040/")?.address == "http://192.168.1.20:4040")
        #expect(try server("https://Rooms.example.org")?.address.lowercased() == "https://rooms.example.org")
        #expect(try server("https://[2001:db8::1]:4040")?.address == "https://[2001:db8::1]:4040")
        #expect(try remedy("192.168.1.20:4040") == "--server http://192.168.1.20:4040")
        #expect(try remedy("localhost:4040") == "--server http://localhost:4040")
        #expect(try remedy("rooms.example.org") == "--server https://rooms.example.org")
        #expect(try remedy("ftp://rooms.example.org") == "--server https://rooms.example.org")
        #expect(try remedy("https://rooms.example.org/path") == "--server https://rooms.example.org")
        #expect(try remedy("a b") == "--server https://rooms.example.org")
        #expect(try remedy(link)?.contains("AAECAwQF") == false)
    }

    private func server(_ url: String) throws(CommandFailure) -> Rendezvous? {
        var options = ServerOptions()
        options.url = url
        return try options.rendezvous()
    }

    @Test func `a certificate authority that cannot be read is told before anything else happens`() {
        for path in ["/nowhere", "/etc/passwd"] {
            var options = ServerOptions()
            options.ca = path
            #expect(throws: CommandFailure.self) { try options.client() }
        }
    }

    @Test(arguments: [
        ["--port", "-1", "a"], ["--port", "65536", "a"], ["--expire", "soon", "a"], ["--bind", "x", "a"], [],
    ])
    func `what makes no sense is refused`(words: [String]) {
        #expect(throws: (any Error).self) { try SendCommand.parse(words) }
    }

    @Test func `the exit codes are a promise`() {
        #expect(CommandStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143])
        #expect(Set(CommandStatus.allCases.map(\.name)).count == CommandStatus.allCases.count)
        #expect(CommandStatus.table.split(separator: "\n").count == CommandStatus.allCases.count)
    }
}
