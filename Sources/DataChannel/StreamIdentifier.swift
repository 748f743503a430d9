/// The number of an SCTP stream, 0 to 65534; both directions of a data channel use the same one.
///
/// 65535 is not a stream: an association has at most 65535 of them, and RFC 8832 section 6 forbids the number.
package struct StreamIdentifier: Hashable, Comparable, Sendable {
    package let rawValue: UInt16

    /// Gives nil for 65535.
    package init?(_ rawValue: UInt16) {
        if rawValue == .max { return nil }
        self.rawValue = rawValue
    }

    package static func < (left: StreamIdentifier, right: StreamIdentifier) -> Bool { left.rawValue < right.rawValue }
}

extension StreamIdentifier: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

/// Which half of the stream identifiers an end may open channels on (RFC 8832 section 6).
enum StreamParity: UInt16 {
    /// The DTLS client's.
    case even = 0
    /// The DTLS server's.
    case odd = 1

    func contains(_ stream: StreamIdentifier) -> Bool { stream.rawValue & 1 == rawValue }
}
