/// A flag of the command line that can be set by an environment variable too, `--expire` by MARTLET_EXPIRE, and by a
/// line of the configuration file.
struct EnvironmentFlag: Sendable, Equatable {
    enum Kind: Sendable {
        /// `--expire 2h`
        case value
        /// `--yes`
        case `switch`
        /// `--qr` and `--no-qr`
        case invertible
    }

    /// Without the dashes.
    var name: String
    var kind: Kind

    var variable: String

    /// - Parameter variable: in place of that of its name, where another command means something else by the name.
    init(_ name: String, _ kind: Kind, variable: String? = nil) {
        self.name = name
        self.kind = kind
        self.variable = variable ?? "MARTLET_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// What the environment adds to the command line. It stands before what the person typed, which therefore wins.
    ///
    /// - Throws: a failure when a switch is set to something that is neither yes nor no.
    static func arguments(
        for flags: [EnvironmentFlag], from environment: (String) -> String?
    ) throws(CommandFailure) -> [String] {
        var arguments: [String] = []
        for flag in flags {
            guard let value = environment(flag.variable), !value.isEmpty else { continue }
            guard let words = flag.arguments(value) else {
                throw CommandFailure(
                    .usage, "The environment variable \(flag.variable) has a value that is neither yes nor no.",
                    remedy: "\(flag.variable)=1 or \(flag.variable)=0")
            }
            arguments += words
        }
        return arguments
    }

    /// The words of the command line that mean `value`; nil for a switch that is neither on nor off.
    func arguments(_ value: String) -> [String]? {
        if kind == .value { return ["--\(name)=\(value)"] }
        switch value.lowercased() {
        case "1", "true", "yes", "on": return ["--\(name)"]
        case "0", "false", "no", "off": return kind == .invertible ? ["--no-\(name)"] : []
        default: return nil
        }
    }
}
