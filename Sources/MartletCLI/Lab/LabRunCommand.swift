internal import ArgumentParser
internal import Lab
internal import Transfer

/// `martlet lab run`, which `martlet lab` means: experiments, one after the other.
struct LabRunCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure what the options of data channels do, and print it as a table.",
        usage: "martlet lab [options]",
        discussion: """
            martlet lab                  four kinds of channels at 10% loss, in seconds
            martlet lab --preset game    a classic question: game, voice, telemetry, file
            martlet lab --channel ordered,unordered:rtx=0 --loss 0,1%,10% --delay 50ms
            martlet lab --plan FILE -o DIR   many scenarios; report.json, .csv and .html
            martlet lab show DIR         what was measured, once more
            martlet lab live             four channels at once, while you turn at the link
            martlet lab join LINK        take part in the experiments of another terminal
            martlet lab soak             hours of what is hard for SCTP: does it freeze?

            Each scenario is a channel, a link and traffic; lists (a,b,c) are crossed.
            Links are simulated (two of our stacks in virtual time, which does not wait),
            shaped (real sockets, through a relay that loses and delays) or real (the path
            as it is). A seed is the dice of a link. A link of which no option says anything
            loses 10% and delays by 50 ms; otherwise it does what the options say, and no
            more: none is no loss, no bursts, no limit, in lists too (--burst none,3:5%).
            The table has a line for each scenario, and below it a sentence that says
            what it means.
            """)

    @Argument(help: .hidden)
    var words: [String] = []

    @Option(
        help: ArgumentHelp(
            "A classic question: game, voice, telemetry or file. Options change its plan.", valueName: "name"))
    var preset: LabPreset?

    @Option(
        help: ArgumentHelp(
            "Scenarios from a file of “key = value” lines, whose keys are these options; or those of a report, again.",
            valueName: "file"),
        completion: .file())
    var plan: String?

    @Option(
        help: ArgumentHelp(
            "simulated, shaped or real. (default: simulated; shaped with another peer)", valueName: "link"))
    var link: LabMedium?

    @Option(
        help: ArgumentHelp(
            """
            The other side: self; chromium or firefox, which is opened; page or terminal, for somebody who follows the \
            link that is shown.
            """, valueName: "peer"))
    var peer = LabPeer.own

    @Option(
        help: ArgumentHelp(
            """
            The other side is a command that returns what it gets: an offer on its standard input, its answer on its \
            output (Docs/Protocols/Lab.md). Times are there and back.
            """, valueName: "command"))
    var echo: String?

    @Flag(help: "Open the browser without a window; so too where there is no display.")
    var headless = false

    @OptionGroup var settings: LabSettingOptions
    @OptionGroup var files: LabFileOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [
            EnvironmentFlag(lab: "preset", .value), EnvironmentFlag(lab: "plan", .value),
            EnvironmentFlag(lab: "link", .value), EnvironmentFlag(lab: "peer", .value),
            EnvironmentFlag(lab: "echo", .value), EnvironmentFlag(lab: "headless", .switch),
        ]
        + LabSettingOptions.environmentFlags + LabFileOptions.environmentFlags + ServerOptions.environmentFlags
        + OutputOptions.environmentFlags

    func validate() throws {
        if let word = words.first {
            let shown = Printable.line(word, columns: 60, cut: .middle)
            let hint =
                if LabPreset(rawValue: word) != nil { "--preset \(shown)" } else if word.hasSuffix(".json") {
                    "martlet lab show \(shown)"
                } else if let near = CommandLineWords.nearest(word, LabCommand.names) { "martlet lab \(near)" } else {
                    "--plan \(shown), if it is a plan; martlet lab --help"
                }
            throw ValidationError("“\(shown)” is neither an option nor a command of the lab\n  try: \(hint)")
        }
        guard preset == nil || plan == nil else { throw ValidationError("--preset and --plan exclude each other") }
        guard echo == nil || !peer.isRemote else { throw ValidationError("--echo and --peer exclude each other") }
        guard link != .simulated || !isElsewhere else {
            throw ValidationError("a simulated link has both sides in itself: --link shaped or real for another peer")
        }
    }

    /// Whether the other side is no part of this process.
    private var isElsewhere: Bool { peer.isRemote || echo != nil }

    func perform(on console: Console) async throws(CommandFailure) {
        let plan = try wholePlan()
        let outputs = try LabFiles(files)
        let experiment = LabExperiment(
            plan: plan, preset: preset ?? LabPreset.allCases.first { $0.question == plan.title },
            peer: echo != nil ? .echo : LabReport.Peer(rawValue: peer.rawValue), outputs: outputs, console: console)
        if let echo {
            do throws(CommandFailure) {
                return try await experiment.run(
                    with: EchoRunner(command: echo, medium: plan.medium, agent: Program.agent))
            } catch {
                guard error.status == .noPath else { throw error }
                throw CommandFailure(
                    .noPath, error.sentence,
                    remedy: "the command by itself: it takes an offer and gives an answer (Docs/Protocols/Lab.md)")
            }
        }
        guard peer.isRemote else {
            return plan.medium == .simulated
                ? try await experiment.run(with: SimulatedRunner(agent: Program.agent))
                : try await experiment.run(with: PairRunner(medium: plan.medium, agent: Program.agent))
        }
        let room = LabRoom(
            options: server, client: try server.client(), peer: peer, isHeadless: headless, console: console)
        try await room.during { conductor throws(CommandFailure) in
            let runner = await RemoteRunner(
                conductor, agent: Program.agent, medium: plan.medium, count: plan.runCount)
            try await experiment.run(with: runner)
        }
    }

    /// What the options, the file and the preset say together.
    func wholePlan() throws(CommandFailure) -> LabPlan {
        do throws(LabPlanError) {
            var draft = LabPlanDraft()
            if let preset { draft = try preset.draft }
            if let plan {
                let text = try Self.read(plan)
                let place = Printable.line(plan, columns: 60)
                if LabPlan.isReport(text) { return try again(text, place) }
                draft = try LabPlanDraft(parsing: text, place: place)
            }
            if let link { draft.medium = link }
            // The question of a preset can be asked about a real path too; its own link is then not the preset's.
            if draft.medium == .real, preset != nil { draft.forgetLink() }
            for (setting, text) in settings.written { draft.set(setting, text) }
            if plan == nil, preset == nil {
                if !draft.describesLink, draft.medium != .real { draft.fill(from: .standardLink) }
                draft.title = "What do the options of a channel do?"
            }
            let plan = try draft.plan(medium: isElsewhere ? .shaped : .simulated)
            try check(plan)
            return plan
        } catch {
            throw CommandFailure(error)
        }
    }

    /// What a report has measured, as it was.
    private func again(_ text: String, _ place: String) throws(LabPlanError) -> LabPlan {
        if let (setting, _) = settings.written.first {
            let name = setting.rawValue
            throw LabPlanError(
                "A report is measured again as it was, and --\(name) would change it.",
                remedy: "without --\(name) (and MARTLET_LAB_\(name.uppercased())), or a plan of “key = value” lines")
        }
        var plan = try LabPlan(ofReport: text, place: place)
        if let link { plan = try plan.over(link) }
        try check(plan)
        return plan
    }

    private func check(_ plan: LabPlan) throws(LabPlanError) {
        if plan.medium == .simulated, isElsewhere {
            throw LabPlanError("A simulated link has both sides in itself.", remedy: "--link shaped, or real")
        }
        if echo != nil, plan.scenarios.contains(where: { $0.from == .partner }) {
            throw LabPlanError("An echo sends nothing of its own.", remedy: "--from here")
        }
        try plan.checkBlackouts(isOurs: echo == nil && (peer == .own || peer == .terminal))
    }

    private static func read(_ path: String) throws(LabPlanError) -> String {
        let file = LabShowCommand.isFolder(path) ? "\(path)/report.json" : path
        guard let text = SystemText.read(file, limit: LabReport.byteLimit + 1) else {
            throw LabPlanError("The plan \(path) cannot be read.", remedy: "check the name")
        }
        return text
    }
}

extension LabPreset: ExpressibleByArgument {}
extension LabMedium: ExpressibleByArgument {}
