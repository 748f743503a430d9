#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What an earlier connection left.
extension WriterState {
    /// What need not come again.
    struct Resumption: Sendable {
        var complete: [ItemReport] = []
        var partial: [ControlMessage.Part] = []
        /// Of both.
        var byteCount: Int64 = 0

        /// Runs of items, for `have`.
        var runs: [Range<Int>] {
            var runs: [Range<Int>] = []
            for item in complete.map(\.number).sorted() {
                if let last = runs.last, last.upperBound == item {
                    runs[runs.count - 1] = last.lowerBound..<item + 1
                } else {
                    runs.append(item..<item + 1)
                }
            }
            return runs
        }
    }

    /// How much of the offered items the journal speaks of, without looking at the disk.
    func claimed(by state: JournalState) -> (items: Int, bytes: Int64) {
        var (count, bytes) = (0, Int64(0))
        for (item, key) in zip(items, offered.keys) {
            guard let entry = state.items[key] else { continue }
            if entry.placing != nil {
                count += 1
                bytes += item.size ?? 0
            } else {
                bytes += min(entry.durableBytes, item.size ?? 0)
            }
        }
        return (count, bytes)
    }

    /// Finds what the journal speaks of, finishes what only lacked its name, and drops what is of no use.
    mutating func resume(_ state: JournalState) -> Resumption {
        var resumption = Resumption()
        var known: Set<ItemKey> = []
        for item in items.indices {
            let key = offered.keys[item]
            guard let entry = state.items[key] else { continue }
            known.insert(key)
            if let placing = entry.placing, var report = complete(item, placing, entry) {
                report.wasHere = true
                resumption.complete.append(report)
                resumption.byteCount += report.size
                isWorthKeeping = true
            } else if let part = entry.part {
                if let open = continued(item, part, entry), let held = open.part {
                    beginnings[item] = open
                    let leaves = open.tree.wholeLeaves
                    resumption.partial.append(
                        ControlMessage.Part(item: item, bytes: leaves.byteCount, tree: leaves.tree))
                    resumption.byteCount += held.byteCount
                    isWorthKeeping = true
                } else {
                    drop(part)
                }
            }
        }
        for (key, entry) in state.items where !known.contains(key) { if let part = entry.part { drop(part) } }
        return resumption
    }

    /// The item is, or can be put, under its final name.
    private mutating func complete(
        _ item: Int, _ placing: JournalState.Placing, _ entry: JournalState.Item
    ) -> ItemReport? {
        let size = items[item].size ?? 0
        if entry.isDone {
            made.insert(placing.file)
            return complete(item, placing.root, size, at: placing.components)
        }
        guard let name = placing.components.last, let folder = try? folders?.folder(placing.components.dropLast())
        else { return nil }
        let status = (try? folder.status(of: name)) ?? nil
        if let status, status.identity == placing.file {
            made.insert(placing.file)
            try? journal?.append(.done(offered.keys[item]))
            return complete(item, placing.root, status.size, at: placing.components)
        }
        // The bytes may be lost although the journal has the record: both were on their way to the disk together.
        guard let part = entry.part, part.parent == Array(placing.components.dropLast()),
            let file = try? folder.openFile(part.name, flags: O_RDONLY | O_NONBLOCK),
            let found = try? file.status(), found.identity == placing.file, found.isRegular,
            var tree = Self.tree(of: file, from: HashTree(), upTo: found.size), tree.finish() == placing.root
        else { return nil }
        var outcome = ItemWriter.Outcome()
        group = [
            Placement(
                number: item, root: placing.root, byteCount: found.size, parent: part.parent, partName: part.name,
                file: placing.file, handle: file, name: items[item].localComponents?.last ?? name)
        ]
        try? flush(&outcome)
        group = []
        return outcome.reports.first { $0.outcome == .complete }
    }

    /// The beginning of an item, if it is there: whole segments by the journal, the rest read again.
    private mutating func continued(
        _ item: Int, _ part: JournalState.Part, _ entry: JournalState.Item
    ) -> OpenItem? {
        let bytes = entry.durableBytes
        guard bytes > 0, bytes % Int64(HashTree.leafBytes) == 0, items[item].size.map({ bytes < $0 }) ?? false,
            part.parent == items[item].localComponents.map({ Array($0.dropLast()) }),
            let folder = try? folders?.folder(part.parent)
        else { return nil }
        let whole = min(entry.segments.count, Int(bytes / HashTree.segmentBytes))
        guard let file = (try? PartFile(continuing: part, byteCount: bytes, in: folder)) ?? nil,
            let tree = Self.tree(of: file.file, from: HashTree(segments: Array(entry.segments[..<whole])), upTo: bytes)
        else { return nil }
        let open = OpenItem(item, .part(file), tree: tree)
        open.journaledSegments = whole
        return open
    }

    private static func tree(of file: OpenFile, from start: consuming HashTree, upTo end: Int64) -> HashTree? {
        var tree = start
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while tree.byteCount < end {
            guard let count = try? file.read(into: &buffer, at: tree.byteCount), count > 0 else { return nil }
            let wanted = Int(min(Int64(count), end - tree.byteCount))
            buffer.withUnsafeBytes { tree.update(UnsafeRawBufferPointer(rebasing: $0[..<wanted])) }
        }
        return tree
    }

    /// Removes the parts of this transfer that the journal has lost, as a loss of power can make it. Their names tell:
    /// the transfer's identifier is in them, and who has its journal's lock is the only one to receive it here.
    func removeStrays() {
        guard hasStrays, journal != nil, var folders else { return }
        var parents: [ArraySlice<String>: [UInt32: Int]] = [:]
        for item in items where item.kind == .file {
            guard let components = item.localComponents else { continue }
            let key = offered.keys[item.number].suffix ^ partMark
            parents[components.dropLast(), default: [:]][key] = item.number
        }
        for (parent, numbers) in parents {
            guard let folder = try? folders.folder(parent), let names = try? folder.names() else { continue }
            for bytes in names {
                let name = String(decoding: bytes, as: UTF8.self)
                guard let number = Self.number(ofPart: name, numbers), let last = items[number].localComponents?.last,
                    PartFile.isName(name, for: last, suffix: offered.keys[number].suffix ^ partMark),
                    let status = (try? folder.status(of: name)) ?? nil, status.isRegular, status.isOwn
                else { continue }
                folder.remove(name)
            }
        }
    }

    /// The item that a part would be of, by the digits in its name.
    private static func number(ofPart name: String, _ numbers: [UInt32: Int]) -> Int? {
        guard name.utf8.first == UInt8(ascii: "."), name.hasSuffix(".part"), name.utf8.count > 15,
            let digits = UInt32(name.dropLast(5).suffix(8), radix: 16)
        else { return nil }
        for attempt in 0..<PartFile.attempts {
            if let number = numbers[digits &- attempt] { return number }
        }
        return nil
    }

    /// Removes a part of ours, if it is still the same file.
    private mutating func drop(_ part: JournalState.Part) {
        guard let folder = try? folders?.folder(part.parent),
            let status = (try? folder.status(of: part.name)) ?? nil, status.identity == part.file
        else { return }
        folder.remove(part.name)
    }
}
