internal import WordList

/// Three words that are the same on both sides unless somebody stands in between: two people compare them aloud.
///
/// They hang on the certificates of the connection, so that they differ on the two connections of whoever stands in
/// between, except with a chance of one in 2,176,782,336. Source: Docs/Protocols/Transfer.md, "Words to compare".
public struct VerificationWords: Sendable, Equatable, CustomStringConvertible {
    public static let count = 3

    /// Three of them, in their order.
    public let words: [String]

    /// `acid · acorn · acre`.
    public var description: String { words.joined(separator: " · ") }

    /// - Parameters:
    ///   - sender: SHA-256 of the certificate of the side that sends, and `senderNonce` what it committed to.
    ///   - receiver: the same of the other side.
    init(sender: [UInt8], receiver: [UInt8], senderNonce: [UInt8], receiverNonce: [UInt8]) {
        let digest = WordExchange.hash(Array("martlet words 1".utf8), sender, receiver, senderNonce, receiverNonce)
        let number = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        words = WordList.words(for: number, count: Self.count)
    }
}
