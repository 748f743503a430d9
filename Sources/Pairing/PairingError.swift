/// Why an exchange between host and guest ended. Any of these ends it for good.
package enum PairingError: Error, Sendable, Equatable {
    case notAnObject
    case badMember(String)
    /// The body is not the one that comes next.
    case unexpectedBody
    /// The other side speaks another version, and was told.
    case unknownVersion(Int)
    /// A guest came with a code to a room that has none, and was told.
    case noCode
    /// The other side's nonce is our own: our hello came back.
    case reflectedHello
    /// The other side's share is a point that nobody may send.
    case badShare
    /// The other side does not hold the link's secret, or somebody in between changed what was said.
    case wrongSecret
    /// The same for the words of a code; so many looks are left on this side.
    case wrongWords(left: Int)
    /// This side allows no more looks at the code.
    case codeDead
    /// The other side, or somebody in between, refused: `dead`, `no-code`, `version`, or what a later version says.
    case refused(code: String)
    case wrongSequence(expected: UInt64, got: Int)
    /// A sealed body that the other side did not seal.
    case wrongBox
    /// Our own body would be larger than a server relays.
    case tooLarge(limit: Int)
    /// Nothing can be sealed before the exchange is through.
    case notPaired
    /// The exchange has failed before.
    case failed
}
