/// Lists that are longer than one message may be, cut into as many as it takes.
extension ControlMessage {
    /// Items that still fit one `offer` message: those that the bounds of a message let in, one after the other.
    package struct OfferBatch: Sendable {
        package private(set) var items: [Item] = []
        private var byteCount = 0

        // What an offer has beside its items: names, the identifier, commas.
        private static var room: Int { TransferLimits.controlMessageBytes - 512 }

        package init() {}

        /// Adds an item if the message still has room for it. An empty batch has room for every valid one.
        package mutating func append(_ item: Item) -> Bool {
            let size = Self.byteLimit(of: item)
            guard items.isEmpty || byteCount + size <= Self.room && items.count < TransferLimits.itemsPerOffer else {
                return false
            }
            items.append(item)
            byteCount += size
            return true
        }

        /// What the item takes at most as JSON: a few numbers and names of members, and its path with every escape.
        private static func byteLimit(of item: Item) -> Int {
            item.path.reduce(160) { total, component in
                component.utf8.reduce(total + 3) { total, byte in
                    switch byte {
                    case 0x80...: total + 3
                    case 0..<0x20, 0x22, 0x5C, 0x7F: total + 6
                    default: total + 1
                    }
                }
            }
        }
    }

    /// The offer of `items`, in as many messages as the bounds of one message ask for; at least one.
    package static func offers(transfer: String, items: [Item]) -> [ControlMessage] {
        var messages: [ControlMessage] = []
        var batch = OfferBatch()
        for item in items where !batch.append(item) {
            messages.append(.offer(transfer: transfer, items: batch.items, more: true))
            batch = OfferBatch()
            _ = batch.append(item)
        }
        messages.append(.offer(transfer: transfer, items: batch.items, more: false))
        return messages
    }

    /// What a receiver has, in as many messages as it takes; none when it has nothing.
    package static func haves(transfer: String, complete: [Range<Int>], partial: [Part]) -> [ControlMessage] {
        // A run takes 17 bytes, a part 130, both at most.
        let runs = pieces(of: complete, count: 3_000).map { have(transfer: transfer, complete: $0, partial: []) }
        return runs + pieces(of: partial, count: 400).map { have(transfer: transfer, complete: [], partial: $0) }
    }

    /// What is missing, in as many messages as it takes; none when nothing is.
    package static func missings(_ stretches: [Stretch]) -> [ControlMessage] {
        // A stretch takes 44 bytes at most.
        pieces(of: stretches, count: 1_000).map { missing($0) }
    }

    private static func pieces<Element>(of elements: [Element], count: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: count).map { Array(elements[$0..<min($0 + count, elements.count)]) }
    }
}
