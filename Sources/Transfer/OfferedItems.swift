internal import Digests
internal import Wire

/// The items of an offer as they come, looked at from this side. Its calls block on the file system.
struct OfferedItems {
    private(set) var items: [Offer.Item] = []
    /// By which each item is known again.
    private(set) var keys: [ItemKey] = []
    private(set) var totalBytes: Int64 = 0
    /// No item is of unknown size.
    private(set) var isTotalKnown = true
    private var seen: Set<ItemKey> = []
    private var repeats: [ItemKey: Int] = [:]

    /// - Parameter folders: where the items would be; nil when they go elsewhere.
    mutating func add(_ more: [ControlMessage.Item], in folders: inout FolderCache?) {
        for item in more {
            items.append(Offer.Item(item, in: &folders))
            keys.append(key(of: item))
            totalBytes += item.size ?? 0
            if item.size == nil { isTotalKnown = false }
        }
    }

    private mutating func key(of item: ControlMessage.Item) -> ItemKey {
        func key(_ occurrence: Int) -> ItemKey {
            ItemKey(
                path: item.path, size: item.size, modified: item.modified, kind: item.kind.rawValue,
                occurrence: occurrence)
        }
        let first = key(0)
        if seen.insert(first).inserted { return first }
        repeats[first, default: 0] += 1
        return key(repeats[first, default: 0])
    }

    /// Nothing is added any more: what was only for that goes.
    mutating func seal() {
        seen = []
        repeats = [:]
    }

    /// Over the keys of all items: two offers with the same are the same list.
    var digest: TreeDigest {
        var writer = ByteWriter(reserving: keys.count * ItemKey.byteCount)
        for key in keys {
            writer.write(key.high)
            writer.write(key.low)
        }
        return TreeDigest(exactly: SHA256.hash(writer.bytes))
    }
}
