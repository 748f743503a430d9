internal import Chat
internal import Foundation
internal import Lab
internal import Testing
internal import Transfer

@testable internal import MartletCLI

@Suite struct OpenedBrowserTests {
    /// A folder with a program in it that is called as a browser is.
    private static func folder(_ name: String, _ script: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: name)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        return folder
    }

    @Test func `the first of the names that PATH has is taken`() throws {
        let folder = try Self.folder("google-chrome", "exit 0")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(BrowserKind.chromium.program(path: "/nowhere::\(folder.path)") == "\(folder.path)/google-chrome")
        #expect(BrowserKind.firefox.program(path: folder.path) == nil)
        #expect(BrowserKind.chromium.program(path: "") == nil)
    }

    @Test func `a browser that is not installed is said to be so`() {
        let failure = #expect(throws: CommandFailure.self) {
            try OpenedBrowser.open(.firefox, at: "http://localhost/", isHeadless: true, path: "/nowhere")
        }
        #expect(failure?.status == .localResource)
        #expect(failure?.sentence == "Firefox is not installed: PATH has none of firefox, firefox-esr.")
    }

    @Test func `the secret is no argument, and the profile is gone with the browser`() async throws {
        // It says what it was given, and that it is there by ending the pipe.
        let folder = try Self.folder("firefox", #"echo "$*" > "${0%/*}/words"; exec sleep 600"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let browser = try OpenedBrowser.open(
            .firefox, at: "http://localhost:1/#room.secret", isHeadless: true, path: folder.path)
        let words = folder.appending(path: "words")
        while ((try? String(contentsOf: words, encoding: .utf8)) ?? "").isEmpty { await Task.yield() }
        let said = try String(contentsOf: words, encoding: .utf8).split(separator: " ").map(String.init)
        #expect(said.first == "--headless")
        #expect(!said.joined().contains("secret"))
        let profile = said[said.firstIndex(of: "--profile").map { $0 + 1 } ?? 0]
        let page = try String(contentsOfFile: "\(profile)/open.html", encoding: .utf8)
        #expect(page.contains("url=http://localhost:1/#room.secret"))
        let rights = try FileManager.default.attributesOfItem(atPath: profile)[.posixPermissions] as? Int
        #expect(rights == 0o700)
        #expect(browser.isOpen)
        await browser.close()
        #expect(!FileManager.default.fileExists(atPath: profile))
    }

    @Test(arguments: [false, true])
    func `what it makes beside its profile goes to a folder of a short name, and is gone too`(isLong: Bool) async throws
    {
        let folder = try Self.folder(
            "chromium", #"echo "$TMPDIR" > "${0%/*}/scratch"; touch "$TMPDIR/left"; exec sleep 600"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        var temporary = URL(filePath: "/tmp/mlt-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: temporary) }
        if isLong { temporary.append(path: String(repeating: "x", count: 80)) }
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        let browser = try OpenedBrowser.open(
            .chromium, at: "http://localhost:1/", isHeadless: true, path: folder.path, temporary: temporary.path)
        let said = folder.appending(path: "scratch")
        while ((try? String(contentsOf: said, encoding: .utf8)) ?? "").isEmpty { await Task.yield() }
        let scratch = try String(contentsOf: said, encoding: .utf8).split(separator: "\n").map(String.init)[0]
        // Chromium's socket: 104 bytes are the least that a system takes.
        #expect("\(scratch)/org.chromium.Chromium.123456/SingletonSocket".utf8.count < 104)
        #expect(scratch.hasPrefix(isLong ? "/tmp/martlet-browser-" : temporary.path))
        await browser.close()
        #expect(!FileManager.default.fileExists(atPath: scratch))
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
    }

    @Test func `a browser that ends at once is noticed`() async throws {
        let folder = try Self.folder("chromium", "exit 3")
        defer { try? FileManager.default.removeItem(at: folder) }
        let browser = try OpenedBrowser.open(.chromium, at: "http://localhost/", isHeadless: true, path: folder.path)
        await browser.ended()
        #expect(!browser.isOpen)
        await browser.close()
    }

    @Test func `links that lead to something else say what to do`() {
        let remedy = "martlet lab join, with the same link or code"
        #expect(CommandFailure(ChatError.notAChat("martlet.lab")).remedy == remedy)
        #expect(CommandFailure(TransferError(.lab, "")).remedy == remedy)
        #expect(
            LabJoinCommand.failure(.otherProtocol("martlet.chat")).remedy == "martlet chat, with the same link or code")
        #expect(
            LabJoinCommand.failure(.otherProtocol("martlet.transfer")).remedy
                == "martlet receive, with the same link or code")
        #expect(LabJoinCommand.failure(.otherProtocol("\u{1B}x")).status == .protocolMismatch)
    }
}
