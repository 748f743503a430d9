internal import JSON
internal import Signaling
internal import Transfer

/// Sends files to whoever comes.
struct SendingSide: TransferSide {
    let sources: SourceList
    let console: Console

    /// Looks at the files and shows what will be sent.
    ///
    /// - Throws: the failure for the first one that cannot be sent.
    init(paths: [String], console: Console) throws(CommandFailure) {
        do throws(TransferError) { sources = try SourceList(paths.map { .path($0) }) } catch {
            throw CommandFailure(error)
        }
        self.console = console
    }

    var totalBytes: Int64 { sources.counted.bytes }

    /// `film.mkv, notes.txt, 3.4 GB`; with many files `film.mkv and 11 more, 3.4 GB`.
    var summary: String {
        let count = sources.counted.items
        let names = sources.listed(atMost: 4).map { Printable.line($0.name, columns: 60, cut: .middle) }
        let list = count <= 4 ? names.joined(separator: ", ") : "\(names[0]) and \(count - 1) more"
        return "\(list) · \(ByteCount.text(totalBytes))"
    }

    func run(
        with peer: TransferPeer, onAccept: @escaping @Sendable () -> Void
    ) async throws(TransferAttemptFailure) {
        let view = TransferView(
            .sending, on: console, path: await peer.path(), names: sources.listed(atMost: 1_000).map(\.name))
        var options = TransferOptions()
        options.agent = Program.agent
        let sender = FileSender(
            sources: sources, control: peer.channels.control, data: peer.channels.data, options: options,
            onEvent: { event in
                if event == .offered { tellOffer() }
                if event == .accepted { onAccept() }
                view.handle(event)
            })
        try await show(peer, on: view) { () async throws(TransferError) in try await sender.run() }
    }

    private func tellOffer() {
        console.event(
            "offer",
            [
                "items": .array(
                    sources.listed(atMost: 1_000).map {
                        .object(["name": .string($0.name), "bytes": $0.bytes.map { .integer($0) } ?? .null])
                    }),
                "bytes": .integer(totalBytes),
            ])
    }
}
