/// The bounds of the protocol (Docs/Protocols/Transfer.md) and of what a peer may make this side keep.
enum TransferLimits {
    /// Bytes of UTF-8 of one control message.
    static let controlMessageBytes = 65_536
    /// Arrays and objects inside one another in a control message: the path of an item of an offer needs four.
    static let jsonDepth = 8
    /// Items in one `offer` message.
    static let itemsPerOffer = 500
    /// Items in all offers of a transfer.
    static let items = 250_000
    /// Bytes of all `offer` messages of a transfer: 250,000 items with long names, and no more memory than that.
    static let offerBytes = 64 << 20
    /// Bytes of an item that is text.
    static let textBytes: Int64 = 1 << 20
    /// The largest integer that every implementation holds exactly (a JavaScript number).
    static let largestInteger: Int64 = (1 << 53) - 1
    /// Messages with `"optional":true` that may be ignored in one transfer.
    static let ignoredMessages = 1_000
    /// Frames that may wait to be written. A window of small frames costs more in bookkeeping than in bytes: this many
    /// one-byte frames hold about 16 MiB.
    static let waitingFrames = 131_072
    /// Items that a sender lets end before the first of them is answered.
    static let unansweredItems = 4_096
    /// Bytes of the other side's words about items that failed; after these the code has to do.
    static let failureTextBytes = 1 << 20
    /// File bytes in one frame of ours: 64 KiB with the header.
    static let payloadBytes = 65_520
}
