internal import JSON
internal import Transfer

/// What `--verify` does with the words of each connection: tells them, and asks whether they match where somebody is
/// there to answer. Of several at a time one asks after the other.
actor WordsQuestion {
    private let console: Console
    /// Nothing else shows who is there: without a terminal the answer comes from standard input too.
    private let isDemanded: Bool
    /// The question before.
    private var last: Task<Bool, Never>?

    init(on console: Console, isDemanded: Bool = false) {
        self.console = console
        self.isDemanded = isDemanded
    }

    /// - Parameter view: of the transfer.
    /// - Returns: false when the words do not match, or when there are none.
    func verify(_ words: VerificationWords?, _ view: TransferView?) async -> Bool {
        guard let words, let view else { return false }
        let previous = last
        let question = Task { [console, isDemanded] in
            _ = await previous?.value
            return Task.isCancelled ? false : await Self.ask(words, view, isDemanded: isDemanded, on: console)
        }
        last = question
        return await withTaskCancellationHandler {
            await question.value
        } onCancel: {
            question.cancel()
        }
    }

    private static func ask(
        _ words: VerificationWords, _ view: TransferView, isDemanded: Bool, on console: Console
    ) async -> Bool {
        view.event("words", [("words", .array(words.words.map { .string($0) }))])
        let canAsk = console.facts.inputIsTerminal && console.facts.errorIsTerminal
        if canAsk || !console.isJSON { console.warn("Words to compare with \(view.who): \(words)") }
        guard canAsk || isDemanded else { return true }
        guard canAsk else { return await Question.answer() }
        return await Question.ask({ "Do they match?" }, standard: false, on: console)
    }
}
