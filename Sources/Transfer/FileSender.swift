/// Sends files to a ``FileReceiver``, or to a page, over channels that the caller has opened.
///
/// ```swift
/// let sources = try SourceList([.path("film.mkv")])
/// let report = try await FileSender(sources: sources, channel: channel).run()
/// ```
public struct FileSender: Sendable {
    /// Asked once the receiver has greeted, with what it is known by on a later connection (`session`) and what it
    /// calls itself (`agent`, fit to be shown); false sends it away with the code `taken`. One whose next
    /// words break the rules, or show that it is somebody else, is asked about too, and told that.
    public typealias Admission = @Sendable (_ session: String, _ agent: String) async -> Bool

    let sources: SourceList
    let control: any TransferChannel
    let data: (any TransferChannel)?
    let options: TransferOptions
    let admit: Admission?
    let onEvent: @Sendable (TransferEvent) -> Void

    /// A transfer over two channels: a large file on `data` never delays a message on `control`.
    ///
    /// - Parameter onEvent: told what happens; called from the transfer's tasks.
    public init(
        sources: SourceList, control: any TransferChannel, data: any TransferChannel,
        options: TransferOptions = TransferOptions(), admit: Admission? = nil,
        onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) {
        self.sources = sources
        self.control = control
        self.data = data
        self.options = options
        self.admit = admit
        self.onEvent = onEvent
    }

    /// A transfer over one channel.
    public init(
        sources: SourceList, channel: any TransferChannel, options: TransferOptions = TransferOptions(),
        admit: Admission? = nil, onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) {
        self.sources = sources
        control = channel
        data = nil
        self.options = options
        self.admit = admit
        self.onEvent = onEvent
    }

    /// Offers what there is while more is found, sends it, and returns when the receiver's receipt has come. The
    /// channels stay open.
    ///
    /// A file that cannot be sent, or that the other side does not keep, fails alone: see the report. Cancelling the
    /// task tells the other side.
    ///
    /// - Throws: ``TransferError`` with the codes `declined`, `peerVanished`, `storage` (reported by the peer),
    ///   `taken`, `protocolViolation`, `version`, `canceled`; and `unreadable` for more files than a transfer may have.
    public func run() async throws(TransferError) -> TransferReport {
        try await SenderRun(self).run()
    }
}
