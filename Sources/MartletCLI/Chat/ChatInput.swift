/// What a person can ask for in the middle of a talk: a line that begins with a slash.
enum ChatVerb: String, CaseIterable, Sendable {
    case send, accept, decline, cancel, verify, path, name, who, help, quit

    /// What stands behind it.
    var argument: String {
        switch self {
        case .send: "FILE…"
        case .accept, .decline, .cancel: "[N]"
        case .name: "NAME"
        default: ""
        }
    }

    var meaning: String {
        switch self {
        case .send: "offer files and folders to everybody here"
        case .accept: "take what is offered (N: which of several)"
        case .decline: "say no to what is offered"
        case .cancel: "end a transfer, or take back an offer"
        case .verify: "show the words to compare, so that nobody stands in between"
        case .path: "show how the connections run"
        case .name: "be called otherwise"
        case .who: "show who is here"
        case .help: "show this"
        case .quit: "leave (Ctrl-D on an empty line does too)"
        }
    }

    /// What `/help` shows.
    static var helpLines: [String] {
        let heads = allCases.map { "/\($0.rawValue)\($0.argument.isEmpty ? "" : " ")\($0.argument)" }
        let width = heads.map(\.count).max() ?? 0
        return zip(heads, allCases).map { head, verb in
            "  \(head)\(String(repeating: " ", count: width - head.count + 2))\(verb.meaning)"
        } + [
            "  //x says “/x”. Alt-Enter or Ctrl-J begins a new line.",
            "  The arrows bring back what was said; Tab goes on with commands and files.",
        ]
    }
}

/// What was entered.
enum ChatInput: Sendable, Equatable {
    case nothing
    case message(String)
    case command(ChatVerb, argument: String)
    /// No command is called so.
    case unknown(String, proposal: ChatVerb?)

    /// A slash begins a command; two begin a message with one. A path is a message.
    init(_ text: String) {
        guard !text.trimmed.isEmpty else {
            self = .nothing
            return
        }
        guard text.hasPrefix("/"), !text.hasPrefix("//") else {
            self = .message(text.hasPrefix("//") ? String(text.dropFirst()) : text)
            return
        }
        let word = text.dropFirst().prefix { !$0.isWhitespace }
        guard !word.contains("/"), !word.isEmpty else {
            self = .message(text)
            return
        }
        let argument = text.dropFirst(1 + word.count).trimmed
        if let verb = ChatVerb(rawValue: word.lowercased()) {
            self = .command(verb, argument: argument)
        } else {
            let near = CommandLineWords.nearest(word.lowercased(), ChatVerb.allCases.map(\.rawValue))
            let short = ChatVerb.allCases.filter { $0.rawValue.hasPrefix(word.lowercased()) }
            self = .unknown(
                String(word), proposal: near.flatMap(ChatVerb.init) ?? (short.count == 1 ? short.first : nil))
        }
    }
}
