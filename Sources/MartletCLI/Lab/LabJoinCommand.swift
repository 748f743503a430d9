internal import ArgumentParser
internal import JSON
internal import Lab
internal import Signaling
internal import Synchronization
internal import Transfer

/// `martlet lab join`: takes part in the experiments that somebody else runs.
struct LabJoinCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Take part in the experiments of another terminal.",
        usage: "martlet lab join [options] LINK | CODE --server URL",
        discussion: """
            martlet lab --link real --peer terminal   on the machine that measures: shows a link
            martlet lab join LINK        here: sends and receives what that one asks for

            Whoever runs the experiments gets the results; this side says what it does, and
            ends with the other. Nothing but test messages is sent, and no file is touched.
            """)

    @Argument(
        help: ArgumentHelp("The link or the code that the other terminal shows, or “-”.", valueName: "link-or-code"),
        completion: .custom { _, _, prefix in CodeCompletion.shellCandidates(for: prefix) })
    var entrance: [String] = []

    @Option(
        name: .customLong("server"),
        help: ArgumentHelp("The server that knows the code: https://rooms.example.org", valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "For https servers: trust the certificate authority in this file (PEM), and no other.", valueName: "file"),
        completion: .file())
    var ca: String?

    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [EnvironmentFlag("server", .value), EnvironmentFlag("ca", .value)] + OutputOptions.environmentFlags

    var speechOptions: OutputOptions { speech }

    func perform(on console: Console) async throws(CommandFailure) {
        var server = ServerOptions()
        (server.url, server.ca) = (url, ca)
        let reader = EntranceReader(server: try server.rendezvous(), verb: "lab join")
        let question = EntranceQuestion(reader: reader, console: console)
        var room = try await question.entrance(arguments: entrance)
        if room == nil { room = try await question.entrance(nil) }
        guard let room else { return }
        console.say("Connecting to \(Printable.line(room.rendezvous.pageAddress, columns: 100)) …")
        var entering = Entering(
            entrance: room, client: try server.client(), question: question, console: console,
            prepare: RoomChannels.make)
        let (peer, _) = try await entering.enter()
        let narrator = LabJoinNarrator(on: console)
        do throws(LabError) {
            try await LabPartner(peer, agent: Program.agent, onEvent: narrator.hear).serve()
        } catch {
            await narrator.told()
            console.clearBar()
            throw Self.failure(error)
        }
        await narrator.told()
        console.clearBar()
        narrator.end()
    }

    /// In words of whoever takes part.
    static func failure(_ error: LabError) -> CommandFailure {
        guard case .otherProtocol(let name) = error else { return CommandFailure(error) }
        switch name {
        case "martlet.chat":
            return CommandFailure(
                .protocolMismatch, "This leads to a talk, not to experiments.",
                remedy: "martlet chat, with the same link or code")
        case "martlet.transfer":
            return CommandFailure(
                .protocolMismatch, "This leads to files, not to experiments.",
                remedy: "martlet receive, with the same link or code")
        default: return CommandFailure(error)
        }
    }
}

/// Says what a partner of experiments does, one line for each run that is over. What it hears on the network loop it
/// says elsewhere, in its own time (``LabJoinEvents``).
final class LabJoinNarrator: Sendable {
    private struct State {
        /// The runs that are under way, as far as they have been told.
        var requests: [UInt32: LabRunRequest] = [:]
        /// What has been heard, told or not.
        var runCount = 0
        var failedCount = 0
        var messageCount = 0
    }

    private let console: Console
    private let state = Mutex(State())
    private let events = LabJoinEvents()

    init(on console: Console) {
        self.console = console
    }

    /// Does not wait for anybody to read.
    func hear(_ event: LabPartner.Event) {
        switch event {
        case .stopped(_, let side, let figures):
            state.withLock { state in
                state.runCount += 1
                state.messageCount += Self.messages(of: figures, from: side)
            }
        case .failed: state.withLock { $0.failedCount += 1 }
        case .met, .run, .started, .progress: break
        }
        events.put(event) { [self] in tell($0) }
    }

    /// Returns when all that was heard has been told.
    func told() async {
        let leftOutCount = await events.told()
        guard leftOutCount > 0 else { return }
        console.say("\(counted(leftOutCount, "line")) more had no room while nobody read.")
    }

