internal import JSON
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What `martlet send` was asked to send, and how.
struct SendingPlan: Sendable {
    let sources: [Source]
    let list: SourceList
    var delivery = TransferChannels.Delivery()
    var limit: RateLimit?

    /// Looks at what is named.
    ///
    /// - Throws: the failure for the first thing that cannot be sent.
    init(_ sources: [Source], options: SourceOptions, on console: Console) throws(CommandFailure) {
        self.sources = sources
        do throws(TransferError) {
            let notices = Notices(on: console)
            list = try SourceList(sources, options: options) { notices.tell($0) }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// How a sender of the transfer behaves.
    ///
    /// - Parameter transfer: the transfer's `ID` on the wire.
    func options(transfer: String, hashes: HashStore?) -> TransferOptions {
        var options = TransferOptions()
        options.agent = Program.agent
        options.transfer = transfer
        options.limit = limit
        options.hashes = hashes
        options.isUnordered = delivery.isLossy
        return options
    }

    /// `film.mkv, photos/`, with many sources `film.mkv and 11 more`; then how much it is, as far as it is known.
    var summary: String { "\(names) · \(amount)" }

    var names: String {
        let names = sources.map(Self.name)
        return names.count <= 4 ? names.joined(separator: ", ") : "\(names[0]) and \(names.count - 1) more"
    }

    /// `212 files, 3.4 GB`; one file needs no number.
    var amount: String {
        let (items, bytes, isComplete) = list.counted
        if !isComplete { return "counting …" }
        if sources.contains(where: { if case .standardInput = $0 { true } else { false } }) { return "until its end" }
        let size = ByteCount.text(bytes)
        return items == 1 ? size : "\(counted(items, "item")), \(size)"
    }

    /// The folder that a path leads to ends in a slash.
    private static func name(_ source: Source) -> String {
        switch source {
        case .standardInput(let name): return "\(Printable.line(name, columns: 60, cut: .middle)) (standard input)"
        case .text(let text):
            let lines = text.split(whereSeparator: \.isNewline)
            let first = lines.first.map { String($0).trimmed } ?? ""
            return "“\(Printable.line(lines.count > 1 ? first + " …" : first, columns: 40))”"
        case .path(let path):
            var name = path
            if let real = realpath(path, nil) {
                if path.hasSuffix(".") || path.hasSuffix("/") { name = String(cString: real) }
                free(real)
            }
            var status = stat()
            let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            let last = name.split(separator: "/").last.map(String.init) ?? name
            return Printable.line(last, columns: 60, cut: .middle) + (isFolder ? "/" : "")
        }
    }

    /// The members of the event `offer`. Long lists are cut: `count` tells how many there are so far.
    var members: [(String, JSONValue)] {
        let (items, bytes, isComplete) = list.counted
        let shown = list.listed(atMost: OfferList.mostEventItems)
        return [
            (
                "items",
                .array(
                    shown.map {
                        .object(["name": .string($0.name), "bytes": $0.bytes.map { .integer($0) } ?? .null])
                    })
            ), ("count", .integer(Int64(items))), ("bytes", .integer(bytes)), ("complete", .bool(isComplete)),
        ]
    }
}
