/// Why bytes could not be read as the structure that was asked for.
package enum ByteReaderError: Error, Equatable, Sendable {
    /// The structure wants `needed` more bytes and only `available` are left.
    case truncated(needed: Int, available: Int)
    /// The bytes of a text field are not UTF-8.
    case invalidText
}

/// A cursor over borrowed bytes. Every read checks what is left and throws; integers are big-endian.
///
/// A length field is a claim, not a size: read it, then take `subreader(_:)`, which refuses more than there is.
package struct ByteReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// Index of the next byte to be read.
    package private(set) var offset = 0

    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// Bytes that have not been read.
    package var remaining: Int { bytes.byteCount - offset }

    package var isAtEnd: Bool { remaining == 0 }

    package mutating func readUInt8() throws(ByteReaderError) -> UInt8 {
        try readInteger(UInt8.self)
    }

    package mutating func readUInt16() throws(ByteReaderError) -> UInt16 {
        try readInteger(UInt16.self)
    }

    package mutating func readUInt32() throws(ByteReaderError) -> UInt32 {
        try readInteger(UInt32.self)
    }

    package mutating func readUInt64() throws(ByteReaderError) -> UInt64 {
        try readInteger(UInt64.self)
    }

    /// Copies the next `count` bytes. A negative count reads as truncated.
    package mutating func readBytes(_ count: Int) throws(ByteReaderError) -> [UInt8] {
        try require(count)
        let part = bytes.extracting(offset..<offset + count)
        offset += count
        return unsafe part.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Reads `count` bytes as UTF-8; ill-formed text throws ``ByteReaderError/invalidText``.
    package mutating func readText(_ count: Int) throws(ByteReaderError) -> String {
        guard let text = String(validating: try readBytes(count), as: UTF8.self) else { throw .invalidText }
        return text
    }

    package mutating func skip(_ count: Int) throws(ByteReaderError) {
        try require(count)
        offset += count
    }

    /// A reader limited to the next `count` bytes, which count as read here.
    @_lifetime(copy self)
    package mutating func subreader(_ count: Int) throws(ByteReaderError) -> ByteReader {
        try require(count)
        let part = bytes.extracting(offset..<offset + count)
        offset += count
        return ByteReader(part)
    }

    private func require(_ count: Int) throws(ByteReaderError) {
        if count < 0 || count > remaining { throw .truncated(needed: count, available: remaining) }
    }

    private mutating func readInteger<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws(ByteReaderError) -> Value {
        let size = MemoryLayout<Value>.size
        try require(size)
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
        offset += size
        return Value(bigEndian: value)
    }
}
