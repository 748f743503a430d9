internal import Wire

/// Why bytes are not a STUN message that may be acted on (RFC 8489 section 6.3).
package enum STUNError: Error, Equatable, Sendable {
    /// A header, an attribute or its padding wants `needed` more bytes and only `available` are left.
    case truncated(needed: Int, available: Int)
    /// The two top bits are not zero, or the magic cookie is another: some other protocol, or RFC 3489.
    case notSTUN
    /// The length field of the header does not say what follows it, or is not a multiple of four.
    case lengthMismatch(claimed: Int, available: Int)
    /// The value of a known attribute cannot be what its type says.
    case malformedAttribute(STUNAttributeType)
    /// More attributes than any message we know of carries.
    case tooManyAttributes(limit: Int)
    /// FINGERPRINT is there and is not the CRC-32 of what precedes it, or is not the last attribute.
    case fingerprintMismatch

    init(_ error: ByteReaderError) {
        switch error {
        case .truncated(let needed, let available): self = .truncated(needed: needed, available: available)
        // Text is read only from values, whose failures have a case of their own.
        case .invalidText: self = .notSTUN
        }
    }
}
