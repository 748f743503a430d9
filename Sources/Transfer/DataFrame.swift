internal import Wire

/// A piece of one item, on the data channel.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +---------------+---------------+-------------------------------+
///     |  kind = 1     |  flags = 0    |           reserved = 0        |
///     +---------------+---------------+-------------------------------+
///     |                             item                              |
///     +---------------------------------------------------------------+
///     |                            offset                             |
///     |                           (64 bits)                           |
///     +---------------------------------------------------------------+
///     |                          payload ...                          |
///
/// Source: Docs/Protocols/Transfer.md, "Data frame".
package struct DataFrame: Sendable, Equatable {
    package static let headerByteCount = 16
    static let kind: UInt8 = 1

    /// Number of the item in the offer.
    package let item: Int
    /// Where the payload belongs in the item, in bytes; 0 to 2^53-1.
    package let offset: Int64
    /// The whole message: header and payload, which is never copied out.
    package let message: [UInt8]

    package var payload: ArraySlice<UInt8> { message[Self.headerByteCount...] }

    package var payloadByteCount: Int { message.count - Self.headerByteCount }

    /// Reads a message of the data channel.
    package init(_ message: [UInt8]) throws(MessageError) {
        // An empty payload would be a message that moves nothing, free for a peer to send for ever.
        guard message.count > Self.headerByteCount else { throw .truncatedFrame(byteCount: message.count) }
        var reader = ByteReader(message.span.bytes)
        let kind: UInt8
        let flags: UInt8
        let reserved: UInt16
        let item: UInt32
        let offset: UInt64
        do throws(ByteReaderError) {
            kind = try reader.readUInt8()
            flags = try reader.readUInt8()
            reserved = try reader.readUInt16()
            item = try reader.readUInt32()
            offset = try reader.readUInt64()
        } catch {
            throw .truncatedFrame(byteCount: message.count)
        }
        guard kind == Self.kind else { throw .unknownFrameKind(kind) }
        guard flags == 0, reserved == 0 else { throw .reservedBits }
        guard offset <= UInt64(TransferLimits.largestInteger) else { throw .invalidMember("offset") }
        self.item = Int(item)
        self.offset = Int64(offset)
        self.message = message
    }

    /// A message with room for `payloadByteCount` bytes, which `fill` writes; it returns how many it wrote, and no more
    /// than those are in the message.
    static func message(
        item: Int, offset: Int64, payloadByteCount: Int,
        fill: (UnsafeMutableRawBufferPointer) throws(TransferError) -> Int
    ) throws(TransferError) -> [UInt8] {
        var failure: TransferError?
        let message = [UInt8](unsafeUninitializedCapacity: headerByteCount + payloadByteCount) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            writeHeader(item: item, offset: offset, to: bytes)
            do throws(TransferError) {
                count = headerByteCount + (try fill(UnsafeMutableRawBufferPointer(rebasing: bytes[headerByteCount...])))
            } catch {
                failure = error
                count = headerByteCount
            }
        }
        if let failure { throw failure }
        return message
    }

    /// The part of a frame from `start` on (counted in its payload), `count` bytes of it, as a frame of its own.
    static func part(of message: [UInt8], item: Int, offset: Int64, start: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: headerByteCount + count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            writeHeader(item: item, offset: offset + Int64(start), to: bytes)
            message.withUnsafeBytes { source in
                let first = headerByteCount + start
                UnsafeMutableRawBufferPointer(rebasing: bytes[headerByteCount...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[first..<first + count]))
            }
            initialized = headerByteCount + count
        }
    }

    private static func writeHeader(item: Int, offset: Int64, to bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: (UInt32(kind) << 24).bigEndian, as: UInt32.self)
        bytes.storeBytes(of: UInt32(truncatingIfNeeded: item).bigEndian, toByteOffset: 4, as: UInt32.self)
        bytes.storeBytes(of: UInt64(bitPattern: offset).bigEndian, toByteOffset: 8, as: UInt64.self)
    }
}
