internal import ArgumentParser

/// A command that speaks through a `Console`, fails with a `CommandFailure` and is stopped in order by Ctrl-C.
protocol ConsoleCommand: AsyncParsableCommand, Sendable {
    /// The flags that environment variables can set.
    static var environmentFlags: [EnvironmentFlag] { get }
    var speechOptions: OutputOptions { get }

    func perform(on console: Console) async throws(CommandFailure)
}

extension ConsoleCommand {
    var console: Console { Console(isQuiet: speechOptions.quiet, isJSON: speechOptions.json) }
}

extension SendCommand {
    var speechOptions: OutputOptions { output }
}

extension ChatCommand {
    var speechOptions: OutputOptions { speech }
}

extension ReceiveCommand {
    var speechOptions: OutputOptions { speech }
}
