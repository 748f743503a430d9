/// What is wrong with a code, or with its words, that somebody typed.
package enum CodeError: Error, Sendable, Equatable {
    /// It does not start with a number from 1 to 999,999.
    case badNumber
    /// So many words, where there are three.
    case wordCount(Int)
    /// A word that is not in the list and not near to exactly one of it.
    ///
    /// - Parameters:
    ///   - position: 1 to 3.
    ///   - proposals: at most five words of the list that may have been meant; may be empty.
    case unknownWord(position: Int, proposals: [String])
}

extension CodeError: CustomStringConvertible {
    /// Without what was typed, which may be most of a secret.
    package var description: String {
        switch self {
        case .badNumber: "a code starts with a number, as in 7-clock-mango-crust"
        case .wordCount(let count): "a code has three words after its number, and this one has \(count)"
        case .unknownWord(let position, let proposals) where proposals.isEmpty:
            "word \(position) of the code is not one of the list"
        case .unknownWord(let position, let proposals):
            "word \(position) of the code is not one of the list; it may be \(proposals.joined(separator: ", "))"
        }
    }
}
