/// Finds an offer or an answer in what a person pastes, as it comes, and tells when it is whole.
///
/// Of the compact form letters and digits count, in any case: a chat program may break lines, quote them or hang marks
/// on them. Of the complete form line breaks do not count, which JSON has nowhere but between its words.
package struct OfflineReader: Sendable {
    package enum Progress: Sendable, Equatable {
        /// More must come.
        case more
        case done(OfflinePaste)
        case failed(OfflineError)
    }

    private enum State: Sendable {
        /// Letters and digits of late, upper case.
        case searching(tail: [UInt8])
        /// The values of the characters behind the prefix.
        case compact(values: [UInt8], needed: Int?)
        case complete(text: [UInt8], depth: Int, isInString: Bool, isEscaped: Bool)
        case over(Progress)
    }

    /// Nobody pastes more than this, and it is more than a description may have.
    static let mostBytes = 128 * 1024

    private var state = State.searching(tail: [])
    private var byteCount = 0

    package init() {}

    /// Whether something of a description has been found.
    package var hasBegun: Bool {
        if case .searching = state { false } else { true }
    }

    /// Takes the next bytes of UTF-8. After `done` or `failed` nothing changes any more.
    package mutating func read(_ bytes: some Sequence<UInt8>) -> Progress {
        for byte in bytes {
            if case .over(let progress) = state { return progress }
            read(byte)
        }
        if case .over(let progress) = state { return progress }
        return .more
    }

    /// Nothing more comes.
    package var end: OfflineError {
        switch state {
        case .searching: .noDescription
        case .compact(let values, let needed):
            .cutOff(
                characters: values.count + OfflinePaste.prefix.utf8.count,
                needed: needed.map { $0 + OfflinePaste.prefix.utf8.count })
        case .complete: .cutOff(characters: byteCount, needed: nil)
        case .over(.failed(let error)): error
        case .over: .damaged
        }
    }

    private mutating func read(_ byte: UInt8) {
        byteCount += 1
        guard byteCount <= Self.mostBytes else { return finish(.failed(.unusable)) }
        switch state {
        case .searching(let tail): search(byte, tail)
        case .compact: readCompact(byte)
        case .complete: readComplete(byte)
        case .over: break
        }
    }

    private mutating func finish(_ progress: Progress) { state = .over(progress) }

    // MARK: Where it begins

    private mutating func search(_ byte: UInt8, _ tail: [UInt8]) {
        if byte == UInt8(ascii: "{") {
            state = .complete(text: [byte], depth: 1, isInString: false, isEscaped: false)
            return
        }
        guard let character = Self.alphanumeric(byte) else { return }
        let prefix = Array(OfflinePaste.prefix.utf8)
        let tail = Array((tail + [character]).suffix(prefix.count))
        if tail == prefix {
            state = .compact(values: [], needed: nil)
        } else if tail.count == prefix.count, tail.dropLast() == prefix.dropLast(),
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
        {
            finish(.failed(.unknownVersion))
        } else {
            state = .searching(tail: tail)
        }
    }

    /// Upper case; nil for what is ignored.
    private static func alphanumeric(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"): byte
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
        default: nil
        }
    }

    // MARK: The compact form

    private mutating func readCompact(_ byte: UInt8) {
        guard case .compact(var values, var needed) = state, let character = Self.alphanumeric(byte) else { return }
        guard let value = Base32.value(of: character) else { return finish(.failed(.damaged)) }
        // Given back below: nothing is copied.
        state = .over(.more)
        values.append(value)
        if values.count == Base32.characterCount(forBytes: OfflineDescription.headByteCount) {
            guard let count = OfflineDescription.byteCount(head: Base32.bytes(values)) else {
                return finish(.failed(.damaged))
            }
            needed = Base32.characterCount(forBytes: count)
        }
        guard values.count == needed else {
            state = .compact(values: values, needed: needed)
            return
        }
        let bytes = Base32.bytes(values)
        // Each description has one text: what is left over of the last character is zero.
        guard let last = values.last, last & (1 << (5 * values.count - 8 * bytes.count) - 1) == 0 else {
            return finish(.failed(.damaged))
        }
        do throws(OfflineError) { finish(.done(try OfflinePaste(compact: bytes))) } catch { finish(.failed(error)) }
    }

    // MARK: The complete form

    private mutating func readComplete(_ byte: UInt8) {
        guard case .complete(var text, var depth, var isInString, var isEscaped) = state else { return }
        // A line break inside a string is not JSON: it came on the way.
        guard ![0x0A, 0x0D].contains(byte) else { return }
        state = .over(.more)
        text.append(byte)
        if isInString {
            isInString = isEscaped || byte != UInt8(ascii: "\"")
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        } else {
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        guard depth == 0 else {
            state = .complete(text: text, depth: depth, isInString: isInString, isEscaped: isEscaped)
            return
        }
        guard let text = String(validating: text, as: UTF8.self) else { return finish(.failed(.damaged)) }
        do throws(OfflineError) { finish(.done(try OfflinePaste(complete: text))) } catch { finish(.failed(error)) }
    }
}

extension OfflineReader {
    /// Reads a whole text.
    package static func read(_ text: String) throws(OfflineError) -> OfflinePaste {
        var reader = OfflineReader()
        switch reader.read(text.utf8) {
        case .done(let paste): return paste
        case .failed(let error): throw error
        case .more: throw reader.end
        }
    }
}
