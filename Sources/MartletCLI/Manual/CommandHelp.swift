internal import JSON

/// A command as the argument parser describes it (`--experimental-dump-help`), as far as a manual needs it.
struct CommandHelp: Sendable {
    /// An option, a flag or an argument.
    struct Entry: Sendable {
        /// With dashes, the short one first; empty for an argument.
        var names: [String]
        /// What stands for the value; nil for a flag.
        var value: String?
        var isRepeating: Bool
        var isOptional: Bool
        var text: String
        var standard: String?
    }

    var name: String
    var aliases: [String]
    var abstract: String
    var discussion: String
    var entries: [Entry]
    var commands: [CommandHelp]

    /// - Returns: nil for text that is no such description.
    init?(dump: String) {
        guard let object = try? JSONValue(parsing: dump, depthLimit: 32, unpairedSurrogates: .replaced).object,
            let command = object["command"]?.object
        else { return nil }
        self.init(command)
    }

    private init(_ object: JSONObject) {
        func text(_ name: String) -> String { object[name]?.string ?? "" }
        name = text("commandName")
        aliases = object["aliases"]?.array?.compactMap(\.string) ?? []
        abstract = text("abstract")
        discussion = text("discussion")
        entries = (object["arguments"]?.array ?? []).compactMap(\.object).compactMap(Self.entry)
        commands = (object["subcommands"]?.array ?? []).compactMap(\.object)
            .filter { $0["shouldDisplay"] != .bool(false) }
            .map { CommandHelp($0) }
    }

    private static func entry(_ object: JSONObject) -> Entry? {
        guard object["shouldDisplay"] != .bool(false) else { return nil }
        let names = (object["names"]?.array ?? []).compactMap(\.object).compactMap { name -> String? in
            name["name"]?.string.map { (name["kind"]?.string == "short" ? "-" : "--") + $0 }
        }
        let isFlag = object["kind"]?.string == "flag"
        return Entry(
            names: names.sorted { $0.hasPrefix("--") ? false : $1.hasPrefix("--") },
            value: isFlag ? nil : object["valueName"]?.string ?? "value",
            isRepeating: object["isRepeating"] == .bool(true), isOptional: object["isOptional"] == .bool(true),
            text: object["abstract"]?.string ?? "", standard: object["defaultValue"]?.string)
    }

    /// The command, and behind it its commands with their whole names, “lab show”.
    var flattened: [CommandHelp] {
        [self]
            + commands.flatMap(\.flattened).map { command in
                var command = command
                command.name = "\(name) \(command.name)"
                return command
            }
    }

    /// Every flag and option of the command and its commands, with dashes.
    var allNames: [String] { entries.flatMap(\.names) + commands.flatMap(\.allNames) }
}
