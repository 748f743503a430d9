internal import Signaling

/// Asks for the link or the code, and again where words were mistyped: that costs no try.
struct EntranceQuestion: Sendable {
    let reader: EntranceReader
    let console: Console

    /// Somebody is there to answer.
    var canAsk: Bool { console.facts.inputIsTerminal && console.facts.errorIsTerminal }

    /// The room to enter; nil when we are to make one.
    ///
    /// - Parameter arguments: of the command line; without any the environment may say it.
    func entrance(arguments: [String]) async throws(CommandFailure) -> RoomEntrance? {
        if arguments == ["-"] { return try await entrance(nil) }
        if !arguments.isEmpty { return try await entrance(arguments.joined(separator: " ")) }
        let given = ["MARTLET_LINK", "MARTLET_CODE"].compactMap { Environment.value($0) }.filter { !$0.isEmpty }
        guard given.count < 2 else {
            throw CommandFailure(
                .usage, "MARTLET_LINK and MARTLET_CODE are both set.", remedy: "unset the one that is not meant")
        }
        guard let text = given.first else { return nil }
        return try await entrance(text)
    }

    /// - Parameter given: what was given already, as an argument say; nil asks for it, or reads a line of standard
    ///   input.
    func entrance(_ given: String?) async throws(CommandFailure) -> RoomEntrance {
        var text: String
        if let given { text = given } else { text = try await ask("Link or code: ") }
        while true {
            do throws(EntranceReader.Mistake) { return try reader.read(text) } catch {
                guard canAsk, let code = error.code else { throw error.failure }
                console.warn(EntranceReader.sentence(code))
                text = try await ask("Code: ", start: Self.beginning(of: text, until: code))
            }
        }
    }

    /// Asks for the words once more, after wrong ones.
    func otherWords(for number: RoomNumber) async throws(CommandFailure) -> RoomEntrance {
        // What was typed before the question stood there is no answer to it.
        StandardStreams.dropTyped()
        return try await entrance(try await ask("Code: ", start: "\(number)-"))
    }

    private func ask(_ question: String, start: String = "") async throws(CommandFailure) -> String {
        let line = await LinePrompt.ask(question, start: start, on: console, complete: CodeCompletion.candidates)
        guard let line, !line.trimmed.isEmpty else {
            if Task.isCancelled { throw CommandFailure(any: CancellationError()) }
            throw CommandFailure(
                .usage,
                console.facts.inputIsTerminal ? "Nothing was typed." : "Standard input held no link and no code.",
                remedy: "\(EntranceReader.codeForm); or \(EntranceReader.linkForm)")
        }
        return Self.answer(line, start: start)
    }

    /// Somebody who types or pastes the whole code behind its beginning means the whole code.
    static func answer(_ line: String, start: String) -> String {
        guard !start.isEmpty, line.hasPrefix(start) else { return line }
        let rest = line.dropFirst(start.count).trimmed
        return rest.first.map { $0.isASCII && $0.isNumber } ?? false ? rest : line
    }

    /// What of a mistyped code need not be typed again.
    static func beginning(of text: String, until error: CodeError) -> String {
        let parts = text.split { $0.isWhitespace || "-._".contains($0) }
        let right =
            switch error {
            case .badNumber: 0
            case .wordCount(let count): min(count, CodeWords.count) + 1
            case .unknownWord(let position, _): position
            }
        return parts.prefix(right).map { $0 + "-" }.joined()
    }
}
