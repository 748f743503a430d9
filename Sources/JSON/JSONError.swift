/// Why a text is not read as JSON, with the offset in bytes of UTF-8 where that was noticed.
package enum JSONError: Error, Sendable, Equatable {
    /// The text ends inside its value, or has none.
    case unexpectedEnd(at: Int)
    /// The grammar (RFC 8259) allows another byte here, not this one.
    case unexpectedByte(at: Int)
    /// An escape sequence that there is not, or an unpaired surrogate where those are refused.
    case badEscape(at: Int)
    /// An object has a member of this name already. The name is the peer's text.
    case duplicateMember(String, at: Int)
    /// More arrays and objects inside one another than the reader was told to follow.
    case tooDeep(limit: Int)
}
