/// A message of a measured channel: a header and a filling that tells whether it is whole (Docs/Protocols/Lab.md, "A
/// run").
package struct LabMessage: Hashable, Sendable {
    /// Bytes of the header, and of the smallest message.
    package static let headerBytes = 24
    /// The largest message.
    package static let byteLimit = 262_144

    /// The number of its run.
    package var run: UInt32
    /// Its number among the accepted messages of the run, from 0.
    package var sequence: UInt32
    /// When it was handed to the channel, in microseconds of the sender's clock.
    package var sentAt: UInt64

    package init(run: UInt32, sequence: UInt32, sentAt: UInt64) {
        self.run = run
        self.sequence = sequence
        self.sentAt = sentAt
    }

    /// The bytes of the message.
    ///
    /// - Parameter byteCount: of all of it, ``headerBytes`` to ``byteLimit``.
    package func encoded(byteCount: Int) -> [UInt8] {
        precondition((Self.headerBytes...Self.byteLimit).contains(byteCount), "a lab message has 24 to 262,144 bytes")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        bytes += Self.beginning
        append(run, to: &bytes)
        append(sequence, to: &bytes)
        append(sentAt, to: &bytes)
        let first = UInt8(truncatingIfNeeded: sequence)
        for index in Self.headerBytes..<byteCount { bytes.append(first &+ UInt8(truncatingIfNeeded: index)) }
        return bytes
    }

    /// Reads a whole message; nil when a byte of it is wrong, filling included.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.byteLimit, let header = Self(header: bytes[...]) else { return nil }
        let first = UInt8(truncatingIfNeeded: header.sequence)
        for index in Self.headerBytes..<bytes.count where bytes[index] != first &+ UInt8(truncatingIfNeeded: index) {
            return nil
        }
        self = header
    }

    /// Reads the header of a message whose rest may be missing; nil when it is none.
    package init?(header bytes: ArraySlice<UInt8>) {
        guard bytes.count >= Self.headerBytes, bytes.starts(with: Self.beginning) else { return nil }
        func integer(at offset: Int, bytes count: Int) -> UInt64 {
            let start = bytes.startIndex + offset
            return bytes[start..<start + count].reduce(0) { $0 << 8 | UInt64($1) }
        }
        run = UInt32(integer(at: 8, bytes: 4))
        sequence = UInt32(integer(at: 12, bytes: 4))
        sentAt = integer(at: 16, bytes: 8)
    }

    /// "MLAB", the version, and three zeros.
    private static let beginning: [UInt8] = [0x4D, 0x4C, 0x41, 0x42, 1, 0, 0, 0]

    private func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
