/// The name of a room: 16 characters of an alphabet without look-alikes, 80 random bits.
package struct RoomIdentifier: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
    private static let length = 16

    /// - Returns: nil when the text is not 16 characters of the alphabet.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = String(text)
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> RoomIdentifier {
        let characters = (0..<length).map { _ in alphabet[Int(generator.next() >> 59)] }
        return RoomIdentifier(validated: String(decoding: characters, as: UTF8.self))
    }

    private init(validated text: String) {
        self.text = text
    }

    package var description: String { text }
}