    private func tell(_ event: LabPartner.Event) {
        switch event {
        case .met(let agent):
            let name = agent.isEmpty ? "The other side" : agent
            console.event("peer", [("agent", .string(agent))])
            console.say("\(name) measures; this side takes part. (Ctrl-C ends it)")
        case .run(let request):
            state.withLock { state in
                // More are never under way: that this one is over was left out.
                if state.requests.count >= LabConductor.runLimit, let over = state.requests.keys.min() {
                    state.requests[over] = nil
                }
                state.requests[request.run] = request
            }
            let text = Self.text(request)
            console.event(
                "lab-run",
                [
                    "run": .integer(Int64(request.run)), "of": request.of.map { .integer($0) } ?? .null,
                    "from": .string(request.from.rawValue), "channel": .string(request.channel.shortName),
                    "bytes": .integer(Int64(request.traffic.bytes)),
                    "rate": request.traffic.rate.map { .number($0) } ?? .null,
                ])
            if console.hasBar {
                console.drawBar(Printable.line("\(text) …", columns: console.facts.size().columns - 1))
            }
        case .started: break
        case .progress(let run, let figures):
            guard let request = state.withLock({ $0.requests[run] }) else { return }
            console.event("lab-run-progress", [("run", .integer(Int64(run)))] + Self.members(of: figures))
            if console.hasBar {
                let did = Self.text(figures, from: request.from)
                console.drawBar(Self.bar(did, Self.text(request), columns: console.facts.size().columns - 1))
            }
        case .stopped(let run, let side, let figures):
            let messages = Self.messages(of: figures, from: side)
            let request = state.withLock { $0.requests.removeValue(forKey: run) }
            console.event(
                "lab-run-over",
                [("run", .integer(Int64(run))), ("messages", .integer(Int64(messages)))] + Self.members(of: figures))
            console.say("\(request.map(Self.text) ?? "Run \(run)"): \(Self.text(figures, from: side)).")
        case .failed(let run, let reason):
            let request = state.withLock { $0.requests.removeValue(forKey: run) }
            let sentence = Printable.line(reason, columns: 200)
            console.event("lab-run-over", [("run", .integer(Int64(run))), ("message", .string(sentence))])
            console.say("\(request.map(Self.text) ?? "Run \(run)"): it broke off: \(sentence).")
        }
    }

    /// The other side is through.
    func end() {
        let (runs, failed, messages) = state.withLock { ($0.runCount, $0.failedCount, $0.messageCount) }
        console.event(
            "lab-over",
            [
                ("runs", .integer(Int64(runs))), ("failed", .integer(Int64(failed))),
                ("messages", .integer(Int64(messages))),
            ])
        let failures = failed > 0 ? " \(counted(failed, "run")) broke off." : ""
        console.say("The other side is through: \(counted(runs, "run")), \(counted(messages, "message")).\(failures)")
    }

    /// "sent 100 messages, 87 arrived", "received 87 of 100 messages"; without what the other side does not tell.
    static func text(_ figures: LabPartnerFigures, from side: LabSide) -> String {
        let (sent, arrived) = (figures.sent, figures.arrived)
        if side == .partner {
            return "sent \(counted(sent ?? 0, "message"))" + (arrived.map { ", \(grouped($0)) arrived" } ?? "")
        }
        guard let arrived, let sent, sent >= arrived else { return "received \(counted(arrived ?? 0, "message"))" }
        return "received \(grouped(arrived)) of \(counted(sent, "message"))"
    }

    /// What has come of a run, and which it is, in one line: what changes stands first, for the rest may be cut.
    private static func bar(_ did: String, _ run: String, columns: Int) -> String {
        let start = did.prefix(1).uppercased() + did.dropFirst()
        return Printable.line("\(start) · \(run)", columns: columns)
    }

    /// Messages of this side: those that it sent, or got.
    private static func messages(of figures: LabPartnerFigures, from side: LabSide) -> Int {
        (side == .partner ? figures.sent : figures.arrived) ?? 0
    }

    private static func members(of figures: LabPartnerFigures) -> [(String, JSONValue)] {
        func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        return [("sent", count(figures.sent)), ("arrived", count(figures.arrived))]
    }

    /// "Run 3 of 12: here to there, unordered, maxRetransmits 0, messages of 100 bytes, 50 a second"
    static func text(_ request: LabRunRequest) -> String {
        let number = request.of.map { "Run \(request.run) of \(max($0, Int64(request.run)))" } ?? "Run \(request.run)"
        let rate = request.traffic.rate.map { rate in
            rate.rounded() == rate ? "\(Int64(rate)) a second" : "\((rate * 100).rounded() / 100) a second"
        }
        return "\(number), \(request.channel.name), messages of \(counted(request.traffic.bytes, "byte")), "
            + (rate ?? "as fast as possible")
    }
}
