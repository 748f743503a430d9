internal import ArgumentParser
internal import Signaling
internal import Transfer

/// `martlet receive`: takes files from a link or a code, or prints a link and a code and waits for a sender.
struct ReceiveCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive",
        abstract: "Receive files.",
        usage: "martlet receive [options] [LINK | CODE --server URL]",
        discussion: """
            martlet receive 7-clock-mango-crust --server http://192.168.1.20:4040
            martlet receive LINK      both as “martlet send” shows them on another machine
            martlet receive -         reads link or code from standard input, or asks
            martlet receive           prints a link and a code for a browser that sends
            martlet receive LINK -o - | tar x   one file, to standard output

            A code needs --server (or MARTLET_SERVER), a link nothing. Capitals, spaces and a
            mistyped letter are forgiven. After three wrong tries a code is dead.
            Link and code are secrets. In MARTLET_LINK or MARTLET_CODE, or typed in, other
            users of this machine do not see them; as an argument they are overwritten at
            once, but for some milliseconds whoever lists the processes sees them.
            The paths of received files, and the words that were sent, are printed on
            standard output. When the connection breaks the command tries to get it back
            (--wait); when it was stopped, the same command goes on where it was.
            """,
        aliases: ["recv", "rx"])

    @Argument(
        help: ArgumentHelp(
            "The link or the code that the sender's terminal shows, or “-”.", valueName: "link-or-code"),
        completion: .custom { _, _, prefix in CodeCompletion.shellCandidates(for: prefix) })
    var entrance: [String] = []

    @Flag(name: .shortAndLong, help: "Say yes beforehand: save what is offered without asking.")
    var yes = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Save files in this folder; “-” writes one file to standard output.", valueName: "folder"),
        completion: .directory)
    var output = "."

    @Flag(exclusivity: .chooseLast, help: "What to do with files that exist. (default: ask, or fail)")
    var existing: ExistingFlag?

    @OptionGroup var byHand: OfflineOptions

    @Flag(help: "With --offline: make the offer instead of the answer, for a page of Martlet that sends.")
    var offer = false

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
        ] + [EnvironmentFlag("offer", .switch)] + OfflineOptions.environmentFlags + VerifyOptions.environmentFlags
        + WaitOptions.environmentFlags + ServerOptions.environmentFlags
        + OutputOptions.environmentFlags

    func validate() throws {
        if output == "-", speech.json { throw ValidationError("--json and “-o -” both want standard output") }
        try byHand.validate(with: server)
        guard byHand.offline else {
            if offer { throw ValidationError("--offer is for --offline") }
            return
        }
        guard entrance.isEmpty else {
            throw ValidationError("a link leads to a server, and with --offline there is none")
        }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let existing = existing.flatMap { ExistingFilePolicy(rawValue: $0.rawValue) }
        guard !byHand.offline else {
            var side = try ReceivingSide(
                path: output, policy: .init(isAccepted: yes, existing: existing), wait: .zero,
                console: console)
            side.words = WordsQuestion(on: console, isDemanded: true)
            let exchange = OfflineExchange(
                options: byHand, server: server, keepsOutputFree: output == "-", console: console)
            return try await OfflineReceiving(
                side: side, exchange: exchange, isOffering: offer, console: console
            ).run()
        }
        let rendezvous = try server.rendezvous()
        let client = try server.client()
        let question = EntranceQuestion(reader: EntranceReader(server: rendezvous), console: console)
        let entrance = try await question.entrance(arguments: entrance)
        var side = try ReceivingSide(
            path: output, policy: .init(isAccepted: yes, existing: existing), wait: waiting.wait.duration,
            console: console)
        if verification.verify { side.words = WordsQuestion(on: console) }
        if let entrance {
            let entering = Entering(
                entrance: entrance, client: client, question: question, console: console,
                prepare: TransferChannels.make(on:))
            var visit = Visit(side: side, entering: entering)
            try await visit.run()
        } else {
            try await WaitingRoom(side: side, options: server, client: client, console: console).run()
        }
    }
}
