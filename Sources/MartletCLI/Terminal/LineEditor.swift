/// A line that is being typed, key by key: a value, without a terminal.
///
/// Only what a code or a link consists of can be typed: printable ASCII.
struct LineEditor: Sendable {
    /// What a key has done.
    enum Effect: Sendable, Equatable {
        /// The line looks different, or is to be drawn again.
        case changed
        /// Nothing: there is nothing to complete, or no room.
        case refused
        /// The beginning could go on in these ways.
        case choices([String])
        /// Return.
        case entered
        /// Ctrl-D on an empty line.
        case ended
        case nothing
    }

    private enum State: Sendable {
        case plain
        /// Behind an escape character.
        case escape
        /// Behind `ESC [` or `ESC O`, with the parameter so far.
        case sequence([UInt8])
    }

    static let longest = 512

    private var bytes: [UInt8]
    private(set) var cursor: Int
    private var state = State.plain
    /// What may stand in place of what stands before the cursor.
    private let complete: @Sendable (String) -> [String]

    init(_ text: String = "", complete: @escaping @Sendable (String) -> [String] = { _ in [] }) {
        bytes = Array(text.utf8.filter(Self.isTypable).prefix(Self.longest))
        cursor = bytes.count
        self.complete = complete
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func press(_ key: UInt8) -> Effect {
        switch state {
        case .escape where key == UInt8(ascii: "[") || key == UInt8(ascii: "O"):
            state = .sequence([])
            return .nothing
        case .sequence(let parameter):
            return follow(parameter, key)
        case .escape, .plain:
            state = .plain
            return control(key) ?? (Self.isTypable(key) ? insert([key]) : .nothing)
        }
    }

    /// - Returns: nil for what is no control character that does something here.
    private mutating func control(_ key: UInt8) -> Effect? {
        switch key {
        case 0x0A, 0x0D: return .entered
        case 0x1B:
            state = .escape
            return .nothing
        case 0x09: return tab()
        case 0x08, 0x7F: return remove(max(0, cursor - 1)..<cursor)
        // Ctrl-A and E, B and F, as in every shell; D, K, U and W remove; L draws again.
        case 0x01: return move(to: 0)
        case 0x05: return move(to: bytes.count)
        case 0x02: return move(to: cursor - 1)
        case 0x06: return move(to: cursor + 1)
        case 0x04: return bytes.isEmpty ? .ended : remove(cursor..<min(bytes.count, cursor + 1))
        case 0x0B: return remove(cursor..<bytes.count)
        case 0x15: return remove(0..<cursor)
        case 0x17: return remove(wordStart..<cursor)
        case 0x0C: return .changed
        default: return nil
        }
    }

    /// Arrows, Home, End and Delete; everything else is swallowed.
    private mutating func follow(_ parameter: [UInt8], _ key: UInt8) -> Effect {
        guard 0x40...0x7E ~= key else {
            // A sequence that does not end is not kept.
            state = parameter.count < 16 && 0x20...0x3F ~= key ? .sequence(parameter + [key]) : .plain
            return .nothing
        }
        state = .plain
        switch (key, String(decoding: parameter, as: UTF8.self)) {
        case (UInt8(ascii: "D"), _): return move(to: cursor - 1)
        case (UInt8(ascii: "C"), _): return move(to: cursor + 1)
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): return move(to: 0)
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): return move(to: bytes.count)
        case (UInt8(ascii: "~"), "3"): return remove(cursor..<min(bytes.count, cursor + 1))
        default: return .nothing
        }
    }

    // MARK: Changes

    private mutating func insert(_ new: [UInt8]) -> Effect {
        guard bytes.count + new.count <= Self.longest else { return .refused }
        bytes.insert(contentsOf: new, at: cursor)
        cursor += new.count
        return .changed
    }

    private mutating func remove(_ range: Range<Int>) -> Effect {
        guard !range.isEmpty else { return .refused }
        bytes.removeSubrange(range)
        cursor = range.lowerBound
        return .changed
    }

    private mutating func move(to place: Int) -> Effect {
        guard (0...bytes.count).contains(place) else { return .refused }
        cursor = place
        return .changed
    }

    /// Where the word before the cursor begins.
    private var wordStart: Int {
        var start = cursor
        while start > 0, Self.isSeparator(bytes[start - 1]) { start -= 1 }
        while start > 0, !Self.isSeparator(bytes[start - 1]) { start -= 1 }
        return start
    }

    /// Goes on as far as all ways have in common.
    private mutating func tab() -> Effect {
        let typed = String(decoding: bytes[..<cursor], as: UTF8.self)
        let ways = complete(typed)
        guard let first = ways.first else { return .refused }
        let common = ways.dropFirst().reduce(Array(first.utf8)) { common, way in
            Array(zip(common, way.utf8).prefix { $0 == $1 }.map(\.0))
        }
        guard common.count > cursor else { return ways.count > 1 ? .choices(ways) : .refused }
        bytes.replaceSubrange(..<cursor, with: common.prefix(Self.longest))
        cursor = min(common.count, Self.longest)
        return .changed
    }

    private static func isTypable(_ byte: UInt8) -> Bool { 0x20...0x7E ~= byte }

    private static func isSeparator(_ byte: UInt8) -> Bool { "- ._/#:".utf8.contains(byte) }

    // MARK: Looks

    /// As much of the line as there is room for, with the cursor in it.
    ///
    /// - Parameter columns: at least 2.
    /// - Returns: the part, and how many columns the cursor stands before its end.
    func window(columns: Int) -> (text: String, back: Int) {
        let room = max(1, columns - 1)
        let end = min(bytes.count, max(cursor, room))
        let start = max(0, end - room)
        return (String(decoding: bytes[start..<end], as: UTF8.self), end - cursor)
    }
}
