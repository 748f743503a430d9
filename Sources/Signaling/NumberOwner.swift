internal import Digests

/// All that a server keeps of whose a number was that rests: a hash of the room's name and of its token, by which its
/// host gets the number back.
struct NumberOwner: Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ room: RoomIdentifier, _ token: RoomTokenHash) {
        self.init(SHA256.hash(Array(room.text.utf8) + token.bytes)[..<16])
    }

    /// - Returns: nil unless the text is 16 bytes as `text` writes them.
    init?(_ text: some StringProtocol) {
        guard let bytes = Base64URL.decode(text), bytes.count == 16 else { return nil }
        self.init(bytes[...])
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        high = number(bytes.prefix(8))
        low = number(bytes.dropFirst(8))
    }

    var text: String {
        let bytes = [high, low].flatMap { part in (0..<8).map { UInt8(truncatingIfNeeded: part >> (56 - 8 * $0)) } }
        return Base64URL.encode(bytes)
    }
}

extension NumberOwner: Equatable {
    /// In constant time.
    static func == (left: NumberOwner, right: NumberOwner) -> Bool {
        (left.high ^ right.high) | (left.low ^ right.low) == 0
    }
}
