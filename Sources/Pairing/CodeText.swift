/// Reading what people type for codes (Docs/Protocols/Rooms.md, Links and codes).
enum CodeText {
    /// Nobody types a longer code; one that is pasted by mistake costs no time.
    private static let longest = 200
    private static let mostProposals = 5

    /// Lower case, split where anything stands that people write in place of a hyphen.
    static func parts(of text: some StringProtocol) -> [String] {
        text.prefix(longest).lowercased()
            .split { $0.isWhitespace || "-._".contains($0) }
            .map(String.init)
    }

    /// The places in the list of the word itself, or else of every word at distance one.
    static func candidates(for part: String) -> [Int] {
        if let index = CodeWords.list.firstIndex(of: part) { return [index] }
        let typed = Array(part.unicodeScalars)
        return CodeWords.list.indices.filter { isAtDistanceOne(Array(CodeWords.list[$0].unicodeScalars), typed) }
    }

    /// What a person may have meant by a word that was not taken.
    static func proposals(for part: String, near candidates: [Int]) -> [String] {
        if !candidates.isEmpty { return candidates.prefix(mostProposals).map { CodeWords.list[$0] } }
        for length in stride(from: part.count, to: 1, by: -1) {
            let found = CodeWords.completions(of: String(part.prefix(length)))
            if !found.isEmpty { return Array(found.prefix(mostProposals)) }
        }
        return []
    }

    /// One letter more, less or other, or two neighbours exchanged.
    static func isAtDistanceOne(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Bool {
        guard abs(left.count - right.count) <= 1, left != right else { return false }
        let same = zip(left, right).prefix { $0 == $1 }.count
        let (restOfLeft, restOfRight) = (left[same...], right[same...])
        if left.count > right.count { return restOfLeft.dropFirst().elementsEqual(restOfRight) }
        if left.count < right.count { return restOfLeft.elementsEqual(restOfRight.dropFirst()) }
        if restOfLeft.dropFirst().elementsEqual(restOfRight.dropFirst()) { return true }
        let (firstTwo, others) = (restOfLeft.prefix(2), restOfLeft.dropFirst(2))
        return firstTwo.reversed().elementsEqual(restOfRight.prefix(2))
            && others.elementsEqual(restOfRight.dropFirst(2))
    }
}
