/// What became of one item.
public struct ItemReport: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// It is complete under its final name on the receiver's disk, and both sides computed the same hash.
        case complete
        /// Receiver: something of that name is there already, and was to be kept (``ExistingFilePolicy/skip``).
        case skipped
        case failed(TransferError)
    }

    /// Its number in the offer, from 0.
    public var number: Int
    /// The name in the offer, fit to be shown.
    public var name: String
    /// Bytes, as offered.
    public var size: Int64
    public var outcome: Outcome
    /// Receiver: where it lies beneath the directory, when it is complete. This differs from the offered path when the
    /// name was taken or cannot be had here (``wasRenamed``). Not fit for a terminal without ``Printable``.
    public var localPath: String?
    public var wasRenamed: Bool
    /// SHA-256 of its bytes, when it is complete.
    public var digest: ContentDigest?

    /// The failure, if it failed.
    public var error: TransferError? {
        if case .failed(let error) = outcome { error } else { nil }
    }
}

/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
    /// File bytes that the receiver has handled: at the sender what the other side said, never what was merely sent.
    public var completedBytes: Int64
    /// All bytes of the offer.
    public var totalBytes: Int64
    /// The item being written, and how far it is.
    public var item: Int
    public var itemBytes: Int64
    public var itemSize: Int64
    /// Items that are complete or failed.
    public var finishedItems: Int
    public var itemCount: Int
}

/// What happens during a transfer, for whoever shows it. Events come from the transfer's tasks: return soon.
public enum TransferEvent: Sendable, Equatable {
    /// The other side has greeted; what it calls itself, fit to be shown.
    case peer(agent: String)
    /// Sender: the offer is out and the other person is asked.
    case offered
    /// The receiver said yes.
    case accepted
    case progress(TransferProgress)
    /// An item is complete or has failed; the others go on.
    case item(ItemReport)
}

/// The end of a transfer that ran to its receipt.
public struct TransferReport: Sendable, Equatable {
    /// In the order of the offer.
    public var items: [ItemReport]

    /// The first failure of an item; nil when everything arrived.
    public var firstError: TransferError? {
        for item in items { if let error = item.error { return error } }
        return nil
    }

    /// Bytes of the complete items.
    public var completedBytes: Int64 {
        items.reduce(0) { $0 + ($1.outcome == .complete ? $1.size : 0) }
    }
}

/// Settings of one side of a transfer, with what suits a program on a computer.
public struct TransferOptions: Sendable {
    /// What this side calls itself, for the person on the other; at most 80 characters.
    public var agent = "Martlet"
    /// Receiver: file bytes that may be under way or waiting for the disk. It bounds the memory of a transfer, and must
    /// be more than rate times round-trip time not to bound its speed: 16 MiB allow 160 MB/s over 100 ms.
    public var windowBytes = 16 << 20
    /// How long the other side may take for its greeting once the channels are open.
    public var greetingTimeout = Duration.seconds(30)

    public init() {}
}
