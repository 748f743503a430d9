/// Sends files to a ``FileReceiver``, or to a page, over channels that the caller has opened.
///
/// ```swift
/// let report = try await FileSender(files: [SourceFile(path: "film.mkv")], channel: channel).run()
/// ```
public struct FileSender: Sendable {
    private let files: [SourceFile]
    private let control: any TransferChannel
    private let data: (any TransferChannel)?
    private let options: TransferOptions
    private let onEvent: @Sendable (TransferEvent) -> Void

    /// A transfer over two channels: a large file on `data` never delays a message on `control`.
    ///
    /// - Parameter onEvent: told what happens; called from the transfer's tasks.
    public init(
        files: [SourceFile], control: any TransferChannel, data: any TransferChannel,
        options: TransferOptions = TransferOptions(), onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) {
        self.files = files
        self.control = control
        self.data = data
        self.options = options
        self.onEvent = onEvent
    }

    /// A transfer over one channel.
    public init(
        files: [SourceFile], channel: any TransferChannel,
        options: TransferOptions = TransferOptions(), onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) {
        self.files = files
        control = channel
        data = nil
        self.options = options
        self.onEvent = onEvent
    }

    /// Offers the files, sends them, and returns when the receiver's receipt has come. The channels stay open.
    ///
    /// A file that cannot be sent, or that the other side does not keep, fails alone: see the report. Cancelling the
    /// task tells the other side.
    ///
    /// - Throws: ``TransferError`` with the codes `declined`, `peerVanished`, `storage` (reported by the peer),
    ///   `protocolViolation`, `version`, `canceled`; and `unreadable` for more files than a transfer may have.
    public func run() async throws(TransferError) -> TransferReport {
        guard files.count <= TransferLimits.items else {
            throw TransferError(.unreadable, "\(files.count) files are more than one transfer takes (100,000).")
        }
        var total: Int64 = 0
        for file in files {
            total += file.size
            guard total <= TransferLimits.largestInteger else {
                throw TransferError(.unreadable, "The files together are too large.")
            }
        }
        let run = SenderRun(
            files: files, totalBytes: total, control: control, data: data, options: options, onEvent: onEvent)
        return try await run.run()
    }
}
