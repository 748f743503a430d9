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

            Each scenario is a channel, a link and traffic; lists (a,b,c) are crossed.
            Links are simulated (two of our stacks in virtual time, which does not wait),
            shaped (real sockets, through a relay that loses and delays) or real (the path
            as it is). A seed is the dice of a link. The table has a line for each
            scenario, and below it a sentence that says what it means.
            """)

    @Argument(help: .hidden)
    var words: [String] = []

    @Option(
        help: ArgumentHelp(
            "A classic question: game, voice, telemetry or file. Options change its plan.", valueName: "name"))
    var preset: LabPreset?

    @Option(
        help: ArgumentHelp(
            "Scenarios from a file of “key = value” lines, whose keys are these options.", valueName: "file"),
        completion: .file())
    var plan: String?

    @Option(help: ArgumentHelp("simulated, shaped or real. (default: simulated)", valueName: "link"))
    var link: LabMedium?

    @OptionGroup var settings: LabSettingOptions
    @OptionGroup var files: LabFileOptions
    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [
            EnvironmentFlag(lab: "preset", .value), EnvironmentFlag(lab: "plan", .value),
            EnvironmentFlag(lab: "link", .value),
        ]
        + LabSettingOptions.environmentFlags + LabFileOptions.environmentFlags + OutputOptions.environmentFlags

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
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let plan = try wholePlan()
        let outputs = try LabFiles(files)
        let runner = try await runner(for: plan)
        try await LabExperiment(plan: plan, preset: preset, runner: runner, outputs: outputs, console: console).run()
    }

    /// What the options, the file and the preset say together.
    func wholePlan() throws(CommandFailure) -> LabPlan {
        do throws(LabPlanError) {
            var draft = LabPlanDraft()
            if let preset { draft = try preset.draft }
            if let plan {
                draft = try LabPlanDraft(parsing: try Self.read(plan), place: Printable.line(plan, columns: 60))
            }
            if let link { draft.medium = link }
            // The question of a preset can be asked about a real path too; its own link is then not the preset's.
            if draft.medium == .real, preset != nil { draft.forgetLink() }
            for (setting, text) in settings.written { draft.set(setting, text) }
            if plan == nil, preset == nil {
                if !draft.describesLink, draft.medium != .real { draft.fill(from: .standardLink) }
                draft.title = "What do the options of a channel do?"
            }
            return try draft.plan(medium: .simulated)
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func read(_ path: String) throws(LabPlanError) -> String {
        guard let text = SystemText.read(path) else {
            throw LabPlanError("The plan \(path) cannot be read.", remedy: "check the name")
        }
        return text
    }

    private func runner(for plan: LabPlan) async throws(CommandFailure) -> any LabRunner {
        switch plan.medium {
        case .simulated: SimulatedRunner(agent: Program.agent)
        case .shaped, .real: PairRunner(medium: plan.medium, agent: Program.agent)
        }
    }
}

extension LabPreset: ExpressibleByArgument {}
extension LabMedium: ExpressibleByArgument {}
