import Testing

@testable import Lab

@Suite struct DepartureCountTests {
    /// A packet of these chunks.
    private static func packet(_ chunks: [UInt8]...) -> [UInt8] {
        chunks.reduce([UInt8](repeating: 0, count: 12)) { bytes, chunk in
            bytes + chunk + [UInt8](repeating: 0, count: -chunk.count & 3)
        }
    }

    /// A DATA chunk with one byte (RFC 9260 section 3.3.1); flags 2 begins a message, 1 ends it.
    private static func data(_ number: UInt32, stream: UInt8, flags: UInt8) -> [UInt8] {
        let tsn = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        return [0, flags, 0, 17] + tsn + [0, stream, 0, 0, 0, 0, 0, 53, 7]
    }

    @Test func `messages count by their first fragment, once, and across the end of the numbers`() {
        var count = DepartureCount()
        let packets = [
            // Two fragments of a message on stream 3, the first one again, and a whole message behind them.
            Self.packet(Self.data(.max - 1, stream: 3, flags: 2)),
            Self.packet(Self.data(.max, stream: 3, flags: 1)),
            Self.packet(Self.data(.max - 1, stream: 3, flags: 2)),
            Self.packet(Self.data(0, stream: 0, flags: 3), Self.data(1, stream: 3, flags: 6)),
            // A SACK and a FORWARD TSN (RFC 3758 section 3.2).
            Self.packet([3, 0, 0, 16] + [UInt8](repeating: 0, count: 12), [192, 0, 0, 8, 0, 0, 0, 1]),
        ]
        for packet in packets { packet.withUnsafeBytes { count.handle(packet: $0) } }
        #expect(count.begun == [3: 2, 0: 1])
        #expect(count.forwardCount == 1)
    }

    @Test func `whatever is cut off says nothing`() {
        let whole = Self.packet(Self.data(5, stream: 1, flags: 3))
        for length in 0..<whole.count - 4 {
            var count = DepartureCount()
            whole[..<length].withUnsafeBytes { count.handle(packet: $0) }
            #expect(count.begun.isEmpty && count.forwardCount == 0)
        }
    }
}
