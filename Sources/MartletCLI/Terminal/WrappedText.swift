internal import Transfer

/// Words on a terminal that is narrower than a sentence: broken between words, where the terminal would break anywhere.
enum WrappedText {
    /// - Parameters:
    ///   - text: fit to be shown; one or more lines.
    ///   - columns: of the terminal. A word that is wider, such as a link, has a line of its own and is left to the
    ///     terminal.
    /// - Returns: the lines. Those that go on are indented by two columns more than the one they belong to.
    static func lines(_ text: String, columns: Int) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { broken(String($0), columns: columns) }
    }

    private static func broken(_ line: String, columns: Int) -> [String] {
        guard Printable.columns(of: line) > columns else { return [line] }
        let indent = String(line.prefix { $0 == " " })
        var lines: [String] = []
        var current = indent
        var width = indent.count
        var isEmpty = true
        for word in line.dropFirst(indent.count).split(separator: " ") {
            let wordWidth = Printable.columns(of: String(word))
            if !isEmpty, width + 1 + wordWidth > columns {
                lines.append(current)
                current = indent + "  "
                width = indent.count + 2
                isEmpty = true
            }
            current += (isEmpty ? "" : " ") + word
            width += (isEmpty ? 0 : 1) + wordWidth
            isEmpty = false
        }
        return lines + [current]
    }
}
