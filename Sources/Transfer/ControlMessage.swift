/// What an item of an offer is.
public enum ItemKind: String, Sendable, Equatable {
    case file
    /// An empty folder: others are made by the paths of what is in them.
    case folder
    /// Words for the person rather than a file: UTF-8, at most 1 MiB.
    case text
}

/// A message of the control channel, one JSON object. Source: Docs/Protocols/Transfer.md, "Messages".
package enum ControlMessage: Sendable, Equatable {
    package enum Role: String, Sendable {
        case sender, receiver
    }

    /// One item of an offer, as it is on the wire: the path is not checked yet (``ItemPath``).
    package struct Item: Sendable, Equatable {
        package var number: Int
        package var kind: ItemKind
        package var path: [String]
        /// Bytes; 0 to 2^53-1. Nil of a stream, which its end tells.
        package var size: Int64?
        /// Seconds since 1970, when the sender knows it.
        package var modified: Int64?
        package var isExecutable: Bool

        package init(
            number: Int, kind: ItemKind = .file, path: [String], size: Int64?, modified: Int64? = nil,
            isExecutable: Bool = false
        ) {
            self.number = number
            self.kind = kind
            self.path = path
            self.size = size
            self.modified = modified
            self.isExecutable = isExecutable
        }
    }

    /// The beginning of an item that a receiver has.
    package struct Part: Sendable, Equatable {
        package var item: Int
        /// A multiple of ``HashTree/leafBytes``, more than 0.
        package var bytes: Int64
        /// `tree` of the leaves of those bytes.
        package var tree: TreeDigest

        package init(item: Int, bytes: Int64, tree: TreeDigest) {
            self.item = item
            self.bytes = bytes
            self.tree = tree
        }
    }

    /// Bytes of an item.
    package struct Stretch: Sendable, Equatable {
        package var item: Int
        /// Bytes from the item's beginning.
        package var offset: Int64
        /// At least 1; the end is at most 2^53-1.
        package var byteCount: Int64

        package init(item: Int, offset: Int64, byteCount: Int64) {
            self.item = item
            self.offset = offset
            self.byteCount = byteCount
        }
    }

    /// The feature of a sender whose frames may come in any order, or not at all.
    package static let unordered = "unordered"

    /// `commit` is of a side that takes part in the words to compare.
    case hello(
        version: Int64, role: Role, agent: String, session: String? = nil, features: [String] = [],
        commit: TreeDigest? = nil)
    /// What the hello's `commit` is of: 16 bytes.
    case reveal(nonce: [UInt8])
    case offer(transfer: String, items: [Item], more: Bool)
    /// `complete` are runs of item numbers, none of them empty.
    case have(transfer: String, complete: [Range<Int>], partial: [Part])
    case accept(transfer: String, limit: Int64)
    case decline(transfer: String, reason: String)
    case itemBegin(item: Int, offset: Int64)
    case segment(item: Int, number: Int, hash: TreeDigest)
    case credit(received: Int64, limit: Int64)
    case itemEnd(item: Int, size: Int64, root: TreeDigest)
    case itemFailed(item: Int, code: String, message: String)
    case mark(item: Int, offset: Int64)
    case missing([Stretch])
    case confirmed(item: Int, bytes: Int64, root: TreeDigest)
    case done(items: Int64, bytes: Int64)
    case receipt(items: Int64, bytes: Int64)
    case error(code: String, message: String, isResumable: Bool = false)
    /// Nothing is to be said, but something is being done: it is not silence.
    case working
    case bye
    /// A later version's message that may be ignored.
    case ignorable
}
