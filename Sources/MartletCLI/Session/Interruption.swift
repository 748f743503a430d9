internal import CPlatform
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Ctrl-C and SIGTERM: the first ends the work in order, the second ends the program.
enum Interruption {
    /// How long the work may take to end in order: the other side is told and may be slow to answer.
    private static let patience = Duration.seconds(6)

    /// Runs `work` in a task that the first SIGINT or SIGTERM cancels.
    ///
    /// - Returns: its outcome; after a signal a failure that says so, unless the work had succeeded by then.
    static func run(
        on console: Console, _ work: @escaping @Sendable () async throws(CommandFailure) -> Void
    ) async -> Result<Void, CommandFailure> {
        let state = Mutex((received: CommandStatus?.none, task: Task<Result<Void, CommandFailure>, Never>?.none))
        // Before the work begins: whoever waits for its first word may send a signal at once.
        let sources = [(SIGINT, CommandStatus.interrupted), (SIGTERM, .terminated)].map { number, status in
            watch(number) {
                let (isFirst, task) = state.withLock { state in
                    defer { state.received = state.received ?? status }
                    return (state.received == nil, state.task)
                }
                if number == SIGINT { briefly { console.echoed() } }
                guard isFirst else { leave(status, console) }
                task?.cancel()
                DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
                    console.say("Stopping; Ctrl-C again leaves at once.")
                }
                DispatchQueue.global().asyncAfter(deadline: .now() + patience.wholeSeconds) { leave(status, console) }
            }
        }
        let task = Task { () -> Result<Void, CommandFailure> in
            do throws(CommandFailure) { return .success(try await work()) } catch { return .failure(error) }
        }
        let isReceived = state.withLock { state in
            state.task = task
            return state.received != nil
        }
        if isReceived { task.cancel() }
        let outcome = await task.value
        for source in sources { source.cancel() }
        guard case .failure = outcome, let status = state.withLock({ $0.received }) else { return outcome }
        return .failure(failure(status, console.isResumable.isSet))
    }

    private static func failure(_ status: CommandStatus, _ isResumable: Bool) -> CommandFailure {
        let how = status == .interrupted ? "Interrupted" : "Terminated"
        return CommandFailure(status, isResumable ? "\(how). The same command resumes." : "\(how).")
    }

    private static func watch(_ number: Int32, _ handler: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        // The source sees the signal even though the process ignores it.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
        return source
    }

    /// Returns soon, even where the terminal takes nothing any more (Ctrl-S, a pipe that nobody reads): whoever writes
    /// there then holds the console, and no signal would end the program.
    private static func briefly(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            body()
            done.signal()
        }
        _ = done.wait(timeout: .now() + 0.5)
    }

    private static func leave(_ status: CommandStatus, _ console: Console) -> Never {
        briefly { console.clearBar() }
        // _exit leaves out what exit does.
        martlet_raw_mode_leave()
        _exit(status.rawValue)
    }
}

extension Duration {
    fileprivate var wholeSeconds: Double { Double(components.seconds) }
}
