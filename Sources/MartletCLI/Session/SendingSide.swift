internal import JSON
internal import Signaling
internal import Transfer

/// Sends files to whoever comes.
struct SendingSide: TransferSide {
    let files: [SourceFile]
    let console: Console

    /// Looks at the files and shows what will be sent.
    ///
    /// - Throws: the failure for the first one that cannot be sent.
    init(paths: [String], console: Console) throws(CommandFailure) {
        var files: [SourceFile] = []
        for path in paths {
            do throws(TransferError) { files.append(try SourceFile(path: path)) } catch { throw CommandFailure(error) }
        }
        self.files = files
        self.console = console
    }

    var totalBytes: Int64 { files.reduce(0) { $0 + $1.size } }

    /// `film.mkv, notes.txt, 3.4 GB`; with many files `film.mkv and 11 more, 3.4 GB`.
    var summary: String {
        let names = files.map { Printable.line($0.name.name, columns: 60, cut: .middle) }
        let list = names.count <= 4 ? names.joined(separator: ", ") : "\(names[0]) and \(names.count - 1) more"
        return "\(list) · \(ByteCount.text(totalBytes))"
    }

    func run(
        with peer: TransferPeer, onAccept: @escaping @Sendable () -> Void
    ) async throws(TransferAttemptFailure) {
        let view = TransferView(
            .sending, on: console, path: await peer.path(), names: files.map { "\($0.name)" })
        var options = TransferOptions()
        options.agent = Program.agent
        let sender = FileSender(
            files: files, control: peer.channels.control, data: peer.channels.data, options: options
        ) { event in
            if event == .offered { tellOffer() }
            if event == .accepted { onAccept() }
            view.handle(event)
        }
        try await show(peer, on: view) { () async throws(TransferError) in try await sender.run() }
    }

    private func tellOffer() {
        console.event(
            "offer",
            [
                "items": .array(
                    files.map { .object(["name": .string("\($0.name)"), "bytes": .integer($0.size)]) }),
                "bytes": .integer(totalBytes),
            ])
    }
}
