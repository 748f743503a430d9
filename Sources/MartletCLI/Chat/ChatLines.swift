internal import Transfer

/// What is said, in lines of a terminal. Nothing that somebody says can look like what somebody else said, or the
/// program: only the first line of a message has a time and a name, all others have a margin with a bar.
///
///     12:04 <anna> first line
///           │ second line
///     12:05 * anna has left.
struct ChatLines: Sendable {
    let columns: Int
    let hasColour: Bool

    /// Where nothing fits into the terminal, lines may be longer than it.
    private static let leastRoom = 10
    private static let margin = "      │ "
    private static let marginColumns = 8
    /// For `✓ 3/7` behind the last line.
    static let tickColumns = 6

    /// - Parameters:
    ///   - name: as the talk shows it.
    ///   - colour: of the name, 0 is our own.
    ///   - tailColumns: room to be left behind the last line.
    func message(_ text: String, name: String, colour: Int, at time: ChatTime, tailColumns: Int = 0) -> [String] {
        let name = Self.shown(name: name)
        let head = "\(time.short) <\(name)> "
        let painted = "\(dim(time.short)) <\(paint(name, colour))> "
        let room = columns - 1 - tailColumns
        let rows = Self.rows(
            text, first: max(Self.leastRoom, room - Printable.columns(of: head)),
            others: max(Self.leastRoom, room - Self.marginColumns))
        return rows.enumerated().map { ($0 == 0 ? painted : dim(Self.margin)) + $1 }
    }

    /// Something that the program says.
    func remark(_ text: String, at time: ChatTime) -> [String] {
        let rows = Self.rows(
            text, first: max(Self.leastRoom, columns - 9), others: max(Self.leastRoom, columns - 9))
        return rows.enumerated().map { ($0 == 0 ? "\(dim(time.short)) \(dim("*")) " : "        ") + $1 }
    }

    // MARK: Names

    static let longestName = 24

    /// A name cannot end the brackets that it stands in, and keeps its end, which tells people of one name apart.
    static func shown(name: String) -> String {
        let name = String(name.map { $0 == "<" ? "‹" : $0 == ">" ? "›" : $0 })
        return Printable.line(name, columns: longestName, cut: .middle)
    }

    /// A name in the middle of a sentence of the program: one that could pass for more than a name is quoted.
    static func named(_ name: String) -> String {
        let shown = shown(name: name)
        let isPlain =
            shown.count(where: \.isWhitespace) < 2
            && shown.allSatisfy { $0.isLetter || $0.isNumber || $0.isWhitespace || "-_()'’".contains($0) }
        return isPlain ? shown : "“\(shown)”"
    }

    /// Those that can be read on light and dark; red is for errors.
    private static let colours = [36, 35, 32, 33, 34, 96, 95]

    private func paint(_ text: String, _ colour: Int) -> String {
        guard hasColour else { return text }
        let code = colour == 0 ? "1" : "1;\(Self.colours[(colour - 1) % Self.colours.count])"
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    func dim(_ text: String) -> String { hasColour ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

    // MARK: Lines

    /// The lines of a text, each fit to be shown; tabs are four columns.
    static func lines(_ text: String) -> [String] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { Printable.line(String($0).replacing("\t", with: "    ")) }
    }

    /// Broken between words, or within words that are too long.
    static func rows(_ text: String, first: Int, others: Int) -> [String] {
        var rows: [String] = []
        for line in lines(text) {
            var row = ""
            var used = 0
            /// Where the last space ends, in characters of the row.
            var space: Int?
            for character in line {
                let width = Printable.columns(of: String(character))
                let room = rows.isEmpty ? first : others
                if used + width > room, !row.isEmpty {
                    if character == " " {
                        // A space at the end of a row is not seen anyway.
                        (rows, row, used, space) = (rows + [row], "", 0, nil)
                        continue
                    }
                    let cut = space.flatMap { $0 * 3 > row.count ? $0 : nil } ?? row.count
                    let rest = String(row.dropFirst(cut))
                    rows.append(String(row.prefix(cut)).trailingSpacesRemoved)
                    (row, used, space) = (rest, Printable.columns(of: rest), nil)
                }
                row.append(character)
                used += width
                if character == " " { space = row.count }
            }
            rows.append(row)
        }
        return rows
    }
}

extension String {
    fileprivate var trailingSpacesRemoved: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
