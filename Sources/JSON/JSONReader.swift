extension JSONValue {
    /// Reads exactly one value, with nothing but white space around it.
    ///
    /// - Parameters:
    ///   - depthLimit: how many arrays and objects may stand inside one another; the reader recurses no deeper.
    ///   - unpairedSurrogates: what an escaped surrogate without its partner means.
    /// - Throws: ``JSONError`` for everything that RFC 8259 does not allow, for a member that comes twice in one
    ///   object, and beyond the depth limit.
    package init(
        parsing text: some StringProtocol, depthLimit: Int, unpairedSurrogates: UnpairedSurrogate
    ) throws(JSONError) {
        var reader = JSONReader(
            bytes: Array(text.utf8), depthLimit: depthLimit, unpairedSurrogates: unpairedSurrogates)
        self = try reader.readText()
    }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private let depthLimit: Int
    private let unpairedSurrogates: UnpairedSurrogate
    private var index = 0
    private var depth = 0

    init(bytes: [UInt8], depthLimit: Int, unpairedSurrogates: UnpairedSurrogate) {
        self.bytes = bytes
        self.depthLimit = depthLimit
        self.unpairedSurrogates = unpairedSurrogates
    }

    mutating func readText() throws(JSONError) -> JSONValue {
        let value = try readValue()
        skipSpace()
        guard index == bytes.count else { throw .unexpectedByte(at: index) }
        return value
    }

    private mutating func readValue() throws(JSONError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { reader throws(JSONError) in try reader.readObject() })
        case UInt8(ascii: "["): return .array(try nested { reader throws(JSONError) in try reader.readArray() })
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try readWord("true", .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: return try readNumber()
        }
    }

    private mutating func nested<Value>(
        _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard depth < depthLimit else { throw .tooDeep(limit: depthLimit) }
        depth += 1
        index += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func readObject() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        skipSpace()
        if try take(UInt8(ascii: "}")) { return object }
        while true {
            skipSpace()
            let start = index
            let name = try readString()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            guard object.insert(try readValue(), as: name) else { throw .duplicateMember(name, at: start) }
            skipSpace()
            if try take(UInt8(ascii: "}")) { return object }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func readArray() throws(JSONError) -> [JSONValue] {
        var values: [JSONValue] = []
        skipSpace()
        if try take(UInt8(ascii: "]")) { return values }
        while true {
            values.append(try readValue())
            skipSpace()
            if try take(UInt8(ascii: "]")) { return values }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func readString() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        var content: [UInt8] = []
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): try readEscape(into: &content)
            case 0..<0x20: throw .unexpectedByte(at: index)
            default:
                content.append(byte)
                index += 1
            }
        }
    }

    private mutating func readEscape(into content: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        let byte = try peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += try readUnicodeEscape(from: start).utf8
        default: throw .badEscape(at: start)
        }
    }

    /// Reads the digits of an escape that began with a backslash and `u` at `start`, and its partner where it has one.
    private mutating func readUnicodeEscape(from start: Int) throws(JSONError) -> String {
        let unit = try readHex()
        guard UTF16.isSurrogate(unit) else { return String(decoding: [unit], as: UTF16.self) }
        let behind = index
        if UTF16.isLeadSurrogate(unit), bytes[index...].starts(with: #"\u"#.utf8) {
            index += 2
            let partner = try readHex()
            if UTF16.isTrailSurrogate(partner) { return String(decoding: [unit, partner], as: UTF16.self) }
        }
        switch unpairedSurrogates {
        case .refused: throw .badEscape(at: start)
        case .replaced:
            // Whatever comes next stands for itself.
            index = behind
            return "\u{FFFD}"
        }
    }

    private mutating func readHex() throws(JSONError) -> UInt16 {
        guard bytes.count - index >= 4 else { throw .unexpectedEnd(at: bytes.count) }
        var code: UInt16 = 0
        for offset in index..<index + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw .badEscape(at: offset)
            }
            code = code << 4 | UInt16(digit)
        }
        index += 4
        return code
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = index
        _ = try take(UInt8(ascii: "-"))
        // No zeros in front.
        if try !take(UInt8(ascii: "0")) { try skipDigits() }
        var isInteger = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try skipDigits()
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try skipDigits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw .unexpectedByte(at: start) }
        return .number(value)
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        guard index > start else { throw index < bytes.count ? .unexpectedByte(at: index) : .unexpectedEnd(at: index) }
    }

    private mutating func readWord(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in word.utf8 { try expect(byte) }
        return value
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw .unexpectedEnd(at: index) }
        return bytes[index]
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try peek() == byte else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try take(byte) else { throw .unexpectedByte(at: index) }
    }

    private mutating func skipSpace() {
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
