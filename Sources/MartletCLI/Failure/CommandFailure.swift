/// The one way in which a command of this program fails: a sentence for the person, and an exit code.
///
/// Whatever a layer below throws is put into these words at one place each (`CommandFailure+….swift`). Remote text in
/// it has been made printable before.
struct CommandFailure: Error, Sendable, Equatable {
    var status: CommandStatus
    /// What happened and why: one sentence or two, with full stops.
    var sentence: String
    /// What to do next; nil where nothing is known to help.
    var remedy: String?
    /// What is here was kept, and the same command goes on with it.
    var isResumable = false

    init(_ status: CommandStatus, _ sentence: String, remedy: String? = nil) {
        self.status = status
        self.sentence = sentence
        self.remedy = remedy
    }
}

extension CommandFailure {
    /// As it stands on a terminal: one line, and one for the remedy.
    var text: String {
        let first = "error: \(sentence)"
        return remedy.map { "\(first)\n  try: \($0)" } ?? first
    }
}
