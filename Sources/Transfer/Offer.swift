/// What a sender would send, for the person who is asked.
public struct Offer: Sendable {
    /// One item of the offer, looked at from this side.
    public struct Item: Sendable {
        // Small, and in an order without gaps: there are very many.
        private let shortNumber: Int32
        /// What it is.
        public let kind: ItemKind
        /// The sender may run it.
        public let isExecutable: Bool
        /// Something has the name beneath the directory already. A folder is not in the way of a folder.
        public let exists: Bool
        private let sizeOrNone: Int64
        private let modifiedOrNone: Int64

        /// From 0.
        public var number: Int { Int(shortNumber) }
        /// The offered components as they came; not fit for a terminal without ``Printable``.
        public let components: [String]
        /// Bytes; nil when the sender does not know (a stream).
        public var size: Int64? { sizeOrNone < 0 ? nil : sizeOrNone }
        /// Seconds since 1970, if the sender said.
        public var modified: Int64? { modifiedOrNone == .min ? nil : modifiedOrNone }
        /// The name that it gets here; nil when the offered one is no path at all, and the item will fail.
        let localComponents: [String]?

        /// The item gets another name here than it was offered under.
        public var isRenamed: Bool { localComponents != components }

        /// The offered name, fit to be shown.
        public var name: String {
            if localComponents != nil { return components.map { Printable.line($0) }.joined(separator: "/") }
            return Printable.line(components.joined(separator: "/"), columns: 200, cut: .middle)
        }

        /// Blocks on the file system.
        ///
        /// - Parameter folders: where the item would be; nil when it goes elsewhere.
        init(_ item: ControlMessage.Item, in folders: inout FolderCache?) {
            shortNumber = Int32(truncatingIfNeeded: item.number)
            kind = item.kind
            sizeOrNone = item.size ?? -1
            modifiedOrNone = item.modified ?? .min
            isExecutable = item.isExecutable
            components = item.path
            guard let path = try? ItemPath(item.path) else {
                (localComponents, exists) = (nil, false)
                return
            }
            let local = path.components.map(LocalName.mapped)
            // One array for both where they are the same, as they nearly always are.
            localComponents = local == item.path ? item.path : local
            exists = kind != .text && Self.exists(local, isFolder: kind == .folder, in: &folders)
        }

        private static func exists(_ path: [String], isFolder: Bool, in folders: inout FolderCache?) -> Bool {
            guard let name = path.last, let parent = try? folders?.folder(path.dropLast()),
                let status = try? parent.status(of: name)
            else { return false }
            return !(isFolder && status.isDirectory)
        }
    }

    /// What the other side calls itself, fit to be shown.
    public let agent: String
    public let items: [Item]
    /// Bytes of all items whose size is known.
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
        let needed = items.reduce(Int64(0)) { total, item in
            let isKept = item.exists && (policy == .fail || policy == .skip)
            let isStored = item.kind == .file && item.localComponents != nil && !isKept
            return isStored ? total + (item.size ?? 0) : total
        }
        return max(0, needed - resumedBytes)
    }
}

/// The answer to an ``Offer``.
public enum OfferDecision: Sendable, Equatable {
    /// Yes, to all items that can be stored.
    case accept(existing: ExistingFilePolicy = .fail)
    /// No. The reason is shown to the other person; it may be empty.
    case decline(reason: String = "")
}
