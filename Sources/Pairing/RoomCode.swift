/// A code that one person tells another: `7-clock-mango-crust`, the number of a room and three secret words.
package struct RoomCode: Sendable, Equatable {
    package var number: RoomNumber
    package var words: CodeWords

    package init(number: RoomNumber, words: CodeWords) {
        self.number = number
        self.words = words
    }

    /// Reads what a person typed, as forgiving as `CodeWords` is.
    package init(parsing text: some StringProtocol) throws(CodeError) {
        let parts = CodeText.parts(of: text)
        guard let first = parts.first, let number = RoomNumber(first) else { throw .badNumber }
        self.init(number: number, words: try CodeWords(parts: Array(parts.dropFirst())))
    }

    /// The whole code, words included: for people's eyes, never for a log.
    package var text: String { "\(number)-\(words.text)" }
}

extension RoomCode: CustomStringConvertible {
    package var description: String { "\(number)-\(words)" }
}
