/// How the program ends, for whoever started it. The numbers are a promise: scripts depend on them.
enum CommandStatus: Int32, CaseIterable, Sendable {
    case done = 0
    case other = 1
    case usage = 2
    case source = 3
    case notVerified = 4
    case noPath = 5
    case declined = 6
    case vanished = 7
    case integrity = 8
    case localResource = 9
    case nobodyCame = 10
    case protocolMismatch = 11
    case interrupted = 130
    case terminated = 143

    /// A short name that does not change, for `--json`.
    var name: String {
        switch self {
        case .done: "done"
        case .other: "other"
        case .usage: "usage"
        case .source: "source"
        case .notVerified: "not-verified"
        case .noPath: "no-path"
        case .declined: "declined"
        case .vanished: "vanished"
        case .integrity: "integrity"
        case .localResource: "local-resource"
        case .nobodyCame: "nobody-came"
        case .protocolMismatch: "protocol"
        case .interrupted: "interrupted"
        case .terminated: "terminated"
        }
    }

    /// What it means, for the help.
    var meaning: String {
        switch self {
        case .done: "done"
        case .other: "something else went wrong"
        case .usage: "the command line was not understood"
        case .source: "a file to be sent is missing or cannot be read"
        case .notVerified: "wrong code or link, or the other side could not be verified"
        case .noPath: "no network path to the other side"
        case .declined: "the other side declined, canceled, or could not keep it"
        case .vanished: "the other side vanished"
        case .integrity: "what arrived is not what was sent"
        case .localResource: "here: the file exists, the disk is full or not writable, the port is in use"
        case .nobodyCame: "nobody came in time, or the link is stale"
        case .protocolMismatch: "the two sides do not speak the same protocol"
        case .interrupted: "stopped by Ctrl-C (SIGINT)"
        case .terminated: "stopped by SIGTERM"
        }
    }

    /// The table for `martlet help exit`.
    static var table: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 3 - number.count) + "\(number)  \(status.meaning)"
        }.joined(separator: "\n")
    }
}
