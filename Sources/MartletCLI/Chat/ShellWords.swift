/// Names of files in one line, as shells have them: divided by spaces, with quotation marks and backslashes around what
/// belongs together. A terminal that a file is dropped on types it so.
enum ShellWords {
    /// - Parameter home: what `~` stands for at the start of a word.
    /// - Returns: nil where a quotation mark is missing at the end.
    static func split(_ text: String, home: String?) -> [String]? {
        let (words, isWhole) = parse(text, home: home)
        return isWhole ? words.filter { !$0.isEmpty } : nil
    }

    /// The last word, which is still being typed, without its quotation marks; and what it looks like.
    static func last(_ text: String, home: String?) -> (word: String, start: String.Index) {
        var start = text.startIndex
        var isEscaped = false
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character.isWhitespace {
                start = text.index(after: index)
            }
        }
        return (parse(String(text[start...]), home: home).words.first ?? "", start)
    }

    /// The word so that it stays one.
    static func escaped(_ word: String) -> String {
        word.map { $0.isWhitespace || "'\"\\~".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    private static func parse(_ text: String, home: String?) -> (words: [String], isWhole: Bool) {
        var words = [""]
        var isEscaped = false
        var quote: Character?
        var isAtStart = true
        for character in text {
            if isEscaped {
                words[words.count - 1].append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { words[words.count - 1].append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character.isWhitespace {
                words.append("")
                isAtStart = true
                continue
            } else if character == "~", isAtStart, let home {
                words[words.count - 1] += home
            } else {
                words[words.count - 1].append(character)
            }
            isAtStart = false
        }
        return (words, quote == nil && !isEscaped)
    }
}
