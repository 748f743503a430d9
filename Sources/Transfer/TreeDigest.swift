/// A SHA-256 value: the root of an item's hash tree, or a hash within it (``HashTree``).
public struct TreeDigest: Sendable, Hashable, CustomStringConvertible {
    package static let byteCount = 32

    // In place rather than in an array: a transfer keeps one for each of its items.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Fails unless there are 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(exactly: bytes)
    }

    /// - Parameter bytes: 32 of them.
    init(exactly bytes: [UInt8]) {
        func word(_ index: Int) -> UInt64 {
            bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Reads 64 hexadecimal digits.
    package init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.decode(text, byteCount: Self.byteCount) else { return nil }
        self.init(exactly: bytes)
    }

    /// 32 bytes.
    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }

    public static func == (left: TreeDigest, right: TreeDigest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}
