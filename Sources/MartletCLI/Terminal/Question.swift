internal import Transfer

/// A question with yes or no, on a terminal.
enum Question {
    /// What an answer means: an empty one means `standard`; nil when it is neither.
    static func meaning(of answer: String, standard: Bool) -> Bool? {
        switch answer.trimmed.lowercased() {
        case "": standard
        case "y", "yes": true
        case "n", "no": false
        default: nil
        }
    }

    /// What stands behind a question.
    static func choices(standard: Bool) -> String { standard ? " [Y/n] " : " [y/N] " }

    /// Asks until there is an answer. The end of the input, and cancellation, mean no.
    ///
    /// - Parameter question: in the words of the moment.
    static func ask(_ question: () -> String, standard: Bool, on console: Console) async -> Bool {
        // What was typed before the question stood there is no answer to it.
        if console.facts.inputIsTerminal { StandardStreams.dropTyped() }
        while !Task.isCancelled {
            console.prompt(question() + choices(standard: standard))
            guard let answer = await StandardStreams.readLine() else { return false }
            console.answered()
            if let meaning = meaning(of: answer, standard: standard) { return meaning }
            console.warn("Please answer y or n.")
        }
        return false
    }

    /// What a program that cannot be asked says on standard input, in a line of its own: only `y` or `yes` is a yes.
    static func answer() async -> Bool {
        while let line = await StandardStreams.readLine() {
            // What a paste has left behind.
            if !line.trimmed.isEmpty { return meaning(of: line, standard: false) ?? false }
        }
        return false
    }

    /// Asks what to do with files whose names are taken. The end of the input, and cancellation, mean that they fail.
    static func existing(_ statement: String, on console: Console) async -> ExistingFilePolicy {
        console.warn(statement)
        while !Task.isCancelled {
            console.prompt("Overwrite, rename, skip, or fail? [o/r/s/F] ")
            guard let answer = await StandardStreams.readLine() else { return .fail }
            console.answered()
            if let policy = existing(answer) { return policy }
            console.warn("Please answer o, r, s or f.")
        }
        return .fail
    }

    /// What an answer to `existing` means; nil when it is none.
    static func existing(_ answer: String) -> ExistingFilePolicy? {
        switch answer.trimmed.lowercased() {
        case "o", "overwrite": .overwrite
        case "r", "rename": .rename
        case "s", "skip": .skip
        case "", "f", "fail": .fail
        default: nil
        }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// `1 file`, `3 files`, `30,041 files`; `plural` is for nouns that take more than an s.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    count == 1 ? "1 \(noun)" : "\(grouped(count)) \(plural ?? noun + "s")"
}

/// `999`, `30,041`.
func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    return digits.indices.map { index in
        (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
    }.joined()
}
