package import Wire

extension UnsafeRawBufferPointer {
    /// Goes through the chunks of an SCTP packet (RFC 9260 section 3.2): type, flags, where the chunk is without its
    /// padding, and what follows its header. It ends where there is no chunk.
    package func forEachSCTPChunk(
        _ body: (
            _ type: UInt8, _ flags: UInt8, _ range: Range<Int>, _ reader: inout ByteReader
        ) throws(ByteReaderError) -> Void
    ) {
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            try reader.skip(SCTPPacketCheck.commonHeaderBytes)
            while reader.remaining >= 4 {
                let start = reader.offset
                let type = try reader.readUInt8()
                let flags = try reader.readUInt8()
                let length = Int(try reader.readUInt16())
                guard length >= 4 else { return }
                var chunk = try reader.subreader(length - 4)
                try body(type, flags, start..<start + length, &chunk)
                try reader.skip(Swift.min(-length & 3, reader.remaining))
            }
        } catch {
            // The rest of the packet says nothing.
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Takes chunks and their padding out of an SCTP packet.
    ///
    /// - Parameter held: where they are, in their order.
    /// - Returns: what is left, at the same place.
    func closing(_ held: [Range<Int>]) -> UnsafeMutableRawBufferPointer {
        guard let first = held.first, let start = baseAddress else { return self }
        var end = first.lowerBound
        for (index, chunk) in held.enumerated() {
            let next = Swift.min(chunk.upperBound + (-chunk.count & 3), count)
            let stop = index + 1 < held.count ? held[index + 1].lowerBound : count
            (start + end).copyMemory(from: start + next, byteCount: stop - next)
            end += stop - next
        }
        return UnsafeMutableRawBufferPointer(rebasing: self[..<end])
    }
}
