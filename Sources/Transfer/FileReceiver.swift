/// Receives files from a ``FileSender``, or from a page, over channels that the caller has opened.
///
/// ```swift
/// let directory = try DestinationDirectory(path: ".")
/// let report = try await FileReceiver(destination: .folder(directory), channel: channel) { _ in .accept() }.run()
/// ```
public struct FileReceiver: Sendable {
    let destination: Destination
    let control: any TransferChannel
    let data: (any TransferChannel)?
    let options: TransferOptions
    let onEvent: @Sendable (TransferEvent) -> Void
    let decide: @Sendable (IncomingOffer) async -> OfferDecision
    /// Told by what the sender knows the transfer, before anybody is asked and before it goes on by itself.
    package var onTransfer: (@Sendable (_ transfer: String) async -> Void)?

    /// A transfer over two channels: a large file on `data` never delays a message on `control`.
    ///
    /// - Parameters:
    ///   - onEvent: told what happens; called from the transfer's tasks.
    ///   - decide: asked once, with the whole offer or, when that takes longer than half a second, with what has come
    ///     of it; later items are under the same yes. Nothing is written before. Not asked when what lies in the folder
    ///     shows that the same list was accepted on an earlier connection, and about nothing that does not fit the
    ///     disk. Its task is cancelled when the transfer ends meanwhile.
    public init(
        destination: Destination, control: any TransferChannel, data: any TransferChannel,
        options: TransferOptions = TransferOptions(), onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in },
        decide: @escaping @Sendable (IncomingOffer) async -> OfferDecision
    ) {
        self.destination = destination
        self.control = control
        self.data = data
        self.options = options
        self.onEvent = onEvent
        self.decide = decide
    }

    /// A transfer over one channel.
    public init(
        destination: Destination, channel: any TransferChannel,
        options: TransferOptions = TransferOptions(), onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in },
        decide: @escaping @Sendable (IncomingOffer) async -> OfferDecision
    ) {
        self.destination = destination
        control = channel
        data = nil
        self.options = options
        self.onEvent = onEvent
        self.decide = decide
    }

    /// Waits for the offer, asks, writes what comes, and returns when the sender has read the receipt (or 10 s later).
    /// The channels stay open.
    ///
    /// An item that cannot be kept fails alone: see the report. When the transfer ends early, what is on the disk for
    /// certain stays in hidden files beside its final place if a later connection can go on with it
    /// (``TransferError/isResumable``), and nothing stays otherwise. Cancelling the task tells the other side.
    ///
    /// - Throws: ``TransferError`` with the codes `declined` (by the decision), `storage` (no room, or the disk
    ///   failed), `peerVanished`, `protocolViolation`, `version`, `canceled`.
    public func run() async throws(TransferError) -> TransferReport {
        try await ReceiverRun(self).run()
    }
}
