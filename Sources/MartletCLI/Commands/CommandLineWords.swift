internal import Transfer

/// The words after the program's name, before the argument parser sees them.
enum CommandLineWords {
    /// Adds what the configuration and the environment say, and the command that a bare link or code means.
    ///
    /// - Parameters:
    ///   - commands: every name of a command, its own first, with the flags that the environment can set.
    ///   - isFile: whether there is a file of that name, for a hint.
    static func expanded(
        _ words: [String], commands: [(names: [String], flags: [EnvironmentFlag])],
        environment: (String) -> String?, config: ConfigFile? = nil, isFile: (String) -> Bool = { _ in false }
    ) throws(CommandFailure) -> [String] {
        let hasLink = ["MARTLET_LINK", "MARTLET_CODE"].contains { !(environment($0) ?? "").isEmpty }
        guard let first = words.first else {
            guard hasLink else { return ["--help"] }
            return try expanded(["receive"], commands: commands, environment: environment, config: config)
        }
        if let command = commands.first(where: { $0.names.contains(first) }) {
            // Commands of a command, “lab show”, have flags of their own.
            let inner = words.dropFirst().first.flatMap { second in
                commands.first { $0.names.contains("\(first) \(second)") }
            }
            let depth = inner == nil ? 1 : 2
            // A command that has some is one of them by itself: “lab” is “lab run”.
            let spelled = command.names.first { $0.hasPrefix("\(first) ") }?.split(separator: " ").map(String.init)
            return (inner == nil ? spelled ?? [first] : Array(words.prefix(2)))
                + (try config?.arguments(
                    for: ((inner ?? command).names[0], (inner ?? command).flags), environment: environment) ?? [])
                + (try EnvironmentFlag.arguments(for: (inner ?? command).flags, from: environment))
                + words.dropFirst(depth)
        }
        if isForTheParser(first) { return words }
        guard isEntrance(words, isFile: isFile) || hasLink && first.hasPrefix("-") else {
            throw unknown(first, commands: commands.flatMap(\.names), isFile: isFile)
        }
        return try expanded(["receive"] + words, commands: commands, environment: environment, config: config)
    }

    /// Whether a link or a code stands among options.
    private static func isEntrance(_ words: [String], isFile: (String) -> Bool) -> Bool {
        guard let first = words.first, !isFile(first) else { return false }
        if first.contains("://") || ArgumentSecrets.startWithCode(words) { return true }
        guard first.hasPrefix("-") else { return false }
        return words.contains { $0.contains("://") && $0.contains("#") || ArgumentSecrets.looksLikeCode($0) }
    }

    private static func isForTheParser(_ word: String) -> Bool {
        ["-h", "-help", "--help", "--version", "help"].contains(word) || word.hasPrefix("--generate-")
            || word == "---completion" || word.hasPrefix("--experimental-")
    }

    private static func unknown(_ word: String, commands: [String], isFile: (String) -> Bool) -> CommandFailure {
        let shown = Printable.line(word, columns: 60, cut: .middle)
        let remedy =
            if isFile(word) { "martlet send \(shown)" } else if let near = nearest(word, commands) {
                "martlet \(near)"
            } else { "martlet --help" }
        return CommandFailure(.usage, "“\(shown)” is neither a command nor a link or a code.", remedy: remedy)
    }

    /// The command that is at most two letters away.
    static func nearest(_ word: String, _ commands: [String]) -> String? {
        let distances = commands.filter { $0.count > 2 }.map { (name: $0, distance: distance(word, $0)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= 2 else { return nil }
        return best.name
    }

    /// Letters to insert, to remove or to replace.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(32))
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(min(above, row[j]) + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
