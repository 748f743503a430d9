/// One `type=value` line of a session description (RFC 8866 section 5).
package struct SDPLine: Sendable {
    /// The letter before the equals sign.
    package let type: Unicode.Scalar
    package let value: String
    /// Where the line stood in the text it was read from, from 1; 0 for a line made here. Not part of equality.
    package let number: Int

    /// Makes a line. NUL, CR and LF are left out of `value`, so that no value can start another line.
    package init(_ type: Unicode.Scalar, _ value: String) {
        self.type = type
        self.value = value.utf8.contains(where: Self.isForbidden) ? Self.sanitized(value) : value
        number = 0
    }

    /// Makes an attribute line, `a=name` or `a=name:value`.
    package init(attribute name: String, _ value: String? = nil) {
        self.init("a", value.map { "\(name):\($0)" } ?? name)
    }

    init(parsed type: Unicode.Scalar, _ value: String, number: Int) {
        self.type = type
        self.value = value
        self.number = number
    }

    /// The line as an attribute, or nil when it is none.
    package var attribute: SDPAttribute? {
        type == "a" ? SDPAttribute(line: self) : nil
    }

    private static func isForbidden(_ byte: UInt8) -> Bool { byte == 0 || byte == 0x0A || byte == 0x0D }

    private static func sanitized(_ value: String) -> String {
        String(decoding: value.utf8.filter { !isForbidden($0) }, as: UTF8.self)
    }
}

extension SDPLine: Equatable {
    package static func == (left: SDPLine, right: SDPLine) -> Bool {
        left.type == right.type && left.value == right.value
    }
}

/// An `a=` line: a name, and the value after the first colon when there is one (RFC 8866 section 5.13).
package struct SDPAttribute: Sendable {
    package let name: String
    package let value: String?
    /// As in ``SDPLine/number``; not part of equality.
    package let lineNumber: Int

    fileprivate init(line: SDPLine) {
        let bytes = line.value.utf8
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        name = String(line.value[..<(colon ?? bytes.endIndex)])
        value = colon.map { String(line.value[bytes.index(after: $0)...]) }
        lineNumber = line.number
    }

    /// The value without spaces and tabs at its ends; empty for an attribute without value.
    package var trimmedValue: Substring {
        guard let value else { return "" }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let first = value.utf8.firstIndex(where: { !isSpace($0) }),
            let last = value.utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        // Cut as UTF-8: a space may be one Character with what follows it.
        return Substring(value.utf8[first...last])
    }

    /// The parts of the value between spaces.
    package var words: [Substring] { (value ?? "").split(separator: " ") }
}

extension SDPAttribute: Equatable {
    package static func == (left: SDPAttribute, right: SDPAttribute) -> Bool {
        left.name == right.name && left.value == right.value
    }
}
