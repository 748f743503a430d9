/// The manual page of the program, in the language of man(7), made from what `--help` is made from.
struct ManualPage: Sendable {
    let help: CommandHelp
    let version: String
    /// Of the version, as ISO 8601 has it.
    let date: String
    /// Lines of `number  meaning`.
    let exitCodes: String

    var text: String {
        var lines = [
            #".\" Made by: martlet manual"#,
            ".TH \(Self.word(help.name.uppercased())) 1 \(date) \"\(help.name) \(version)\" \"User Commands\"",
            ".SH NAME", "\(Self.escaped(help.name)) \\- \(Self.escaped(Self.phrase(help.abstract)))", ".SH SYNOPSIS",
        ]
        let commands = help.commands.flatMap(\.flattened)
        for (index, command) in commands.enumerated() {
            if index > 0 { lines.append(".br") }
            lines += [".B \(Self.escaped("\(help.name) \(command.name)"))", Self.synopsis(command)]
        }
        // A section begins with a paragraph of its own.
        lines += [".SH DESCRIPTION"] + Self.discussion(help.discussion).drop { $0 == ".PP" } + [".SH COMMANDS"]
        for command in commands { lines += section(command) }
        lines +=
            [".SH EXIT STATUS", ".nf"] + exitCodes.split(separator: "\n").map { Self.escaped(String($0)) } + [".fi"]
        lines += [".SH EVENTS", Self.escaped(EventTable.introduction.replacing("\n", with: " "))]
        for event in EventTable.events {
            let members = event.members.map { "\\fI\(Self.escaped($0))\\fR" }.joined(separator: ", ")
            lines += [".TP", "\\fB\(Self.escaped(event.type))\\fR \(members)", Self.escaped(event.meaning)]
        }
        lines += Self.closing
        return Self.filled(lines).joined(separator: "\n") + "\n"
    }

    /// Text is broken into lines of at most 80 bytes, as manuals are written; requests and tables are left alone.
    static func filled(_ lines: [String]) -> [String] {
        var isTable = false
        return lines.flatMap { line -> [String] in
            if line == ".nf" || line == ".fi" { isTable = line == ".nf" }
            guard !isTable, !line.hasPrefix("."), line.utf8.count > 80 else { return [line] }
            var rows: [String] = []
            for word in line.split(separator: " ") {
                if let last = rows.last, last.utf8.count + 1 + word.utf8.count <= 80 {
                    rows[rows.count - 1] = "\(last) \(word)"
                } else {
                    let isRequest = !rows.isEmpty && (word.hasPrefix(".") || word.hasPrefix("'"))
                    rows.append(isRequest ? "\\&\(word)" : String(word))
                }
            }
            return rows
        }
    }

    private func section(_ command: CommandHelp) -> [String] {
        var lines = [".SS \(Self.escaped("\(help.name) \(command.name)"))", Self.escaped(command.abstract)]
        if !command.aliases.isEmpty {
            lines += [
                ".PP", Self.escaped("Also: \(command.aliases.map { "\(help.name) \($0)" }.joined(separator: ", "))."),
            ]
        }
        lines += Self.discussion(command.discussion)
        for entry in command.entries {
            lines += [".TP", Self.term(entry), Self.escaped(entry.text)]
            // The words of an option say what no value can.
            if let standard = entry.standard, !standard.isEmpty, !entry.text.contains("default:"), entry.value != nil {
                lines.append(Self.escaped("The default is \(standard)."))
            }
        }
        return lines
    }

    private static func term(_ entry: CommandHelp.Entry) -> String {
        let value = entry.value.map { "\\fI\(escaped($0))\\fR" }
        guard !entry.names.isEmpty else { return value ?? "" }
        return entry.names.map { "\\fB\(escaped($0))\\fR" }.joined(separator: ", ") + (value.map { " \($0)" } ?? "")
    }

    private static func synopsis(_ command: CommandHelp) -> String {
        let arguments = command.entries.filter(\.names.isEmpty).map { entry in
            let name = "\\fI\(escaped(entry.value ?? ""))\\fR" + (entry.isRepeating ? " ..." : "")
            return entry.isOptional ? "[\(name)]" : name
        }
        return (["[\\fIoptions\\fR]"] + arguments).joined(separator: " ")
    }

    /// Paragraphs; one with columns is left as it stands.
    private static func discussion(_ text: String) -> [String] {
        guard !text.isEmpty else { return [] }
        var lines: [String] = []
        for paragraph in text.split(separator: "\n\n") {
            let rows = paragraph.split(separator: "\n").map { escaped(String($0)) }
            let isTable = paragraph.split(separator: "\n").contains { $0.dropFirst().contains("  ") }
            lines += isTable ? [".PP", ".nf"] + rows + [".fi"] : [".PP"] + rows
        }
        return lines
    }

    /// An abstract without its full stop and capital, as `NAME` wants it.
    private static func phrase(_ abstract: String) -> String {
        let text = abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    private static func word(_ text: String) -> String { escaped(text).replacing(" ", with: "\\ ") }

    /// Text that neither starts a request nor contains an escape.
    static func escaped(_ text: String) -> String {
        let text = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\e"
            case "-": "\\-"
            case "…": "..."
            case _ where scalar.isASCII: String(scalar)
            default: "\\[u\(hexadecimal(scalar.value))]"
            }
        }.joined()
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }

    /// At least four digits, as groff_char(7) wants them.
    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static let closing = """
        .SH ENVIRONMENT
        Every option has a variable: \\fB\\-\\-expire\\fR is \\fBMARTLET_EXPIRE\\fR, and \\fBMARTLET_YES=1\\fR stands for
        \\fB\\-\\-yes\\fR. Those of \\fBmartlet lab\\fR bear its name: \\fB\\-\\-loss\\fR is \\fBMARTLET_LAB_LOSS\\fR.
        What is typed wins over the environment, and the environment over the configuration.
        .TP
        \\fBMARTLET_LINK\\fR
        The link for \\fBmartlet receive\\fR and \\fBmartlet chat\\fR: other users of the machine do not see it there.
        .TP
        \\fBMARTLET_CODE\\fR
        The code for them, in place of a link; its server is \\fBMARTLET_SERVER\\fR.
        .TP
        \\fBMARTLET_CHAT_NAME\\fR
        The \\fB\\-\\-name\\fR of \\fBmartlet chat\\fR, which is not that of \\fBmartlet send\\fR.
        .TP
        \\fBMARTLET_CONFIG\\fR
        The configuration file.
        .TP
        \\fBMARTLET_STATE_DIR\\fR
        The folder for what is remembered of unfinished transfers.
        .TP
        \\fBNO_COLOR\\fR
        No colours.
        .SH FILES
        .TP
        \\fI~/.config/martlet/config\\fR
        Lines of \\fBkey = value\\fR, where a key is a long option without its dashes; comments start with #. What stands
        below \\fB[send]\\fR, \\fB[receive]\\fR, \\fB[chat]\\fR or \\fB[lab]\\fR is for that command only. \\fB$XDG_CONFIG_HOME\\fR is respected.
        .TP
        \\fI~/.local/state/martlet\\fR
        Records of unfinished transfers, with their links and codes, for 24 hours, tries of codes that failed, for 24
        hours too, and hashes of files that were sent.
        \\fB$XDG_STATE_HOME\\fR is respected.
        .TP
        \\fI.martlet\\-*.journal\\fR, \\fI.*.part\\fR
        In the folder of a receiver: what a broken transfer needs to go on. They are gone when it is complete.
        """.split(separator: "\n").map(String.init)
}
