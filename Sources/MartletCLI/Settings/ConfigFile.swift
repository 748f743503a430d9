internal import Transfer

/// What a person has written down once instead of typing it each time: `key = value` lines, whose keys are the long
/// flags of the commands.
///
///     # for both commands
///     wait = 30m
///     [send]
///     limit = 5MB/s
///     [receive]
///     output = /home/me/Downloads
struct ConfigFile: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        /// `send` or `receive`; nil stands before the first section, and is for every command that has the flag.
        var section: String?
        var key: String
        var value: String
        /// In the file, from 1.
        var line: Int
    }

    /// How a command is called, and the flags that it has.
    typealias CommandFlags = (name: String, flags: [EnvironmentFlag])

    /// Where the file lies, for messages, fit to be shown.
    let path: String
    let entries: [Entry]

    /// More than this is no configuration.
    static let largestByteCount = 1 << 20

    /// - Throws: a failure with the number of the first line that makes no sense: no section, comment or `key = value`,
    ///   an unknown section, or a key that no command (no command of that name) has.
    init(_ text: String, path: String, commands: [CommandFlags]) throws(CommandFailure) {
        self.path = Printable.line(path, columns: 200)
        var entries: [Entry] = []
        var section: String?
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimmed
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                let name = line.dropFirst().prefix { $0 != "]" }.trimmed
                guard line.hasSuffix("]"), commands.contains(where: { $0.name == name }) else {
                    throw Self.failure(
                        self.path, index + 1, "there is no section \(Printable.line(line, columns: 60))",
                        remedy: commands.map { "[\($0.name)]" }.joined(separator: " or "))
                }
                section = name
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw Self.failure(self.path, index + 1, "this is no “key = value”", remedy: "expire = 2h")
            }
            let entry = Entry(
                section: section, key: line[..<equals].trimmed,
                value: Self.unquoted(line[line.index(after: equals)...].trimmed), line: index + 1)
            guard commands.contains(where: { Self.concerns(entry, $0) }) else {
                let key = Printable.line(entry.key, columns: 60)
                let sentence =
                    section.map { "“martlet \($0)” has no option called “\(key)”" }
                    ?? "no command has an option called “\(key)”"
                throw Self.failure(self.path, index + 1, sentence, remedy: "the long options, without their dashes")
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// What it adds to the command line of one command; variables that are set in the environment win over it.
    ///
    /// - Throws: a failure when a switch is set to something that is neither yes nor no.
    func arguments(
        for command: CommandFlags, environment: (String) -> String?
    ) throws(CommandFailure) -> [String] {
        var arguments: [String] = []
        for entry in entries where Self.concerns(entry, command) {
            guard let flag = command.flags.first(where: { $0.name == entry.key }),
                (environment(flag.variable) ?? "").isEmpty
            else { continue }
            guard let words = flag.arguments(entry.value) else {
                throw Self.failure(
                    path, entry.line, "the value of “\(flag.name)” is neither yes nor no",
                    remedy: "\(flag.name) = yes, or no")
            }
            arguments += words
        }
        return arguments
    }

    private static func concerns(_ entry: Entry, _ command: CommandFlags) -> Bool {
        (entry.section == nil || entry.section == command.name) && command.flags.contains { $0.name == entry.key }
    }

    private static func unquoted(_ value: String) -> String {
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            return String(value.dropFirst().dropLast())
        }
        return value
    }

    private static func failure(_ path: String, _ line: Int, _ what: String, remedy: String) -> CommandFailure {
        CommandFailure(.usage, "\(path), line \(line): \(what).", remedy: remedy)
    }
}

extension ConfigFile {
    /// Where it is looked for: `$MARTLET_CONFIG`, else `martlet/config` in `$XDG_CONFIG_HOME` or `~/.config`.
    static func place(_ environment: (String) -> String?) -> (path: String, isNamed: Bool)? {
        if let path = environment("MARTLET_CONFIG"), !path.isEmpty { return (path, true) }
        if let base = environment("XDG_CONFIG_HOME"), base.hasPrefix("/") { return ("\(base)/martlet/config", false) }
        return environment("HOME").map { ("\($0)/.config/martlet/config", false) }
    }

    /// The person's file; nil when there is none.
    ///
    /// - Throws: also when the environment names a file that cannot be read.
    static func load(
        _ environment: (String) -> String?, commands: [CommandFlags]
    ) throws(CommandFailure) -> ConfigFile? {
        guard let (path, isNamed) = place(environment) else { return nil }
        guard let text = SystemText.read(path) else {
            guard isNamed else { return nil }
            throw CommandFailure(
                .usage, "The file that MARTLET_CONFIG names cannot be read: \(Printable.line(path, columns: 200)).",
                remedy: "check the name, or unset MARTLET_CONFIG")
        }
        guard text.utf8.count <= largestByteCount else {
            throw CommandFailure(.usage, "\(Printable.line(path, columns: 200)) is too large for a configuration.")
        }
        return try ConfigFile(text, path: path, commands: commands)
    }
}
