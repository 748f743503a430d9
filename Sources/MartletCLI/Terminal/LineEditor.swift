/// Text that is being typed, key by key: a value, without a terminal.
///
/// The keys are those of every line editor. Where there may be several lines, Ctrl-J and Alt-Enter begin a new one, and
/// a paste that the terminal marks (`ESC [ 200 ~` … `ESC [ 201 ~`) is text, whatever is in it.
struct LineEditor: Sendable {
    /// What can be typed.
    enum Alphabet: Sendable {
        /// What a code or a link consists of: printable ASCII, in one line.
        case code
        /// Anything, in several lines.
        case text
    }

    /// What a key has done.
    enum Effect: Sendable, Equatable {
        /// The text looks different, or is to be drawn again.
        case changed
        /// Nothing: there is nothing to complete, or no room.
        case refused
        /// The beginning could go on in these ways.
        case choices([String])
        /// Return.
        case entered
        /// Ctrl-D where nothing stands.
        case ended
        case nothing
    }

    private enum State: Sendable {
        case plain
        /// Behind an escape character.
        case escape
        /// Behind `ESC [` or `ESC O`, with the parameter so far.
        case sequence([UInt8])
        /// The first bytes of a character, of so many.
        case character([UInt8], Int)
    }

    /// In bytes of UTF-8.
    let longest: Int
    private let alphabet: Alphabet
    private var edited: EditedText
    private var state = State.plain
    /// What is being pasted, with whether the byte before was a carriage return; nil outside of a paste.
    private var paste: (bytes: [UInt8], isBehindReturn: Bool)?
    private var history = LineHistory()
    /// What may stand in place of what stands before the cursor.
    private let complete: @Sendable (String) -> [String]

    static let longestCode = 512
    static let longestText = 32_768

    init(
        _ text: String = "", alphabet: Alphabet = .code,
        complete: @escaping @Sendable (String) -> [String] = { _ in [] }
    ) {
        self.alphabet = alphabet
        self.complete = complete
        longest = alphabet == .code ? Self.longestCode : Self.longestText
        edited = EditedText(
            alphabet == .code
                ? String(decoding: text.utf8.filter(Self.isCode).prefix(Self.longestCode), as: UTF8.self)
                : text.utf8.count <= Self.longestText ? text : "")
    }

    var text: String { edited.text }
    var isEmpty: Bool { edited.isEmpty }
    var cursor: Int { edited.cursor }
    var first: Character? { edited.glyphs.first?.character }

    /// What was entered is kept in the history, and the editor is empty.
    mutating func take() -> String {
        let text = text
        history.append(text)
        edited = EditedText()
        return text
    }

    mutating func press(_ key: UInt8) -> Effect {
        switch state {
        case .escape where key == UInt8(ascii: "[") || key == UInt8(ascii: "O"):
            state = .sequence([])
            return .nothing
        case .sequence(let parameter): return follow(parameter, key)
        case .character(let bytes, let count): return goOn(bytes, count, key)
        case .escape:
            state = .plain
            if paste != nil { return pasted(key) }
            return alternative(key) ?? plain(key)
        case .plain:
            if paste != nil { return pasted(key) }
            return plain(key)
        }
    }

    // MARK: Keys

    private mutating func plain(_ key: UInt8) -> Effect {
        if let effect = control(key) { return effect }
        guard key >= 0x80 else { return key >= 0x20 ? insert(String(UnicodeScalar(key))) : .nothing }
        guard alphabet == .text else { return .nothing }
        switch key {
        case 0xC2...0xDF: state = .character([key], 2)
        case 0xE0...0xEF: state = .character([key], 3)
        case 0xF0...0xF4: state = .character([key], 4)
        default: return .refused
        }
        return .nothing
    }

    /// A character of several bytes; what is none is dropped.
    private mutating func goOn(_ bytes: [UInt8], _ count: Int, _ key: UInt8) -> Effect {
        state = .plain
        guard 0x80...0xBF ~= key else { return plain(key) }
        let bytes = bytes + [key]
        guard bytes.count == count else {
            state = .character(bytes, count)
            return .nothing
        }
        return String(validating: bytes, as: UTF8.self).map { insert($0) } ?? .refused
    }

    /// - Returns: nil for what is no control character that does something here.
    private mutating func control(_ key: UInt8) -> Effect? {
        switch key {
        case 0x0A where alphabet == .text: return insert("\n")
        case 0x0A, 0x0D: return .entered
        case 0x1B:
            state = .escape
            return .nothing
        case 0x09: return tab()
        case 0x08, 0x7F: return remove(max(0, cursor - 1)..<cursor)
        // Ctrl-A and E, B and F, P and N, as in every shell; D, K, U and W remove; L draws again.
        case 0x01: return move(to: edited.lineStart)
        case 0x05: return move(to: edited.lineEnd)
        case 0x02: return move(to: cursor - 1)
        case 0x06: return move(to: cursor + 1)
        case 0x10: return recall(-1)
        case 0x0E: return recall(1)
        case 0x04: return isEmpty ? .ended : remove(cursor..<min(edited.glyphs.count, cursor + 1))
        case 0x0B: return remove(cursor..<edited.lineEnd)
        case 0x15: return remove(edited.lineStart..<cursor)
        case 0x17: return remove(edited.wordStart..<cursor)
        case 0x0C: return .changed
        default: return nil
        }
    }

