import Testing

@testable import Transfer

/// The root of a whole item at once.
func root(of content: [UInt8]) -> TreeDigest {
    var tree = HashTree()
    tree.update(content)
    return tree.finish()
}

/// The hash of items. The expected values come from a Python program of a dozen lines, with hashlib.
struct HashTreeTests {
    /// Byte `i` is `31 i + 7 (i >> 8)`, modulo 256.
    private func content(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &* 7) }
    }

    @Test(arguments: [
        (0, "f0c1e0b4cd1983b9c92909f8145cc102993e4c797489c0ba98639fd93056b82f"),
        (1, "ee8acb9cb20eaf4b807ef586e552774d803cc3dd837bf26e9f509500cc2604bd"),
        (262_143, "e628b8c200a0133af2c0fedd3c02c2fb6e7f3fb82841425932af04933359a1a6"),
        (262_144, "c94251fb246d70a9bf80317d6be775d34eb951f4eb9ef8bae7604de0b8aba565"),
        (262_145, "3a540a8b39552e69ce4c2c279e7e4af0d352c59b60d171fd3e826c32d0361d1e"),
        (524_288, "e000820a997d38f134890ac968d238e972ec4233dbe37c10c6630c4f56977fe3"),
        (786_432, "4dfc09b958b6c24a5b2d8f5fdd6a16401515e187164d1d0297cadf54de8a0438"),
        (786_433, "49efbe7eab31740fd90e948446b89d68cf441bee8c4a3b248f625df655384dac"),
        (1_310_721, "0b257443ccf11d82b9455d1a075e50a5404c042315d3208731a94c877d58b8e0"),
    ])
    func `the root is the one that another program finds`(count: Int, expected: String) {
        #expect(root(of: content(count)).description == expected)
        #expect(TreeDigest(hexadecimal: expected)?.description == expected)
    }

    /// Zeros: size, root, tree.
    private static let large: [(Int, String, String)] = [
        (
            64 << 20, "61a0801975f11d7985f367952861e52022e71bd69e7a058e725d9e505b61e2ac",
            "bf065527f5411e4a5f5b4b23d22039f731e0995f222d7af15349d739e01dd9e6"
        ),
        (
            (64 << 20) + 1, "7d456c44cb4f90bce9850c1de2245643cb6acd5bc3f4f919dda5c07d39f70e81",
            "026d13401d44b0dc244e11e9df9a0d20c8f4d4cb1746d92d5e1296db6fc803d4"
        ),
        (
            192 << 20, "b7a9347863e46a9c3ac365e67620c3ebd5b6891f89c478a764b22825fa390436",
            "3665663e5804b409f06a615dfb4257542154ca17cb772cc65727848d94108389"
        ),
        (
            (192 << 20) + 300_000, "46975e70579f594c7974ee0d509312b524ded5901b4e9fc895e6071498ca70bb",
            "0888fedf0aef6858acb61abfd10ddf9b95fcd6a6facd807abd0f4c2f21b21a21"
        ),
    ]

    @Test(arguments: large)
    func `segments are subtrees, and a tree goes on from their hashes`(
        count: Int, expectedRoot: String, expectedTree: String
    ) throws {
        let zeros = [UInt8](repeating: 0, count: 1_000_003)
        var whole = HashTree()
        while whole.byteCount < Int64(count) {
            let step = min(zeros.count, count - Int(whole.byteCount))
            zeros.withUnsafeBytes { whole.update(UnsafeRawBufferPointer(rebasing: $0[..<step])) }
        }
        let segments = whole.segments
        #expect(segments.count == count >> 26)
        #expect(segments.allSatisfy { $0.description == Self.large[0].2 })
        #expect(whole.finish().description == expectedRoot)

        var resumed = HashTree(segments: segments)
        let rest = count - Int(resumed.byteCount)
        resumed.update([UInt8](repeating: 0, count: rest))
        #expect(resumed.byteCount == Int64(count))
        if count % HashTree.leafBytes == 0 {
            let prefix = resumed.wholeLeaves
            #expect(prefix.byteCount == Int64(count) && prefix.tree.description == expectedTree)
        }
        #expect(resumed.finish().description == expectedRoot)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `how the bytes are cut does not matter`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let bytes = random.bytes(Int.random(in: 0...2_000_000, using: &random))
        var tree = HashTree()
        var start = 0
        while start < bytes.count {
            let count = min(bytes.count - start, Int.random(in: 1...400_000, using: &random))
            tree.update(Array(bytes[start..<start + count]))
            start += count
            let (prefixCount, prefix) = tree.wholeLeaves
            #expect(prefixCount == Int64(start / HashTree.leafBytes * HashTree.leafBytes))
            var other = HashTree()
            other.update(Array(bytes[..<Int(prefixCount)]))
            #expect(other.wholeLeaves.tree == prefix, "seed \(seed)")
        }
        #expect(tree.finish() == root(of: bytes), "seed \(seed)")
    }
}
