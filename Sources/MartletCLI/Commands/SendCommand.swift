internal import ArgumentParser
internal import Signaling
internal import Transfer

/// `martlet send`: offers files, folders and words to one receiver or several.
struct SendCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send files, folders or words to a browser or to another terminal.",
        usage: "martlet send [options] PATH…",
        discussion: """
            martlet send film.mkv         prints a code, a link and a QR code, and waits
            martlet send photos *.txt     folders and files, as many as you like
            martlet send --text "hello"   words, which the other side reads
            tar c x | martlet send - --name x.tar   what comes on standard input
            martlet send --local a.iso    only to this machine
            martlet send --server https://rooms.example.org a.iso   over somebody's server

            Code and link are for one receiver (or --receivers), and whoever holds them gets
            the files; the server gets nothing. After three tries with wrong words the code
            is dead, and the link still works. When the connection breaks the command waits (--wait); when it was
            stopped, the same command goes on where it was, under the same link and code.
            """,
        aliases: ["tx"])

    static let mostReceivers = 20

    @Argument(
        help: ArgumentHelp("The files and folders to send; “-” is standard input.", valueName: "path"),
        completion: .file())
    var paths: [String] = []

    @Option(help: ArgumentHelp("Send these words; “-” reads them from standard input.", valueName: "words"))
    var text: [String] = []

    @Option(help: ArgumentHelp("What standard input is called at the other side. (default: stdin)", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Leave out of folders what has such a name: “*.o”, “build/”, “docs/*.tmp”. Can be given several times.",
            valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Leave out of folders whatever has a name that begins with a dot.")
    var noHidden = false

    @Flag(help: "Follow symbolic links inside folders. (default: leave them out)")
    var followLinks = false

    @Option(
        help: ArgumentHelp(
            "Send at most so much, to all receivers together: 5MB/s, 500k, 2M.", valueName: "rate"))
    var limit: RateArgument?

    @Option(help: ArgumentHelp("How many may receive, 1 to 20, each at its own speed.", valueName: "count"))
    var receivers = 1

    @Flag(help: "Start over with a new link and code, also when an unfinished transfer could be resumed.")
    var new = false

    @Flag(help: "For the curious: let the network deliver in any order; what is lost is sent again.")
    var unordered = false

    @Option(
        help: ArgumentHelp(
            "For the curious: let SCTP try so often only (implies --unordered).", valueName: "count"))
    var maxRetransmits: UInt16?

    @OptionGroup var byHand: OfflineOptions
    @OptionGroup var verification: VerifyOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    static let environmentFlags =
        [
            EnvironmentFlag("text", .value), EnvironmentFlag("name", .value), EnvironmentFlag("exclude", .value),
            EnvironmentFlag("no-hidden", .switch), EnvironmentFlag("follow-links", .switch),
            EnvironmentFlag("limit", .value), EnvironmentFlag("receivers", .value), EnvironmentFlag("new", .switch),
            EnvironmentFlag("unordered", .switch), EnvironmentFlag("max-retransmits", .value),
        ] + OfflineOptions.environmentFlags + VerifyOptions.environmentFlags + WaitOptions.environmentFlags
        + ServerOptions.environmentFlags
        + OutputOptions.environmentFlags

    func validate() throws {
        guard !paths.isEmpty || !text.isEmpty else {
            throw ValidationError("there is nothing to send: name a file or a folder, or use --text")
        }
        guard (1...Self.mostReceivers).contains(receivers) else {
            throw ValidationError("--receivers is 1 to \(Self.mostReceivers)")
        }
        try byHand.validate(with: server)
        if byHand.offline {
            guard receivers == 1 else { throw ValidationError("--offline is for one receiver") }
            guard !(paths + text).contains("-") else {
                throw ValidationError("with --offline the answer comes on standard input: files cannot come there too")
            }
        }
        let inputCount = (paths + text).count { $0 == "-" }
        guard inputCount <= 1 else { throw ValidationError("standard input can be read once only") }
        guard name == nil || paths.contains("-") else { throw ValidationError("--name is for “-”, standard input") }
        guard receivers == 1 || !paths.contains("-") else {
            throw ValidationError("standard input can be read once, for one receiver")
        }
        guard !unordered && maxRetransmits == nil || !paths.contains("-") else {
            throw ValidationError("standard input can be read once: what --unordered loses could not be sent again")
        }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        // What is wrong with the server is said before anything is looked through.
        _ = try server.rendezvous()
        let client = try server.client()
        let sources = try await sources()
        var plan = try SendingPlan(sources, options: sourceOptions, on: console)
        plan.delivery = .init(isUnordered: unordered || maxRetransmits != nil, maxRetransmits: maxRetransmits)
        plan.limit = limit.map { RateLimit(bytesPerSecond: $0.bytesPerSecond) }
        let folder = StateFolder(Environment.value)
        let hashes = folder.flatMap { StateFolder.make($0.path) ? HashStore(folder: $0.hashes) : nil }
        let ticket = TransferTicket(
            TransferMemory.identity(of: sources, server, isOffline: byHand.offline), in: folder,
            receiverCount: receivers, startsOver: new)
        guard !byHand.offline else {
            let exchange = OfflineExchange(options: byHand, server: server, keepsOutputFree: false, console: console)
            return try await OfflineSending(
                plan: plan, ticket: ticket, hashes: hashes, exchange: exchange, console: console
            ).run()
        }
        try await SendingRoom(
            plan: plan, receiverCount: receivers, wait: waiting.wait.duration, server: server, client: client,
            ticket: ticket,
            hashes: hashes, words: verification.verify ? WordsQuestion(on: console) : nil, console: console
        ).run()
    }

    private var sourceOptions: SourceOptions {
        var options = SourceOptions()
        options.excludes = exclude
        options.includesHidden = !noHidden
        options.followsLinks = followLinks
        return options
    }

    private func sources() async throws(CommandFailure) -> [Source] {
        var sources = paths.map { $0 == "-" ? Source.standardInput(name: name ?? "stdin") : .path($0) }
        for words in text {
            guard words == "-" else {
                sources.append(.text(words))
                continue
            }
            guard let read = await StandardStreams.readText(atMost: Self.mostTextBytes) else {
                throw CommandFailure(
                    .source, "What comes on standard input is no text of at most 1 MiB.",
                    remedy: "martlet send - sends anything as a file")
            }
            sources.append(.text(read))
        }
        return sources
    }

    private static let mostTextBytes = 1 << 20
}
