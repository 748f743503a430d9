internal import ArgumentParser
internal import CPlatform

/// The program.
@main
struct MartletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Send files to a browser or a terminal, and talk with it, directly and encrypted.",
        usage: "martlet COMMAND …, or martlet LINK or CODE to receive",
        discussion: """
            martlet send film.mkv a.txt  prints a code, a link and a QR code
            martlet receive LINK         on another terminal, or open it in a browser
            martlet receive CODE --server URL   the same with a code; send shows it all
            martlet receive              prints a link: whoever opens it sends to here
            martlet LINK                 the same as martlet receive LINK; CODE too
            martlet chat                 prints the same for a talk; martlet chat LINK joins it
            martlet lab                  measures what the options of data channels do

            Results are on standard output, all other words on standard error. Every
            option has an environment variable: --expire is MARTLET_EXPIRE. A line
            “expire = 15m” in ~/.config/martlet/config does the same.

            Exit codes: 0 done, 2 usage, 3 source, 4 not verified, 5 no path,
            6 declined, 7 the other side vanished, 8 integrity, 9 local file or port,
            10 nobody came, 11 protocol. More: martlet help exit. Events of --json:
            martlet help events. The whole manual: martlet manual | man -l -
            """,
        version: Program.version,
        subcommands: [
            SendCommand.self, ReceiveCommand.self, ChatCommand.self, ServeCommand.self, LabCommand.self,
            CompletionsCommand.self, ManualCommand.self, BenchCommand.self,
        ])

    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        ArgumentSecrets.blank(words)
        martlet_tune_malloc()
        await Program.main(words)
    }
}
