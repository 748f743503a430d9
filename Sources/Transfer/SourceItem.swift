/// One item as the list keeps it: with 100,000 of them, each byte counts.
struct SourceEntry: Sendable {
    enum Content: Sendable {
        case file(FileStatus)
        case folder
        /// UTF-8.
        case text([UInt8])
        case standardInput
    }

    /// The folder that it was found in, by its number in the list; -1 for what was named itself.
    var folder: Int32
    /// The name under which it is offered.
    var name: String
    /// Where it is, if the name does not say: in its folder the name's bytes, and the whole path of what was named.
    var location: [UInt8]?
    var content: Content

    /// Bytes; nil of a stream.
    var size: Int64? {
        switch content {
        case .file(let status): status.size
        case .folder: 0
        case .text(let bytes): Int64(bytes.count)
        case .standardInput: nil
        }
    }
}

/// A folder on the way to items.
struct SourceFolder: Sendable {
    /// Its parent's number in the list; -1 for one that was named itself.
    var parent: Int32
    var name: String
    /// As in ``SourceEntry``.
    var location: [UInt8]?
}

/// One item of a ``SourceList``.
struct SourceItem: Sendable {
    let number: Int
    /// As it is offered.
    let components: [String]
    /// Where a file is: bytes of a path.
    let path: [UInt8]
    let content: SourceEntry.Content
    /// Bytes; nil of a stream.
    let size: Int64?

    var kind: ItemKind {
        switch content {
        case .file, .standardInput: .file
        case .folder: .folder
        case .text: .text
        }
    }

    /// Fit to be shown.
    var display: String { components.map { Printable.line($0) }.joined(separator: "/") }

    /// As an offer has it.
    var message: ControlMessage.Item {
        var item = ControlMessage.Item(number: number, kind: kind, path: components, size: size)
        if case .file(let status) = content {
            item.modified = status.modifiedSeconds
            item.isExecutable = status.isExecutable
        }
        return item
    }

    /// Opens a file, for reading. Throws ``TransferError/Code/changed`` when it is not as it was offered.
    func open() throws(TransferError) -> OpenFile {
        guard case .file(let offered) = content else { throw changed }
        let file: OpenFile
        let status: FileStatus
        do throws(SystemError) {
            file = try OpenFile(readingAt: path)
            status = try file.status()
        } catch {
            throw unreadable(error)
        }
        guard status == offered else { throw changed }
        return file
    }

    var changed: TransferError {
        TransferError(.changed, "\(display) changed after it was offered.")
    }

    func unreadable(_ error: SystemError) -> TransferError {
        TransferError(.unreadable, "\(display) cannot be read: \(error.text).", systemError: error.number)
    }
}
