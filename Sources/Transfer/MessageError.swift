internal import JSON

/// Why bytes or text are not a message of the transfer protocol.
package enum MessageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A control message of more than 64 KiB.
    case tooLong(byteCount: Int)
    /// Not JSON (RFC 8259), at this byte.
    case malformed(at: Int)
    /// More nested arrays and objects than any message has.
    case tooDeep
    /// A member comes twice in one object.
    case duplicateMember(String)
    case notAnObject
    case missingMember(String)
    /// The member has a value of another type, or one out of its range.
    case invalidMember(String)
    /// A `type` that this version does not know, without `"optional":true`.
    case unknownType
    /// A greeting of somebody who is there to talk (Docs/Protocols/Chat.md).
    case talk
    /// A greeting of somebody who is there for experiments (Docs/Protocols/Lab.md).
    case lab
    case tooManyItems(Int)
    /// A data frame shorter than its header, or without payload.
    case truncatedFrame(byteCount: Int)
    case unknownFrameKind(UInt8)
    /// Flags or reserved bits that this version does not know.
    case reservedBits

    package var description: String {
        switch self {
        case .tooLong(let byteCount): "a control message of \(byteCount) bytes"
        case .malformed(let offset): "not JSON at byte \(offset)"
        case .tooDeep: "JSON nested too deep"
        case .duplicateMember(let name): "member \(Printable.line(name, columns: 40)) comes twice"
        case .notAnObject: "a control message that is not an object"
        case .missingMember(let name): "member \(name) is missing"
        case .invalidMember(let name): "member \(name) is invalid"
        case .unknownType: "an unknown message type"
        case .talk: "a greeting of the chat"
        case .lab: "a greeting of the lab"
        case .tooManyItems(let count): "\(count) items in one message"
        case .truncatedFrame(let byteCount): "a data frame of \(byteCount) bytes"
        case .unknownFrameKind(let kind): "data frame kind \(kind)"
        case .reservedBits: "reserved bits in a data frame"
        }
    }
}

extension MessageError {
    init(_ error: JSONError) {
        switch error {
        case .unexpectedEnd(let offset), .unexpectedByte(let offset), .badEscape(let offset):
            self = .malformed(at: offset)
        case .duplicateMember(let name, _): self = .duplicateMember(name)
        case .tooDeep: self = .tooDeep
        }
    }
}
