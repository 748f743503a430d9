/// The number of a room, which its rendezvous server gives out and people say aloud (Docs/Protocols/Rooms.md).
package struct RoomNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let range = 1...999_999

    package let value: Int

    /// - Returns: nil outside of 1 to 999,999.
    package init?(_ value: Int) {
        guard Self.range.contains(value) else { return nil }
        self.value = value
    }

    /// - Returns: nil unless the text is 1 to 6 digits without a leading zero.
    package init?(_ text: some StringProtocol) {
        guard (1...6).contains(text.utf8.count), text.utf8.first != 0x30,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text)
        else { return nil }
        self.init(value)
    }

    package var description: String { "\(value)" }

    package static func < (left: RoomNumber, right: RoomNumber) -> Bool { left.value < right.value }
}
