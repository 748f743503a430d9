import ArgumentParser
import TestSupport
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ManualPageTests {
    @Test func `the manual page has every command and every option`() throws {
        let page = try ManualCommand.page
        #expect(page.help.commands.map(\.name).contains("send"))
        #expect(page.help.allNames.count > 30)
        for name in page.help.commands.flatMap(\.allNames) where name != "--help" && name != "-h" {
            #expect(page.text.contains("\\fB\(ManualPage.escaped(name))\\fR"), "\(name)")
        }
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "EVENTS", "ENVIRONMENT", "FILES"]
        {
            #expect(page.text.contains("\n.SH \(section)\n"))
        }
    }

    @Test func `no line is a request by accident`() {
        #expect(ManualPage.escaped(".hidden") == "\\&.hidden")
        #expect(ManualPage.escaped("a\\b --c") == "a\\eb \\-\\-c")
    }

    @Test func `long text is broken, tables and requests are not`() {
        let words = Array(repeating: "word", count: 40).joined(separator: " ")
        #expect(ManualPage.filled([words]).allSatisfy { $0.utf8.count <= 80 })
        #expect(ManualPage.filled([words]).joined(separator: " ") == words)
        #expect(ManualPage.filled([".nf", words, ".fi"]) == [".nf", words, ".fi"])
        let trap = String(repeating: "x", count: 78) + " .SH"
        #expect(ManualPage.filled([trap])[1] == "\\&.SH")
    }

    @Test func `the table of events is a table`() throws {
        #expect(EventTable.events.count == Set(EventTable.events.map(\.type)).count)
        #expect(EventTable.table.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(EventTable.table.contains("  progress     bytes, total, files"))
        // The documentation shows the same.
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let page = try #require(SystemText.read("\(root)/Docs/Program.md"))
        #expect(page.contains(EventTable.table))
    }

    /// `groff -ww` warns of whatever is not understood.
    @Test func `the formatter has nothing to complain about`() throws {
        guard access("/usr/bin/groff", X_OK) == 0 else { return }
        let folder = try TemporaryFolder()
        let path = try folder.write(Array(try ManualCommand.page.text.utf8), to: "martlet.1")
        let pipe = try #require(popen("groff -ww -man -Tutf8 \(path) 2>&1 >/dev/null", "r"))
        var line = [CChar](repeating: 0, count: 1024)
        var complaints = ""
        while fgets(&line, Int32(line.count), pipe) != nil {
            complaints += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        #expect(pclose(pipe) == 0)
        #expect(complaints == "")
    }

    @Test(arguments: CompletionsCommand.Shell.allCases)
    func `completions know every long option of the commands`(shell: CompletionsCommand.Shell) throws {
        let script = CompletionsCommand.script(for: shell)
        for flag in SendCommand.environmentFlags + ReceiveCommand.environmentFlags {
            #expect(script.contains(flag.name), "\(flag.name)")
        }
    }
}
