/// What a ``Journal`` says of a transfer.
struct JournalState: Sendable, Equatable {
    struct Part: Sendable, Equatable {
        var name: String
        var parent: [String]
        var file: FileIdentity
    }

    struct Placing: Sendable, Equatable {
        var root: TreeDigest
        /// Beneath the root.
        var components: [String]
        var file: FileIdentity
    }

    struct Item: Sendable, Equatable {
        var part: Part?
        /// Bytes of the part that are on the disk.
        var durableBytes: Int64 = 0
        /// Hashes of the part's first whole segments.
        var segments: [TreeDigest] = []
        var placing: Placing?
        var isDone = false
    }

    private(set) var acceptedDigest: TreeDigest?
    private(set) var policy = ExistingFilePolicy.fail
    private(set) var items: [ItemKey: Item] = [:]

    mutating func note(_ record: JournalRecord) {
        switch record {
        case .header: break
        case .accepted(let digest, let policy): (acceptedDigest, self.policy) = (digest, policy)
        case .begun(let key, let name, let parent, let file):
            items[key] = Item(part: Part(name: name, parent: parent, file: file))
        case .durable(let key, let bytes): items[key]?.durableBytes = bytes
        case .segment(let key, let index, let hash):
            if let count = items[key]?.segments.count, count == index { items[key]?.segments.append(hash) }
        case .placing(let key, let root, let components, let file):
            items[key, default: Item()].placing = Placing(root: root, components: components, file: file)
        case .done(let key):
            items[key]?.isDone = true
            // Parts and segments of what is over are only memory.
            items[key]?.part = nil
            items[key]?.segments = []
        }
    }

    /// Something that a later connection could go on with.
    var isWorthKeeping: Bool { items.values.contains { $0.durableBytes > 0 || $0.placing != nil } }
}
