/// What a sender would send, for the person who is asked.
public struct Offer: Sendable {
    public struct Item: Sendable {
        /// From 0.
        public let number: Int
        /// The offered name, fit to be shown.
        public let name: String
        /// The offered components as they came; not fit for a terminal without ``Printable``.
        public let components: [String]
        /// Bytes.
        public let size: Int64
        /// Seconds since 1970, if the sender said.
        public let modified: Int64?
        public let isExecutable: Bool
        /// Something has the name beneath the directory already.
        public let exists: Bool
        /// The name that it gets here; nil when the offered one is no path at all, and the item will fail.
        let localComponents: [String]?

        /// The item gets another name here than it was offered under.
        public var isRenamed: Bool { localComponents != components }

        /// Blocks on the file system.
        init(_ item: ControlMessage.Item, in directory: DestinationDirectory) {
            number = item.number
            size = item.size ?? 0
            modified = item.modified
            isExecutable = item.isExecutable
            components = item.path
            if let path = try? ItemPath(item.path) {
                name = path.display
                let local = path.components.map(LocalName.mapped)
                localComponents = local
                exists = directory.exists(local)
            } else {
                name = Printable.line(item.path.joined(separator: "/"), columns: 200, cut: .middle)
                localComponents = nil
                exists = false
            }
        }
    }

    /// What the other side calls itself, fit to be shown.
    public let agent: String
    public let items: [Item]
    /// Bytes of all items.
    public let totalBytes: Int64
    /// Bytes that the destination has room for.
    public let freeBytes: Int64
    /// The sender has looked through all its folders: nothing will be added.
    public let isComplete: Bool
    /// Items that are here from an earlier connection and need not come again.
    public let resumedItems: Int
    /// Bytes that need not come again: of those items, and of the beginnings of others.
    public let resumedBytes: Int64
    /// Counts the changes of an ``IncomingOffer``.
    let version: Int

    /// Bytes that will be written under a policy. While a file is overwritten, both the old and the new one are there.
    func neededBytes(_ policy: ExistingFilePolicy) -> Int64 {
        items.reduce(0) { total, item in
            let isKept = item.exists && (policy == .fail || policy == .skip)
            return item.localComponents == nil || isKept ? total : total + item.size
        }
    }
}

/// The answer to an ``Offer``.
public enum OfferDecision: Sendable, Equatable {
    /// Yes, to all items that can be stored.
    case accept(existing: ExistingFilePolicy = .fail)
    /// No. The reason is shown to the other person; it may be empty.
    case decline(reason: String = "")
}
