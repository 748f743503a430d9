internal import ArgumentParser

/// `martlet lab`: what the options of data channels do.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Measure what the options of data channels do.",
        usage: "martlet lab [options], or martlet lab COMMAND …",
        discussion: """
            martlet lab --help has all options of experiments: martlet lab is martlet lab run.
            """,
        subcommands: [
            LabRunCommand.self, LabShowCommand.self, LabJoinCommand.self, LabLiveCommand.self, LabSoakCommand.self,
        ],
        defaultSubcommand: LabRunCommand.self)

    /// The commands behind `lab`.
    static var names: [String] {
        commands.flatMap(\.names).filter { $0.hasPrefix("lab ") }.map { String($0.dropFirst(4)) }
    }

    /// What stands behind `lab`, and the flags of it that can be set by the environment and the configuration.
    static let commands: [(names: [String], flags: [EnvironmentFlag])] = [
        (["lab", "lab run"], LabRunCommand.environmentFlags),
        (["lab show"], LabShowCommand.environmentFlags),
        (["lab join"], LabJoinCommand.environmentFlags),
        (["lab live"], LabLiveCommand.environmentFlags),
        (["lab soak"], LabSoakCommand.environmentFlags),
    ]
}

extension LabRunCommand {
    var speechOptions: OutputOptions { speech }
}

extension LabShowCommand {
    var speechOptions: OutputOptions { speech }
}
