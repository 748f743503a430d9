internal import ArgumentParser
internal import Chat
internal import Signaling
internal import Transfer

/// `martlet chat`: talks with a page or another terminal, in a room of our own or in somebody's.
struct ChatCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a browser or another terminal.",
        usage: "martlet chat [options] [LINK | CODE --server URL]",
        discussion: """
            martlet chat              prints a code, a link and a QR code, and waits
            martlet chat LINK         on another terminal, or open it in a browser
            martlet chat CODE --server URL   the same with a code; chat shows it all
            martlet chat --people 4   for up to four, each connected with each
            echo hi | martlet chat LINK --once   says it, waits until it is there, and ends

            What is typed goes to everybody in the room, over a connection of its own to
            each. Return says it; Alt-Enter or Ctrl-J begins a new line; what is pasted is
            said as it is. /send FILE offers files, /accept takes what is offered, /help
            lists the rest. ✓ is sent, ✓✓ has been shown to everybody. When a connection
            breaks it comes back by itself (--wait), and nothing is lost.
            Without a terminal each line of standard input is said, and what others say is
            a line “name: text” on standard output.
            """)

    @Argument(
        help: ArgumentHelp(
            "The link or the code that the other terminal shows, or “-”. (default: makes a room)",
            valueName: "link-or-code"),
        completion: .custom { _, _, prefix in CodeCompletion.shellCandidates(for: prefix) })
    var entrance: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            What the others see you called; MARTLET_CHAT_NAME in the environment. (default: your name on this machine)
            """, valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("How many may be in the room, you included: 2 to 8.", valueName: "count"))
    var people = 2

    @Flag(help: "When standard input ends, wait until all is delivered, and leave.")
    var once = false

    @Option(
        help: ArgumentHelp("Append what is said to this file, one line for each message.", valueName: "file"),
        completion: .file())
    var log: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Save files in this folder.", valueName: "folder"),
        completion: .directory)
    var output = "."

    @Flag(name: .shortAndLong, help: "Say yes beforehand: save whatever files are offered.")
    var yes = false

    @OptionGroup var waiting: WaitOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [
            EnvironmentFlag("name", .value, variable: "MARTLET_CHAT_NAME"), EnvironmentFlag("people", .value),
            EnvironmentFlag("once", .switch),
            EnvironmentFlag("log", .value), EnvironmentFlag("output", .value), EnvironmentFlag("yes", .switch),
        ] + WaitOptions.environmentFlags + ServerOptions.environmentFlags + OutputOptions.environmentFlags

    func validate() throws {
        guard ChatLimits.people.contains(people) else { throw ValidationError("--people is 2 to 8") }
        if let name, ChatText.ownName(name) == nil { throw ValidationError("--name is empty") }
        if output == "-" { throw ValidationError("standard output is for what is said: -o names a folder") }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let rendezvous = try server.rendezvous()
        let client = try server.client()
        let folder = try ChatFolder(path: output)
        let isInteractive =
            console.facts.inputIsTerminal && console.facts.hasEscapes && !console.isJSON
        let record = try log.map { path throws(CommandFailure) in
            try ChatLog(path: path) { [console] in console.warn($0) }
        }
        let question = EntranceQuestion(
            reader: EntranceReader(server: rendezvous, verb: "chat"), console: console)
        let entrance = try await question.entrance(arguments: entrance)
        let name = ChatText.ownName(name ?? "") ?? ChatText.ownName(Environment.value("USER") ?? "") ?? "somebody"
        let settings = ChatSettings(
            name: name, agent: Program.agent, people: people, wait: waiting.wait.duration)
        let narrator = ChatNarrator(on: console, name: name, log: record, isInteractive: isInteractive)
        let conversation = Conversation(
            settings, folder: folder, manners: .init(acceptsAll: yes, endsWithInput: once), narrator: narrator)
        if let entrance {
            let entering = Entering(
                entrance: entrance, client: client, question: question, console: console, prepare: RoomChannels.make)
            try await ChatVisit(entering: entering).run(conversation)
        } else {
            try await ChatRoom(options: server, people: people, client: client, console: console).run(conversation)
        }
    }
}

/// Where files of a talk go.
struct ChatFolder: Sendable {
    let path: String

    /// - Throws: a failure when nothing can be saved there: nobody wants to learn that in the middle of a talk.
    init(path: String) throws(CommandFailure) {
        self.path = path
        _ = try destination()
    }

    private func destination() throws(CommandFailure) -> Destination {
        do throws(TransferError) { return try open() } catch { throw ReceivingSide.failure(error, path: path) }
    }

    func open() throws(TransferError) -> Destination { .folder(try DestinationDirectory(path: path)) }
}
