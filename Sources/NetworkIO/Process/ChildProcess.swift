internal import CPlatform
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A program that this one has started, with its standard input and output in our hands, in a process group of its own:
/// Ctrl-C is for us, and we end it in order. It gets nothing else that is open here.
///
/// Whoever makes one calls ``end(grace:)``; one that is only let go reads the end of its input, and may go on. What
/// would block goes on threads of Dispatch, never on one that runs tasks. The program that uses this ignores SIGPIPE,
/// so that a process that does not read is an error and not the end.
package final class ChildProcess: Sendable {
    /// How it has ended.
    package enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signal(Int32)
        /// The system did not tell.
        case unknown
    }

    /// Where its standard error goes.
    package enum Errors: Sendable {
        /// Where ours does.
        case ours
        /// Nowhere, so that whoever reads our errors to the end need not wait for this process.
        case nowhere
    }

    private let process: pid_t
    private let input: Mutex<Int32?>
    /// Closed when nobody can be reading it any more.
    private let output: Int32
    private let rest = Mutex<[UInt8]>([])
    private let ending = Mutex<Ending?>(nil)
    /// One end at a time: who comes second gets the same answer.
    private let ends = DispatchQueue(label: "martlet.child")

    /// Starts it.
    ///
    /// - Parameters:
    ///   - words: a path, and the arguments behind it.
    ///   - errors: where its standard error goes.
    /// - Throws: ``ChildProcessError/notStarted(_:reason:)``.
    package init(_ words: [String], errors: Errors = .ours) throws(ChildProcessError) {
        let name = words.first ?? ""
        let toProcess = try Self.pipe(for: name)
        let fromProcess: (reading: Int32, writing: Int32)
        do throws(ChildProcessError) { fromProcess = try Self.pipe(for: name) } catch {
            for descriptor in [toProcess.reading, toProcess.writing] { _ = systemClose(descriptor) }
            throw error
        }
        let nowhere = errors == .nowhere ? systemOpen("/dev/null", O_WRONLY | O_CLOEXEC) : -1
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var process: pid_t = 0
        let code = martlet_spawn(&process, arguments, toProcess.reading, fromProcess.writing, nowhere)
        for argument in arguments { free(argument) }
        for descriptor in [toProcess.reading, fromProcess.writing, nowhere] where descriptor >= 0 {
            _ = systemClose(descriptor)
        }
        guard code == 0 else {
            for descriptor in [toProcess.writing, fromProcess.reading] { _ = systemClose(descriptor) }
            throw .notStarted(name, reason: String(cString: strerror(code)))
        }
        // A process that does not read must not hold a thread for ever.
        _ = fcntl(toProcess.writing, F_SETFL, O_NONBLOCK)
        input = Mutex(toProcess.writing)
        output = fromProcess.reading
        self.process = process
    }

    deinit {
        endInput()
        _ = systemClose(output)
    }

    /// A pipe that no other process inherits, beyond the numbers of the standard streams.
    private static func pipe(for name: String) throws(ChildProcessError) -> (reading: Int32, writing: Int32) {
        var both: [Int32] = [-1, -1]
        guard systemPipe(&both) == 0 else { throw .notStarted(name, reason: String(cString: strerror(errno))) }
        let moved = both.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
        let code = errno
        for descriptor in both { _ = systemClose(descriptor) }
        guard moved.allSatisfy({ $0 >= 0 }) else {
            for descriptor in moved where descriptor >= 0 { _ = systemClose(descriptor) }
            throw .notStarted(name, reason: String(cString: strerror(code)))
        }
        return (moved[0], moved[1])
    }

    // MARK: - Words

    /// Gives the process a line. One at a time.
    ///
    /// - Throws: ``ChildProcessError/notReading`` when it does not read, or its input has ended;
    ///   ``ChildProcessError/cancelled``.
    package func write(line: String) async throws(ChildProcessError) {
        var left = Array((line + "\n").utf8)[...]
        while !left.isEmpty {
            if Task.isCancelled { throw .cancelled }
            let block = left
            let count = await onThread { [self] in write(block) }
            guard count >= 0 else { throw .notReading }
            left = left.dropFirst(count)
        }
    }

    /// Waits a little where it has no room.
    ///
    /// - Returns: how many bytes it took; -1 when it takes no more.
    private func write(_ bytes: ArraySlice<UInt8>) -> Int {
        let count = input.withLock { input in
            guard let input else { return -1 }
            let count = bytes.withUnsafeBytes { systemWrite(input, $0) }
            return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : count
        }
        if count == 0 { poll(nil, 0, 10) }
        return count
    }

    /// The next line of its output, without its end. One at a time.
    ///
    /// - Parameters:
    ///   - limit: how long to wait for it.
    ///   - longest: bytes that a line may have.
    /// - Throws: ``ChildProcessError`` when none comes.
    package func readLine(
        within limit: Duration = .seconds(60), longest: Int = 256 * 1024
    ) async throws(ChildProcessError) -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            if let line = takeLine() { return line }
            if rest.withLock({ $0.count }) > longest { throw .lineTooLong }
            let count = await onThread { [self] in read(for: 100) }
            if Task.isCancelled { throw .cancelled }
            if count == 0 { throw .ended }
            if ContinuousClock.now >= deadline { throw .silent }
        }
    }

    /// Reads what comes within so many milliseconds.
    ///
    /// - Returns: 0 at the end; less when nothing came.
    private func read(for milliseconds: Int32) -> Int {
        var wish = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard poll(&wish, 1, milliseconds) > 0 else { return -1 }
        var block = [UInt8](repeating: 0, count: 16_384)
        let count = systemRead(output, &block)
        if count > 0 { rest.withLock { $0 += block[..<count] } }
        return count
    }

    /// Reads what it says and throws it away, until its output ends or the task is cancelled. Instead of reading lines.
    package func discardOutput() async {
        while !Task.isCancelled {
            let count = await onThread { [self] in
                let count = read(for: 100)
                rest.withLock { $0.removeAll() }
                return count
            }
            if count == 0 { return }
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

    /// Calls out once when its output has ended, which is when the process has, and all that it has started. What it
    /// says until then is thrown away. Instead of reading lines.
    package func onEndOfOutput(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().async { [self] in
            var block = [UInt8](repeating: 0, count: 4096)
            var count = 1
            while count > 0 || count < 0 && errno == EINTR { count = systemRead(output, &block) }
            body()
        }
    }

    // MARK: - The end

    /// Ends its input. Idempotent.
    package func endInput() {
        input.withLock { input in
            if let input { _ = systemClose(input) }
            input = nil
        }
    }

    /// Ends its input, and if it stays, the process and all that it has started. Idempotent.
    ///
    /// - Parameter grace: how long it may take to go by itself when its input has ended, and again when it was asked to
    ///   (SIGTERM).
    /// - Returns: how it has ended, when it is gone.
    @discardableResult
    package func end(grace: Duration = .seconds(2)) async -> Ending {
        endInput()
        return await withCheckedContinuation { continuation in
            ends.async { [self] in continuation.resume(returning: finish(grace)) }
        }
    }

    private func finish(_ grace: Duration) -> Ending {
        if let known = ending.withLock(\.self) { return known }
        for signal in [0, SIGTERM, SIGKILL] {
            if signal != 0 { kill(-process, signal) }
            if hasEnded(within: signal == SIGKILL ? nil : grace) { break }
        }
        // What it has started itself. While it is not taken away nobody else has the number of its group.
        kill(-process, SIGKILL)
        let code = martlet_reap(process)
        let known: Ending = code >= 0 ? .exited(code) : code > -1000 ? .signal(-code) : .unknown
        ending.withLock { $0 = known }
        return known
    }

    private func hasEnded(within limit: Duration?) -> Bool {
        let deadline = limit.map { ContinuousClock.now + $0 }
        while martlet_has_ended(process) == 0 {
            if let deadline, ContinuousClock.now >= deadline { return false }
            poll(nil, 0, 10)
        }
        return true
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }
}

/// The calls of the system, out of reach of methods of those names.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemRead(_ descriptor: Int32, _ block: inout [UInt8]) -> Int { read(descriptor, &block, block.count) }

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func systemPipe(_ both: inout [Int32]) -> Int32 { pipe(&both) }
