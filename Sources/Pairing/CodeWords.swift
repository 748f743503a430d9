internal import WordList

/// The three secret words of a code: 31.0 bits, drawn uniformly.
///
/// They print as `<words>` wherever a value may end up in a log; `text` is the only way to them.
package struct CodeWords: Sendable {
    package static let count = 3

    /// The words of codes: those of the word list that hold no hyphen, which separates them.
    package static let list: [String] = WordList.words.filter { !$0.contains("-") }

    private let indices: [UInt16]

    /// Draws three words.
    package static func random(using generator: inout some RandomNumberGenerator) -> CodeWords {
        CodeWords(indices: (0..<count).map { _ in UInt16.random(in: 0..<UInt16(list.count), using: &generator) })
    }

    /// Reads what a person typed: case does not matter, spaces, dots, underscores and several hyphens are as good as a
    /// hyphen, and a word at distance one (a letter more, less or other, or two neighbours exchanged) from exactly one
    /// word of the list is that word.
    package init(parsing text: some StringProtocol) throws(CodeError) {
        try self.init(parts: CodeText.parts(of: text))
    }

    init(parts: [String]) throws(CodeError) {
        guard parts.count == Self.count else { throw .wordCount(parts.count) }
        var indices: [UInt16] = []
        for (position, part) in parts.enumerated() {
            let candidates = CodeText.candidates(for: part)
            guard candidates.count == 1, let index = candidates.first else {
                throw .unknownWord(position: position + 1, proposals: CodeText.proposals(for: part, near: candidates))
            }
            indices.append(UInt16(index))
        }
        self.init(indices: indices)
    }

    private init(indices: [UInt16]) {
        self.indices = indices
    }

    private var words: [String] { indices.map { Self.list[Int($0)] } }

    /// `clock-mango-crust`: for people's eyes, never for a log.
    package var text: String { words.joined(separator: "-") }

    /// What both sides put into the key exchange: lower case, joined by single spaces.
    var password: [UInt8] { Array(words.joined(separator: " ").utf8) }

    /// The words of the list that start with what has been typed of one, in the order of the list.
    package static func completions(of prefix: String) -> [String] {
        let prefix = prefix.lowercased()
        return list.filter { $0.hasPrefix(prefix) }
    }
}

extension CodeWords: Equatable {
    /// Without telling by its running time where two differ.
    package static func == (left: CodeWords, right: CodeWords) -> Bool {
        zip(left.indices, right.indices).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension CodeWords: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<words>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
