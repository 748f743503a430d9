internal import ArgumentParser

/// `martlet manual`: the manual page, for `man`.
struct ManualCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print the manual page.",
        discussion: """
            martlet manual | man -l -                          to read it
            martlet manual > /usr/local/share/man/man1/martlet.1   to install it
            """)

    func run() async throws {
        StandardStreams.write(.output, try Self.page.text)
    }

    static var page: ManualPage {
        get throws {
            guard let help = Self.help else { throw CommandFailure(.other, "The commands could not be described.") }
            return ManualPage(help: help, version: Program.version, date: Program.date, exitCodes: CommandStatus.table)
        }
    }

    /// The parser hands out its description the way it hands out `--help`: as something thrown.
    private static var help: CommandHelp? {
        do {
            _ = try MartletCommand.parseAsRoot(["--experimental-dump-help"])
            return nil
        } catch {
            return CommandHelp(dump: MartletCommand.fullMessage(for: error))
        }
    }
}

/// `martlet completions`: what a shell needs to complete our options.
struct CompletionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            martlet completions bash > ~/.local/share/bash-completion/completions/martlet
            martlet completions zsh  > ~/.zfunc/_martlet
            martlet completions fish > ~/.config/fish/completions/martlet.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() async throws {
        StandardStreams.write(.output, Self.script(for: shell))
    }

    static func script(for shell: Shell) -> String {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        return MartletCommand.completionScript(for: known) + "\n"
    }
}
