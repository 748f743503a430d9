/// A member of a room, as the rendezvous server names it.
package struct PeerIdentifier: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 32 letters, digits, `-` and `_`.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard (1...32).contains(text.utf8.count), isPlain else { return nil }
        self.text = text
    }

    /// The `number`th member of a room.
    init(number: Int) {
        text = "p\(number)"
    }

    package var description: String { text }
}
