internal import ArgumentParser
internal import Signaling
internal import Transfer

/// `martlet receive`: takes files from a link, or prints a link of its own and waits for a sender.
struct ReceiveCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive",
        abstract: "Receive files.",
        usage: "martlet receive [options] [LINK]",
        discussion: """
            martlet receive LINK      the link from “martlet send” on another machine
            martlet receive -         reads the link from standard input, or asks
            martlet receive           prints a link: open it in a browser to send
            martlet receive LINK -o - | tar x   one file, to standard output

            The link is a secret. Other users of this machine do not see it when it
            is in the environment variable MARTLET_LINK, or typed in.
            The paths of received files, and the words that were sent, are printed on
            standard output. When the connection breaks the command tries to get it back
            (--wait); when it was stopped, the same command goes on where it was.
            """,
        aliases: ["recv", "rx"])

    @Argument(help: ArgumentHelp("The link that the sender's terminal shows, or “-”.", valueName: "link"))
    var link: String?

    @Flag(name: .shortAndLong, help: "Say yes beforehand: save what is offered without asking.")
    var yes = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Save files in this folder; “-” writes one file to standard output.", valueName: "folder"),
        completion: .directory)
    var output = "."

    @Flag(exclusivity: .chooseLast, help: "What to do with files that exist. (default: ask, or fail)")
    var existing: ExistingFlag?

    @OptionGroup var verification: VerifyOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var speech: OutputOptions

    enum ExistingFlag: String, EnumerableFlag {
        case overwrite, rename, skip

        static func help(for value: ExistingFlag) -> ArgumentHelp? {
            switch value {
            case .overwrite: "Replace files that exist."
            case .rename: "Give a new file another name when its name is taken."
            case .skip: "Leave files that exist as they are."
            }
        }
    }

    static let environmentFlags =
        [
            EnvironmentFlag("yes", .switch), EnvironmentFlag("output", .value), EnvironmentFlag("overwrite", .switch),
            EnvironmentFlag("rename", .switch), EnvironmentFlag("skip", .switch),
        ] + VerifyOptions.environmentFlags + WaitOptions.environmentFlags + ServerOptions.environmentFlags
        + OutputOptions.environmentFlags

    func validate() throws {
        if output == "-", speech.json { throw ValidationError("--json and “-o -” both want standard output") }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let existing = existing.flatMap { ExistingFilePolicy(rawValue: $0.rawValue) }
        let link = try await linkText(on: console).map(Self.parse)
        var side = try ReceivingSide(
            path: output, link: link, policy: .init(isAccepted: yes, existing: existing), wait: waiting.wait.duration,
            console: console)
        if verification.verify { side.words = WordsQuestion(on: console) }
        if let link {
            try await Visit(side: side, link: link, console: console).run()
        } else {
            try await WaitingRoom(side: side, options: server, console: console).run()
        }
    }

    /// The link as it was given; nil when we are to make one.
    private func linkText(on console: Console) async throws(CommandFailure) -> String? {
        guard link == "-" else { return link ?? Environment.value("MARTLET_LINK").flatMap { $0.isEmpty ? nil : $0 } }
        if console.facts.inputIsTerminal { console.prompt("Link: ") }
        guard let line = await StandardStreams.readLine(), !line.trimmed.isEmpty else {
            if Task.isCancelled { throw CommandFailure(any: CancellationError()) }
            throw CommandFailure(.usage, "No link was given on standard input.", remedy: Self.linkForm)
        }
        console.answered()
        return line
    }

    static let linkForm = "a link as the sender's terminal shows it: http://ADDRESS:PORT/#ROOM.SECRET"

    /// - Throws: a failure that does not repeat the link, which may be nearly right and is a secret.
    static func parse(_ text: String) throws(CommandFailure) -> RoomLink {
        do throws(RoomLinkError) {
            return try RoomLink(parsing: text)
        } catch {
            throw CommandFailure(.usage, "This is no link that can be used: \(error).", remedy: linkForm)
        }
    }
}
