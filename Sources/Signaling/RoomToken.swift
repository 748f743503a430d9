internal import Digests

/// What a rendezvous server gives the host of a room, so that it gets its room back over another connection
/// (Docs/Protocols/Rooms.md).
///
/// It prints as `<secret>` wherever a value may end up in a log; `text` is for the wire only.
package struct RoomToken: Sendable, Equatable {
    private static let byteCount = 16

    package let text: String

    /// - Returns: nil unless the text is 1 to 64 characters of base64url.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard (1...64).contains(text.utf8.count), isPlain else { return nil }
        self.text = text
    }

    /// 128 random bits.
    package static func random(using generator: inout some RandomNumberGenerator) -> RoomToken {
        RoomToken(validated: Base64URL.encode(randomBytes(byteCount, using: &generator)))
    }

    private init(validated text: String) {
        self.text = text
    }

    /// In constant time.
    package static func == (left: RoomToken, right: RoomToken) -> Bool {
        HMAC.isEqual(Array(left.text.utf8), Array(right.text.utf8))
    }
}

extension RoomToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
