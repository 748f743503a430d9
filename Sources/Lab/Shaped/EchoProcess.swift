internal import CPlatform
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A process that the shell starts, with its standard input and output in our hands, and a process group of its own.
///
/// Whoever makes one calls ``end()``. Reading and writing block a thread of Dispatch, never one that runs tasks. The program must not
/// die of a pipe that nobody reads (SIGPIPE).
final class EchoProcess: Sendable {
    private let input: Int32
    private let output: Int32
    private let process: pid_t
    private let hasEnded = Mutex(false)
    private let rest = Mutex<[UInt8]>([])

    /// The longest line that is read.
    static let lineLimit = 256 * 1024
    /// How long a process may take to go when its input has ended, and again when it was asked to.
    private static let grace: Int32 = 2_000

    /// - Throws: ``LabError/failed(_:)`` when it cannot be started.
    init(command: String) throws(LabError) {
        var toProcess: [Int32] = [-1, -1]
        var fromProcess: [Int32] = [-1, -1]
        guard pipe(&toProcess) == 0 else { throw .failed("no pipe could be opened") }
        guard pipe(&fromProcess) == 0 else {
            for descriptor in toProcess { _ = systemClose(descriptor) }
            throw .failed("no pipe could be opened")
        }
        // What this process starts later must not hold these open.
        for descriptor in toProcess + fromProcess { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var words: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", command].map { (word: String) in strdup(word) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        // The shell and all that it starts are one group: they end together.
        let code = martlet_spawn(&process, words, toProcess[0], fromProcess[1], -1)
        _ = systemClose(toProcess[0])
        _ = systemClose(fromProcess[1])
        guard code == 0 else {
            _ = systemClose(toProcess[1])
            _ = systemClose(fromProcess[0])
            throw .failed("/bin/sh could not be started: \(String(cString: strerror(code)))")
        }
        (input, output, self.process) = (toProcess[1], fromProcess[0], process)
    }

    /// Gives the process a line.
    ///
    /// - Throws: ``LabError/partnerFailed(_:)`` when it does not read.
    func write(line: String) async throws(LabError) {
        let bytes = Array((line + "\n").utf8)
        let isWritten = await onThread { [input] in
            var left = bytes[...]
            while !left.isEmpty {
                let count = left.withUnsafeBytes { systemWrite(input, $0) }
                guard count > 0 else { return false }
                left = left.dropFirst(count)
            }
            return true
        }
        if !isWritten { throw .partnerFailed("the echo process does not read what it is given") }
    }

    /// The next line of the process.
    ///
    /// - Throws: ``LabError/partnerFailed(_:)`` at the end of its output, for a line that is too long, and when none comes in time.
    func readLine(within limit: Duration) async throws(LabError) -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            if let line = takeLine() { return line }
            let count = await onThread { [self] in
                var wish = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
                guard poll(&wish, 1, 100) > 0 else { return -1 }
                var block = [UInt8](repeating: 0, count: 16_384)
                let count = read(output, &block, block.count)
                if count > 0 { rest.withLock { $0 += block[..<count] } }
                return count
            }
            if Task.isCancelled { throw .cancelled }
            if count == 0 { throw .partnerFailed("the echo process ended before it gave its description") }
            if rest.withLock({ $0.count }) > Self.lineLimit {
                throw .partnerFailed("the echo process writes a line without an end")
            }
            if ContinuousClock.now >= deadline { throw .partnerFailed("the echo process gave no description in time") }
        }
    }

    private func takeLine() -> String? {
        rest.withLock { rest in
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeSubrange(...end)
            return line
        }
    }

    /// Ends its input, and if it stays, the process and all that it has started. Idempotent.
    func end() async {
        let isFirst = hasEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard isFirst else { return }
        _ = await onThread { [input, output, process] in
            _ = systemClose(input)
            for signal in [0, SIGTERM, SIGKILL] {
                if signal != 0 { kill(-process, signal) }
                if Self.hasExited(process, within: signal == SIGKILL ? Int32.max : Self.grace) { break }
            }
            // What it has started itself.
            kill(-process, SIGKILL)
            return Int(systemClose(output))
        }
    }

    /// Waits for the process, milliseconds at most.
    private static func hasExited(_ process: pid_t, within limit: Int32) -> Bool {
        var waited: Int32 = 0
        while true {
            let result = waitpid(process, nil, WNOHANG)
            if result == process || (result < 0 && errno != EINTR) { return true }
            if waited >= limit { return false }
            poll(nil, 0, 20)
            waited += 20
        }
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }
}

/// `write(2)` and `close(2)`, out of reach of methods of those names.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
