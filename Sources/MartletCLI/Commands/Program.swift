internal import ArgumentParser
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs the command line and turns whatever happens into words and an exit code.
enum Program {
    static let version = "0.1.0"
    static let date = "2026-11-21"

    /// What this side calls itself to the other.
    static var agent: String {
        #if os(Linux)
            "Martlet \(version) on Linux"
        #else
            "Martlet \(version) on macOS"
        #endif
    }

    /// Runs a command line and ends the process.
    static func main(_ words: [String]) async -> Never {
        // A reader that has gone away is an error of one write, not the end of a transfer.
        signal(SIGPIPE, SIG_IGN)
        // A file-size limit then ends in an error of the write, like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        OpenFileLimit.raise()
        let status = await run(words)
        let lost = StandardStreams.outputError.load(ordering: .relaxed)
        guard status == 0, lost != 0 else { exit(status) }
        let failure = CommandFailure(
            .localResource, "Standard output took no more: \(String(cString: strerror(lost))).",
            remedy: "look whether everything is there; what was received is in its folder")
        Console().report(failure)
        exit(failure.status.rawValue)
    }

    /// - Returns: the exit code.
    static func run(_ words: [String]) async -> Int32 {
        if words == ["help", "exit"] {
            StandardStreams.write(.output, "Exit codes of martlet:\n\n\(CommandStatus.table)\n")
            return 0
        }
        if words == ["help", "events"] {
            StandardStreams.write(
                .output, "Events of martlet --json:\n\n\(EventTable.table)\n\n\(EventTable.introduction)\n")
            return 0
        }
        do {
            let config = try ConfigFile.load(
                Environment.value, commands: commands.filter { !$0.flags.isEmpty }.map { ($0.names[0], $0.flags) })
            let words = try CommandLineWords.expanded(
                words, commands: commands, environment: Environment.value, config: config,
                isFile: { access($0, F_OK) == 0 })
            var command = try MartletCommand.parseAsRoot(words)
            if let command = command as? any ConsoleCommand { return await perform(command) }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            Console().report(failure)
            return failure.status.rawValue
        } catch {
            return report(error)
        }
    }

    static let commands: [(names: [String], flags: [EnvironmentFlag])] =
        [
            (["send", "tx"], SendCommand.environmentFlags),
            (["receive", "recv", "rx"], ReceiveCommand.environmentFlags),
            (["chat"], ChatCommand.environmentFlags),
            (["serve"], ServeCommand.environmentFlags),
            (["bench"], []), (["completions"], []), (["manual"], []),
        ] + LabCommand.commands

    /// What the argument parser, or a command that uses its errors, has to say.
    private static func report(_ error: any Error) -> Int32 {
        let code = MartletCommand.exitCode(for: error)
        let message = MartletCommand.fullMessage(for: error)
        guard !code.isSuccess else {
            // Help and version were asked for.
            StandardStreams.write(.output, message + "\n")
            return 0
        }
        if !message.isEmpty { StandardStreams.write(.error, message.replacing("Error: ", with: "error: ") + "\n") }
        return code == .validationFailure ? CommandStatus.usage.rawValue : code.rawValue
    }

    private static func perform(_ command: any ConsoleCommand) async -> Int32 {
        let console = command.console
        let outcome = await Interruption.run(on: console) { () async throws(CommandFailure) in
            try await command.perform(on: console)
        }
        console.clearBar()
        guard case .failure(let failure) = outcome else { return CommandStatus.done.rawValue }
        console.report(failure)
        return failure.status.rawValue
    }
}
