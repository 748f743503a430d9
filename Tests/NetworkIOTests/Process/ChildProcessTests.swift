import NetworkIO
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    init() {
        // As in the program: a process that does not read is an error.
        signal(SIGPIPE, SIG_IGN)
    }

    private static func shell(_ script: String) throws -> ChildProcess {
        try ChildProcess(["/bin/sh", "-c", script])
    }

    @Test func `lines go there and back, and the end of its input ends it`() async throws {
        let process = try Self.shell(#"while read -r line; do echo "<$line>"; done; exit 7"#)
        for line in ["one", "", "three \u{FC}"] {
            try await process.write(line: line)
            let answer = try await process.readLine()
            #expect(answer == "<\(line)>")
        }
        #expect(await process.end() == .exited(7))
        // Again, and it is the same.
        #expect(await process.end() == .exited(7))
        await #expect(throws: ChildProcessError.notReading) { try await process.write(line: "x") }
    }

    @Test func `more than a pipe holds goes through in both directions`() async throws {
        let process = try Self.shell("cat")
        let line = String(repeating: "0123456789", count: 20_000)
        async let written: Void = process.write(line: line)
        let answer = try await process.readLine()
        try await written
        #expect(answer == line)
        #expect(await process.end() == .exited(0))
    }

    @Test func `what does not go by itself is made to, with all that it has started`() async throws {
        // It neither reads nor heeds SIGTERM, and neither does its child, of which it tells the number.
        let process = try Self.shell("trap '' TERM; sleep 600 & echo $!; wait")
        let child = try #require(pid_t(try await process.readLine()))
        #expect(kill(child, 0) == 0)
        #expect(await process.end(grace: .milliseconds(50)) == .signal(SIGKILL))
        // Whoever inherits orphans takes it away at some time; it does not run any more.
        while kill(child, 0) == 0, !Self.isZombie(child) { await Task.yield() }
    }

    @Test func `one that asks to be asked ends by SIGTERM`() async throws {
        let process = try Self.shell("echo here; exec sleep 600")
        _ = try await process.readLine()
        #expect(await process.end(grace: .milliseconds(50)) == .signal(SIGTERM))
    }

    @Test func `what it has left running is gone when it is`() async throws {
        let process = try Self.shell("sleep 600 & echo $!")
        let child = try #require(pid_t(try await process.readLine()))
        #expect(await process.end() == .exited(0))
        while kill(child, 0) == 0, !Self.isZombie(child) { await Task.yield() }
    }

    @Test func `its output ends when nobody is left to write`() async throws {
        let process = try Self.shell("echo something; cat >/dev/null")
        let (ends, continuation) = AsyncStream.makeStream(of: Never.self)
        process.onEndOfOutput { continuation.finish() }
        process.endInput()
        for await _ in ends {}
        #expect(await process.end() == .exited(0))
    }

    @Test func `what it says that nobody wants does not hold it up`() async throws {
        // More than a pipe has room for.
        let process = try Self.shell("echo first; head -c 400000 /dev/zero; exec >&-; cat >/dev/null; exit 7")
        #expect(try await process.readLine() == "first")
        await process.discardOutput()
        #expect(await process.end() == .exited(7))
        // And whoever does not want even that any more is let go.
        let silent = try Self.shell("exec sleep 600")
        let reader = Task { await silent.discardOutput() }
        reader.cancel()
        await reader.value
        await silent.end(grace: .zero)
    }

    @Test func `nothing that is open here reaches it`() async throws {
        let open = (0..<8).map { _ in dup(0) }
        defer { for descriptor in open { close(descriptor) } }
        let other = try Self.shell("cat")
        let process = try ChildProcess(["/bin/sh", "-c", "ls /dev/fd/ | tr '\\n' ' '; echo"], errors: .nowhere)
        // The fourth is that of `ls`, for the folder.
        #expect(try await process.readLine() == "0 1 2 3 ")
        await process.end()
        await other.end()
    }

    @Test func `its group is its own, and its signals are as new`() async throws {
        let process = try Self.shell("ps -o pgid= -p $$ | tr -d ' '; echo $$; kill -PIPE $$; echo survived")
        let group = try await process.readLine()
        #expect(try await process.readLine() == group)
        #expect(group != "\(getpgrp())")
        await #expect(throws: ChildProcessError.ended) { try await process.readLine() }
        #expect(await process.end() == .signal(SIGPIPE))
    }

    @Test func `what there is not cannot be started`() {
        #expect(throws: ChildProcessError.notStarted("/nonexistent/program", reason: "No such file or directory")) {
            try ChildProcess(["/nonexistent/program"])
        }
    }

    @Test func `a process that says nothing, or does not stop, is given up`() async throws {
        let silent = try Self.shell("exec sleep 600")
        await #expect(throws: ChildProcessError.silent) { try await silent.readLine(within: .milliseconds(1)) }
        let waiting = Task { try await silent.readLine() }
        waiting.cancel()
        await #expect(throws: ChildProcessError.cancelled) { try await waiting.value }
        await silent.end(grace: .zero)
        let endless = try Self.shell("exec cat /dev/zero")
        await #expect(throws: ChildProcessError.lineTooLong) { try await endless.readLine(longest: 100_000) }
        await endless.end(grace: .zero)
    }

    /// Whether it has ended and nobody has taken it away yet.
    private static func isZombie(_ process: pid_t) -> Bool {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return true }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        guard fgets(&line, Int32(line.count), file) != nil else { return true }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: " ").dropFirst(2).first == "Z"
    }
}
