internal import Digests
internal import Signaling

/// By what one side of a pair knows the other again on a later connection: 16 random bytes, which a side makes for one
/// other person and tells nobody else. Whoever knows it can take that person's place, so it is printed nowhere.
/// Source: Docs/Protocols/Chat.md, "A connection begins".
package struct ChatSession: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// 22 characters of base64url.
    package let text: String

    /// - Returns: nil for anything but the one text of 16 bytes.
    package init?(_ text: String) {
        guard text.utf8.count == 22, let bytes = Base64URL.decode(text), bytes.count == 16 else { return nil }
        self.text = text
    }

    private init(bytes: [UInt8]) {
        text = Base64URL.encode(bytes)
    }

    /// A new one, by the system's generator.
    package static func random() -> ChatSession {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> ChatSession {
        ChatSession(bytes: (0..<16).map { _ in UInt8.random(in: 0...UInt8.max, using: &generator) })
    }

    /// In constant time.
    package static func == (left: ChatSession, right: ChatSession) -> Bool {
        HMAC.isEqual(Array(left.text.utf8), Array(right.text.utf8))
    }

    package var description: String { "<session>" }

    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
