internal import CPlatform

/// Secrets that were typed as arguments. Every user of the machine can read the arguments of every process, so that
/// they are overwritten first of all; who looks in the milliseconds before that sees them, and the shell's history
/// keeps them.
enum ArgumentSecrets {
    /// A part of an argument, in bytes of UTF-8.
    struct Place: Equatable {
        /// Of the argument; 0 is the first word after the program's name.
        var word: Int
        var start: Int
    }

    /// The commands that take neither a link nor a code: what they are given stays readable.
    private static let others = ["send", "tx", "serve", "bench", "completions", "manual", "help"]

    /// Where a link's secret, or the words of a code, begin; both go to the end of their argument.
    ///
    /// Number and words may be joined and divided as a person likes, and options may stand between them. What follows
    /// an option may be its value as well as a word of the code: it is a secret, but no word that was waited for.
    static func places(in words: [String]) -> [Place] {
        if let first = words.first, others.contains(first) { return [] }
        var places: [Place] = []
        /// How many words of a code may still follow; nil before its number.
        var missing: Int?
        var isBehindOption = false
        for (index, word) in words.enumerated() {
            let bytes = Array(word.utf8)
            defer { isBehindOption = isOption(bytes) }
            if let start = link(bytes) {
                places.append(Place(word: index, start: start))
                missing = number(bytes[start...]).map { max(0, 3 - parts(bytes[$0...])) }
            } else if let left = missing, left > 0, mayBeWords(bytes[...]) {
                places.append(Place(word: index, start: 0))
                if !isBehindOption { missing = max(0, left - parts(bytes[...])) }
            } else if let start = number(bytes[...]) {
                missing = 3
                guard mayBeWords(bytes[start...]) else { continue }
                places.append(Place(word: index, start: start))
                missing = max(0, 3 - parts(bytes[start...]))
            }
        }
        return places
    }

    /// Overwrites them where the system keeps them.
    static func blank(_ words: [String]) {
        for place in places(in: words) { martlet_blank_argument(place.word + 1, place.start, .max) }
    }

    /// Whether `word` is a code, or nearly one, rather than a file or a command.
    static func looksLikeCode(_ word: String) -> Bool { code(Array(word.utf8)) != nil }

    /// Whether `words` starts with a number that its next word turns into a code.
    static func startWithCode(_ words: [String]) -> Bool {
        guard let first = words.first else { return false }
        if looksLikeCode(first) { return true }
        return isNumber(Array(first.utf8)) && words.count > 1 && words[1].utf8.allSatisfy(isLetter)
    }

    /// What stands behind `#`. An option may stand before the link: `--link=http://…`.
    private static func link(_ bytes: [UInt8]) -> Int? {
        guard let hash = bytes.firstIndex(of: UInt8(ascii: "#")), bytes[..<hash].contains(UInt8(ascii: ":")) else {
            return nil
        }
        return hash + 1
    }

    /// What stands behind the number and what separates it.
    private static func code(_ bytes: [UInt8]) -> Int? {
        let digits = bytes.prefix(while: isDigit).count
        guard (1...6).contains(digits) else { return nil }
        let separators = bytes[digits...].prefix { "-._ ".utf8.contains($0) }.count
        let start = digits + separators
        guard separators > 0, bytes[start...].count(where: isLetter) >= 3, isLetter(bytes[start]) else { return nil }
        return start
    }

    /// Where what follows a number begins; nil for what does not start with one, or goes on with something else.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        let number = bytes.drop(while: isSeparator)
        let digits = number.prefix(while: isDigit)
        guard number.startIndex == bytes.startIndex || !isOption(Array(bytes)), (1...6).contains(digits.count),
            bytes[digits.endIndex...].first.map(isSeparator) ?? true
        else { return nil }
        return bytes[digits.endIndex...].drop(while: isSeparator).startIndex
    }

    /// Whether these can be words of a code, one of their letters perhaps mistyped: no address, no time, no option.
    private static func mayBeWords(_ bytes: ArraySlice<UInt8>) -> Bool {
        !isOption(Array(bytes)) && bytes.allSatisfy { isLetter($0) || isDigit($0) || isSeparator($0) }
            && bytes.count(where: isLetter) >= 2
    }

    /// How many words there are.
    private static func parts(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.split(whereSeparator: isSeparator).count
    }

    private static func isOption(_ bytes: [UInt8]) -> Bool {
        let rest = bytes.drop { $0 == UInt8(ascii: "-") }
        return rest.startIndex > 0 && rest.first.map(isLetter) ?? false
    }

    /// What people write in place of a hyphen; of spaces that are not ASCII any byte.
    private static func isSeparator(_ byte: UInt8) -> Bool { "-._ \t\n\r".utf8.contains(byte) || byte >= 0x80 }

    private static func isNumber(_ bytes: [UInt8]) -> Bool {
        (1...6).contains(bytes.count) && bytes.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x41...0x5A ~= byte & 0xDF }
}
