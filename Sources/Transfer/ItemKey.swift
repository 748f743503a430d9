internal import Digests
internal import Wire

/// By what an item is known again on a later connection: its path, size, time and kind, not its number.
struct ItemKey: Hashable, Sendable {
    static let byteCount = 16

    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameters:
    ///   - size: nil for a stream.
    ///   - occurrence: 0 for the first item of an offer with these properties, 1 for the second, and so on.
    init(path: [String], size: Int64?, modified: Int64?, kind: String, occurrence: Int) {
        var writer = ByteWriter()
        writer.write(UInt32(truncatingIfNeeded: path.count))
        for component in path {
            writer.write(UInt32(truncatingIfNeeded: component.utf8.count))
            writer.write(text: component)
        }
        // -1 is no size.
        writer.write(UInt64(bitPattern: size ?? -1))
        writer.write(UInt8(modified == nil ? 0 : 1))
        writer.write(UInt64(bitPattern: modified ?? 0))
        writer.write(UInt64(occurrence))
        writer.write(text: kind)
        let hash = SHA256.hash(writer.bytes)
        high = Self.integer(hash[0..<8])
        low = Self.integer(hash[8..<16])
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What a transfer adds to ``suffix``.
    static func mark(of transfer: String) -> UInt32 {
        let hash = SHA256.hash(Array("martlet part ".utf8) + Array(transfer.utf8))
        return UInt32(truncatingIfNeeded: integer(hash[0..<8]) >> 32)
    }

    /// The first 32 bits: what tells the part files of two items of one name apart.
    var suffix: UInt32 { UInt32(truncatingIfNeeded: high >> 32) }
}

/// Which file it is on this machine, whatever its name.
struct FileIdentity: Hashable, Sendable {
    let inode: UInt64
    let device: UInt64
}
