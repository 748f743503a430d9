public import Martlet

/// What became of one item.
public struct ItemReport: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// It is complete under its final name on the receiver's disk, and both sides computed the same hash.
        case complete
        /// Something of that name is there already, and was to be kept (``ExistingFilePolicy/skip``).
        case skipped
        // In a box: there is one report for each of very many items, and few fail.
        indirect case failed(TransferError)
    }

    /// Its number in the offer, from 0.
    public var number: Int
    /// The name in the offer, fit to be shown.
    public var name: String
    /// Bytes, as offered; of a stream, as many as came.
    public var size: Int64
    public var outcome: Outcome
    public var kind = ItemKind.file
    /// Receiver: where it lies beneath the directory, when it is complete. This differs from the offered path when the
    /// name was taken or cannot be had here (``wasRenamed``). Not fit for a terminal without ``Printable``.
    public var localPath: String?
    public var wasRenamed: Bool
    /// Receiver: it was complete before this connection.
    public var wasHere = false
    /// The root of its hash tree, when it is complete.
    public var digest: TreeDigest?

    /// - Parameters:
    ///   - number: its place in the offer, from 0.
    ///   - name: fit to be shown.
    ///   - size: bytes.
    package init(
        number: Int, name: String, size: Int64, outcome: Outcome, localPath: String? = nil, wasRenamed: Bool = false,
        digest: TreeDigest? = nil
    ) {
        self.number = number
        self.name = name
        self.size = size
        self.outcome = outcome
        self.localPath = localPath
        self.wasRenamed = wasRenamed
        self.digest = digest
    }

    /// The failure, if it failed.
    public var error: TransferError? {
        if case .failed(let error) = outcome { error } else { nil }
    }
}

/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
    /// File bytes that the receiver has handled: at the sender what the other side said, never what was merely sent.
    public var completedBytes: Int64
    /// All bytes of the offer, as far as their number is known.
    public var totalBytes: Int64
    /// Nothing in the offer is of unknown size (a stream).
    public var isTotalKnown = true
    /// The item being written, and how far it is.
    public var item: Int
    /// How it is called in the offer, components joined by `/`: not fit for a terminal without ``Printable``.
    public var itemName = ""
    public var itemBytes: Int64
    /// Bytes of that item; of a stream, as many as came.
    public var itemSize: Int64
    /// Items that are complete or failed.
    public var finishedItems: Int
    public var itemCount: Int
}

/// What happens during a transfer, for whoever shows it. Events come from the transfer's tasks: return soon.
public enum TransferEvent: Sendable, Equatable {
    /// The other side has greeted; what it calls itself, fit to be shown.
    case peer(agent: String)
    /// The words that two people may compare aloud; does not come from a side that has none.
    case words(VerificationWords)
    /// Sender: the offer is out and the other person is asked.
    case offered
    /// More of the offer has come or gone: its items and their bytes so far.
    case counting(items: Int, bytes: Int64)
    /// The receiver said yes.
    case accepted
    /// The transfer goes on where an earlier connection ended: items and bytes that need not come again.
    case resumed(items: Int, bytes: Int64)
    case progress(TransferProgress)
    /// An item is complete or has failed; the others go on. At a receiver that resumes, also each that was complete
    /// before (``ItemReport/wasHere``).
    case item(ItemReport)
    /// Receiver: a text has arrived, as it came: not fit for a terminal without ``Printable``.
    case text(String)
    /// Sender, with frames that may be lost: file bytes that were sent once more, in all so far.
    case resent(bytes: Int64)
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
    /// How long nothing may move and the other side be silent before it counts as gone. Not while a person decides.
    public var stallTimeout = Duration.seconds(60)
    /// Receiver: by what the sender knows it again on a later connection, 1 to 64 characters; by default at random.
    public var session: String?
    /// Sender: by what a receiver knows the transfer again on a later connection, 1 to 64 characters; by default at
    /// random.
    public var transfer: String?
    /// Sender: the data channel may be unordered and may lose frames; what is lost is sent again.
    public var isUnordered = false
    /// The certificates of the connection under the channels; with them both sides get words to compare.
    public var certificates: CertificateFingerprints?
    /// Asked before anything is offered or accepted, with the words, or nil when the other side takes no part in them;
    /// false ends the transfer with the code `unverified`. Its task is cancelled when the transfer ends meanwhile.
    public var verify: (@Sendable (VerificationWords?) async -> Bool)?
    /// Sender: how fast, together with all others that have the same limit.
    public var limit: RateLimit?
    /// Sender: where hashes of what was sent are remembered, so that a resumed transfer need not read it again.
    public var hashes: HashStore?

    public init() {}

    /// Of 128 bits, so that nobody guesses it and no two are the same.
    static func randomIdentifier() -> String {
        String(UInt128.random(in: 0...UInt128.max), radix: 36)
    }
}