    /// Alt with a key, or Escape before it.
    ///
    /// - Returns: nil for what is nothing special.
    private mutating func alternative(_ key: UInt8) -> Effect? {
        switch key {
        case 0x0A, 0x0D: alphabet == .text ? insert("\n") : nil
        case UInt8(ascii: "b") where alphabet == .text: move(to: edited.wordStart)
        case UInt8(ascii: "f") where alphabet == .text: move(to: edited.wordEnd)
        case UInt8(ascii: "d") where alphabet == .text: remove(cursor..<edited.wordEnd)
        case 0x08, 0x7F: remove(edited.wordStart..<cursor)
        default: nil
        }
    }

    /// Arrows, Home, End and Delete, and the marks of a paste; everything else is swallowed.
    private mutating func follow(_ parameter: [UInt8], _ key: UInt8) -> Effect {
        guard 0x40...0x7E ~= key else {
            // A sequence that does not end is not kept.
            state = parameter.count < 16 && 0x20...0x3F ~= key ? .sequence(parameter + [key]) : .plain
            return .nothing
        }
        state = .plain
        let parameter = String(decoding: parameter, as: UTF8.self)
        if paste != nil { return key == UInt8(ascii: "~") && parameter == "201" ? endPaste() : .nothing }
        switch (key, parameter) {
        case (UInt8(ascii: "A"), _): return edited.place(linesDown: -1).map { move(to: $0) } ?? recall(-1)
        case (UInt8(ascii: "B"), _): return edited.place(linesDown: 1).map { move(to: $0) } ?? recall(1)
        // With Ctrl or Alt by words.
        case (UInt8(ascii: "D"), "1;5"), (UInt8(ascii: "D"), "1;3"): return move(to: edited.wordStart)
        case (UInt8(ascii: "C"), "1;5"), (UInt8(ascii: "C"), "1;3"): return move(to: edited.wordEnd)
        case (UInt8(ascii: "D"), _): return move(to: cursor - 1)
        case (UInt8(ascii: "C"), _): return move(to: cursor + 1)
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"):
            return move(to: edited.lineStart)
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"):
            return move(to: edited.lineEnd)
        case (UInt8(ascii: "~"), "3"): return remove(cursor..<min(edited.glyphs.count, cursor + 1))
        case (UInt8(ascii: "~"), "200") where alphabet == .text:
            paste = ([], false)
            return .nothing
        default: return .nothing
        }
    }

    // MARK: Pastes

    /// Lines end in one way; controls other than new lines and tabs are left out.
    private mutating func pasted(_ byte: UInt8) -> Effect {
        let isBehindReturn = paste?.isBehindReturn ?? false
        paste?.isBehindReturn = byte == 0x0D
        switch byte {
        case 0x1B: state = .escape
        case 0x0D: keep(0x0A)
        case 0x0A where isBehindReturn: break
        case 0x09, 0x0A, 0x20...0x7E, 0x80...0xFF: keep(byte)
        default: break
        }
        return .nothing
    }

    /// What is longer than there can be room for is read and forgotten.
    private mutating func keep(_ byte: UInt8) {
        guard let count = paste?.bytes.count, count <= longest else { return }
        paste?.bytes.append(byte)
    }

    private mutating func endPaste() -> Effect {
        var bytes = paste?.bytes ?? []
        paste = nil
        // Whoever copies a line copies its end too, and means the line.
        while bytes.last == 0x0A { bytes.removeLast() }
        return bytes.isEmpty ? .nothing : insert(String(decoding: bytes, as: UTF8.self))
    }

    // MARK: Changes

    private mutating func insert(_ new: String) -> Effect {
        guard edited.byteCount + new.utf8.count <= longest else { return .refused }
        edited.insert(new)
        return .changed
    }

    private mutating func remove(_ range: Range<Int>) -> Effect { edited.remove(range) ? .changed : .refused }

    private mutating func move(to place: Int) -> Effect { edited.move(to: place) ? .changed : .refused }

    private mutating func recall(_ step: Int) -> Effect {
        guard alphabet == .text else { return .nothing }
        guard let text = history.move(by: step, from: text) else { return .refused }
        edited = EditedText(text)
        return .changed
    }

    /// Goes on as far as all ways have in common.
    private mutating func tab() -> Effect {
        let typed = edited.textBeforeCursor
        let ways = complete(typed)
        guard let first = ways.first else { return .refused }
        let common = ways.dropFirst().reduce(first) { common, way in
            String(zip(common, way).prefix { $0 == $1 }.map(\.0))
        }
        guard common.count > cursor, common.utf8.count - typed.utf8.count + edited.byteCount <= longest else {
            return ways.count > 1 ? .choices(ways) : .refused
        }
        edited.replace(0..<cursor, with: common)
        return .changed
    }

    private static func isCode(_ byte: UInt8) -> Bool { 0x20...0x7E ~= byte }

    // MARK: Looks

    /// In one line, as much as there is room for (``EditedText/window(columns:)``).
    func window(columns: Int) -> (text: String, cursor: Int) { edited.window(columns: columns) }

    /// In rows (``EditedText/rows(columns:)``).
    func rows(columns: Int) -> (rows: [String], cursor: (row: Int, column: Int)) { edited.rows(columns: columns) }
}
