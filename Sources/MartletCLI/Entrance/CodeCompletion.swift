internal import Signaling

/// How the beginning of a code goes on: what Tab proposes, in our own question and in a shell.
enum CodeCompletion {
    /// What may stand in place of `typed`: the same with its last word whole, and a hyphen behind it if another
    /// follows. Empty where no word of a code stands: at its number, and behind its third word.
    static func candidates(for typed: String) -> [String] {
        let separator = typed.lastIndex { "-._ ".contains($0) }
        guard let separator, typed.first.map({ $0.isASCII && $0.isNumber }) ?? false else { return [] }
        let before = typed[...separator]
        // The number and the words before this one.
        let wordCount = before.split { "-._ ".contains($0) }.count - 1
        guard (0..<CodeWords.count).contains(wordCount) else { return [] }
        let end = wordCount + 1 < CodeWords.count ? "-" : ""
        return CodeWords.completions(of: String(typed[typed.index(after: separator)...])).map { before + $0 + end }
    }

    /// The same for a shell, which puts a space behind the only way to go on: where a word is known and another
    /// follows, that is one of the next words.
    static func shellCandidates(for typed: String) -> [String] {
        let ways = candidates(for: typed)
        guard ways.count == 1, let only = ways.first, only.hasSuffix("-") else { return ways }
        return candidates(for: only)
    }
}
