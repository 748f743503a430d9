internal import Digests

/// The 128 random bits in a link's fragment, which prove to each side that the other holds the link.
///
/// It prints as `<secret>` wherever a value may end up in a log; `base64URL` is the only way to its text.
package struct RoomSecret: Sendable, Equatable {
    package static let byteCount = 16

    package let bytes: [UInt8]

    /// - Returns: nil unless there are 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// - Returns: nil unless the text is 22 characters of unpadded base64url.
    package init?(base64URL text: some StringProtocol) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes: bytes)
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> RoomSecret {
        RoomSecret(validated: randomBytes(byteCount, using: &generator))
    }

    private init(validated bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// For the link only.
    package var base64URL: String { Base64URL.encode(bytes) }

    package static func == (left: RoomSecret, right: RoomSecret) -> Bool { HMAC.isEqual(left.bytes, right.bytes) }
}

extension RoomSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Bytes for nonces, secrets and scalars.
package func randomBytes(_ count: Int, using generator: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 56) }
}
