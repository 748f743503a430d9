/// A message of the control channel, one JSON object. Source: Docs/Protocols/Transfer.md, "Messages".
package enum ControlMessage: Sendable, Equatable {
    package enum Role: String, Sendable {
        case sender, receiver
    }

    /// One item of an offer, as it is on the wire: the path is not checked yet (``ItemPath``).
    package struct Item: Sendable, Equatable {
        package var number: Int
        package var path: [String]
        /// Bytes; 0 to 2^53-1.
        package var size: Int64
        /// Seconds since 1970, when the sender knows it.
        package var modified: Int64?
        package var isExecutable: Bool

        package init(number: Int, path: [String], size: Int64, modified: Int64? = nil, isExecutable: Bool = false) {
            self.number = number
            self.path = path
            self.size = size
            self.modified = modified
            self.isExecutable = isExecutable
        }
    }

    case hello(version: Int64, role: Role, agent: String)
    case offer(transfer: String, items: [Item], more: Bool)
    case accept(transfer: String, limit: Int64)
    case decline(transfer: String, reason: String)
    case credit(received: Int64, limit: Int64)
    case itemEnd(item: Int, size: Int64, digest: ContentDigest)
    case itemFailed(item: Int, code: String, message: String)
    case confirmed(item: Int, bytes: Int64, digest: ContentDigest)
    case done(items: Int64, bytes: Int64)
    case receipt(items: Int64, bytes: Int64)
    case error(code: String, message: String)
    case bye
    /// A later version's message that may be ignored.
    case ignorable
}
