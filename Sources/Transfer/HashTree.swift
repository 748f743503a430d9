internal import Digests

/// The hash of an item as its bytes pass: a tree of SHA-256 in the shape of RFC 6962 section 2.1, over leaves of 256
/// KiB.
///
/// It keeps 32 bytes for each finished segment (64 MiB) and about as many for each level of the open one, so that a
/// terabyte takes half a megabyte. A tree can go on from the hashes of the segments that were finished before.
///
/// Source: Docs/Protocols/Transfer.md, "The hash of an item".
package struct HashTree: ~Copyable {
    package static let leafBytes = 262_144
    package static let segmentLeaves = 256
    /// 64 MiB.
    package static let segmentBytes = Int64(leafBytes * segmentLeaves)

    /// The hashes of the segments that are whole, in order.
    package private(set) var segments: [TreeDigest]
    /// Bytes that are in the tree.
    package private(set) var byteCount: Int64

    private var leaf = SHA256()
    private var leafByteCount = 0
    /// Finished subtrees of the open segment, from left to right, each of half as many leaves as the one before or
    /// less.
    private var subtrees: [Subtree] = []

    private struct Subtree {
        var leafCount: Int
        var hash: TreeDigest
    }

    /// A tree of what came before: whole segments with these hashes.
    package init(segments: [TreeDigest] = []) {
        self.segments = segments
        byteCount = Int64(segments.count) * Self.segmentBytes
    }

    /// Adds the bytes that come next.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start < bytes.count {
            if leafByteCount == 0 { leaf.update([0]) }
            let count = min(bytes.count - start, Self.leafBytes - leafByteCount)
            leaf.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
            start += count
            leafByteCount += count
            byteCount += Int64(count)
            if leafByteCount == Self.leafBytes { closeLeaf() }
        }
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// How many bytes the whole leaves so far have, and `tree` of them: what `have` says of a beginning.
    package var wholeLeaves: (byteCount: Int64, tree: TreeDigest) {
        var hashes = segments
        if let open = folded { hashes.append(open) }
        return (byteCount - Int64(leafByteCount), Self.tree(of: hashes))
    }

    /// The root over everything, with the size. Once: afterwards the tree takes no more bytes.
    package mutating func finish() -> TreeDigest {
        if leafByteCount > 0 { closeLeaf() }
        var hashes = segments
        if let open = folded { hashes.append(open) }
        return Self.root(of: Self.tree(of: hashes), byteCount: byteCount)
    }

    /// `tree` of hashes of leaves, or of segments of which only the last may be less than whole.
    package static func tree(of hashes: [TreeDigest]) -> TreeDigest {
        guard !hashes.isEmpty else { return TreeDigest(exactly: SHA256.hash([])) }
        return tree(of: hashes[...])
    }

    /// What the whole item is called by: `tree` with the size before it.
    package static func root(of tree: TreeDigest, byteCount: Int64) -> TreeDigest {
        let size = UInt64(byteCount)
        let sizeBytes = (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * UInt64($0))) }
        return TreeDigest(exactly: SHA256.hash([2] + sizeBytes + tree.bytes))
    }

    private static func tree(of hashes: ArraySlice<TreeDigest>) -> TreeDigest {
        guard hashes.count > 1 else { return hashes[hashes.startIndex] }
        // The largest power of two below the count.
        let left = 1 << (Int.bitWidth - 1 - (hashes.count - 1).leadingZeroBitCount)
        let middle = hashes.startIndex + left
        return node(tree(of: hashes[..<middle]), tree(of: hashes[middle...]))
    }

    private static func node(_ left: TreeDigest, _ right: TreeDigest) -> TreeDigest {
        TreeDigest(exactly: SHA256.hash([1] + left.bytes + right.bytes))
    }

    private mutating func closeLeaf() {
        var subtree = Subtree(leafCount: 1, hash: TreeDigest(exactly: leaf.finish()))
        leafByteCount = 0
        while let last = subtrees.last, last.leafCount == subtree.leafCount {
            subtree = Subtree(leafCount: 2 * last.leafCount, hash: Self.node(last.hash, subtree.hash))
            subtrees.removeLast()
        }
        if subtree.leafCount == Self.segmentLeaves {
            segments.append(subtree.hash)
        } else {
            subtrees.append(subtree)
        }
    }

    /// `tree` of the closed leaves of the open segment; nil when there are none.
    private var folded: TreeDigest? {
        guard var hash = subtrees.last?.hash else { return nil }
        for subtree in subtrees.dropLast().reversed() { hash = Self.node(subtree.hash, hash) }
        return hash
    }
}
