package import Wire

/// A STUN message: what it is, whose transaction it belongs to, and its attributes in order.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0|     STUN Message Type     |         Message Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         Magic Cookie                          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     Transaction ID (96 bits)                  |
/// ```
/// RFC 8489 section 5.
package struct STUNMessage: Hashable, Sendable {
    package enum Class: UInt16, Sendable {
        case request = 0x000
        case indication = 0x010
        case successResponse = 0x100
        case errorResponse = 0x110
    }

    /// 12 bits (RFC 8489 section 17.1).
    package struct Method: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) {
            self.rawValue = rawValue & 0xFFF
        }

        package static let binding = Method(rawValue: 1)
    }

    static let magicCookie: UInt32 = 0x2112_A442
    static let headerBytes = 20
    /// A check has 6 or 7; a TURN allocation some ten.
    static let maximumAttributeCount = 64

    package var messageClass: Class
    package var method: Method
    package var transactionID: TransactionID
    /// Those before MESSAGE-INTEGRITY, duplicates included; lookups find the first of a kind, as section 14 asks.
    package var attributes: [STUNAttribute]
    /// The claim of a received message; ``encoded(integrityKey:hmac:fingerprint:)`` makes its own.
    package internal(set) var messageIntegrity: MessageIntegrity?
    /// As ``messageIntegrity``, computed with SHA-256.
    package internal(set) var messageIntegritySHA256: MessageIntegrity?
    /// Whether a received message carried a FINGERPRINT (a wrong one throws in parsing).
    package internal(set) var hasFingerprint = false

    package init(
        _ messageClass: Class, _ method: Method = .binding, transactionID: TransactionID,
        attributes: [STUNAttribute] = []
    ) {
        self.messageClass = messageClass
        self.method = method
        self.transactionID = transactionID
        self.attributes = attributes
    }

    /// Attributes that we would have to understand and do not; a request with any gets a 420 (section 6.3.1).
    package var unknownRequiredTypes: [STUNAttributeType] {
        attributes.compactMap {
            if case .other(let type, _) = $0, type.isComprehensionRequired { type } else { nil }
        }
    }
}

// MARK: - Lookups

extension STUNMessage {
    package var username: String? { first { if case .username(let text) = $0 { text } else { nil } } }
    package var priority: UInt32? { first { if case .priority(let value) = $0 { value } else { nil } } }
    package var errorCode: STUNErrorCode? { first { if case .errorCode(let error) = $0 { error } else { nil } } }
    package var iceControlling: UInt64? { first { if case .iceControlling(let value) = $0 { value } else { nil } } }
    package var iceControlled: UInt64? { first { if case .iceControlled(let value) = $0 { value } else { nil } } }
    package var software: String? { first { if case .software(let text) = $0 { text } else { nil } } }
    package var usesCandidate: Bool { attributes.contains(.useCandidate) }

    package var xorMappedAddress: TransportAddress? {
        first { if case .xorMappedAddress(let address) = $0 { address } else { nil } }
    }

    package var mappedAddress: TransportAddress? {
        first { if case .mappedAddress(let address) = $0 { address } else { nil } }
    }

    private func first<Value>(_ value: (STUNAttribute) -> Value?) -> Value? {
        for attribute in attributes {
            if let found = value(attribute) { return found }
        }
        return nil
    }
}
