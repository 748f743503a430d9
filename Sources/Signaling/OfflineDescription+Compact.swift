internal import Digests
internal import SDP
internal import Wire

/// The bytes of a compact description.
///
/// ```
///  0   0 0 martlet:1 max:1 port:1 setup:2 kind:1
///  1   length of all of this: 2 bytes
///  3   expires: 4 bytes, seconds since 1970, 0 is unknown
///  7   in an answer: the identifier of the offer, 4 bytes
///      SCTP port: 2 bytes, if `port`
///      largest message: 4 bytes, if `max`
///      ufrag, pwd: length of the text: 1 byte; its characters, 6 bits each
///      fingerprint: 32 bytes
///      count of candidates: 1 byte; candidates
///      checksum: the first 4 bytes of the SHA-256 of what is before
/// ```
extension OfflineDescription {
    private static let checksumByteCount = 4
    /// Bytes in front that tell how many there are.
    static let headByteCount = 3
    /// A hundred names of full length would be more, and are nobody's.
    static let mostBytes = 8192
    private static let setups: [Setup] = [.actpass, .active, .passive]

    /// - Throws: `notCompact` when it is too long.
    func compact(answers: OfflineIdentifier?, expires: UInt32) throws(OfflineError) -> [UInt8] {
        var writer = ByteWriter()
        let setup = UInt8(Self.setups.firstIndex(of: setup) ?? 0)
        let hasPort = sctpPort != SCTPParameters.usualPort
        let hasMax = maxMessageBytes != Self.usualMaxMessageBytes
        writer.write(
            (isMartlet ? 32 : 0) | (hasMax ? 16 : 0) | (hasPort ? 8 : 0) | setup << 1 | (kind == .answer ? 1 : 0))
        writer.write(UInt16(0))
        writer.write(expires)
        if kind == .answer { writer.write(answers?.number ?? 0) }
        if hasPort { writer.write(sctpPort) }
        if hasMax { writer.write(maxMessageBytes) }
        ICEText.write(ufrag, to: &writer)
        ICEText.write(pwd, to: &writer)
        writer.write(fingerprint)
        writer.write(UInt8(truncatingIfNeeded: candidates.count))
        for candidate in candidates { candidate.write(to: &writer) }
        let count = writer.count + Self.checksumByteCount
        guard count <= Self.mostBytes else { throw .notCompact }
        writer.patch(UInt16(count), at: 1)
        writer.write(Self.checksum(of: writer.bytes))
        return writer.bytes
    }

    static func checksum(of body: [UInt8]) -> [UInt8] { Array(SHA256.hash(body).prefix(checksumByteCount)) }

    /// What the first bytes say of the length of all.
    ///
    /// - Returns: nil when no description has such a length.
    static func byteCount(head: [UInt8]) -> Int? {
        let count = Int(head[1]) << 8 | Int(head[2])
        return (headByteCount + checksumByteCount...mostBytes).contains(count) ? count : nil
    }

    /// - Throws: `damaged`; `unusable` for what somebody made on purpose.
    static func read(
        compact bytes: [UInt8]
    ) throws(OfflineError) -> (description: Self, answers: OfflineIdentifier?, expires: UInt32) {
        guard bytes.count > headByteCount + checksumByteCount, byteCount(head: bytes) == bytes.count else {
            throw .damaged
        }
        let body = Array(bytes.dropLast(checksumByteCount))
        guard checksum(of: body) == Array(bytes.suffix(checksumByteCount)) else {
            throw .damaged
        }
        do {
            return try read(body: body)
        } catch {
            throw .unusable
        }
    }

    private static func read(body: [UInt8]) throws -> (Self, OfflineIdentifier?, UInt32) {
        var reader = unsafe ByteReader(body.span.bytes)
        let flags = try reader.readUInt8()
        guard flags < 64, let setup = setups.indices.contains(Int(flags >> 1 & 3)) ? setups[Int(flags >> 1 & 3)] : nil
        else { throw OfflineError.unusable }
        let kind: OfflineKind = flags & 1 == 1 ? .answer : .offer
        guard kind == .offer || setup != .actpass else { throw OfflineError.unusable }
        try reader.skip(2)
        let expires = try reader.readUInt32()
        let answers = kind == .answer ? OfflineIdentifier(number: try reader.readUInt32()) : nil
        let port = flags & 8 != 0 ? try reader.readUInt16() : SCTPParameters.usualPort
        let maxMessageBytes = flags & 16 != 0 ? try reader.readUInt32() : usualMaxMessageBytes
        let ufrag = try ICEText.read(from: &reader)
        let pwd = try ICEText.read(from: &reader)
        let fingerprint = try reader.readBytes(SHA256.digestByteCount)
        let count = Int(try reader.readUInt8())
        guard port > 0, (4...255).contains(ufrag.utf8.count), (22...255).contains(pwd.utf8.count),
            count <= mostCandidates
        else { throw OfflineError.unusable }
        var candidates: [OfflineCandidate] = []
        for _ in 0..<count { candidates.append(try OfflineCandidate(reading: &reader)) }
        guard reader.isAtEnd, candidates.allSatisfy({ $0.port > 0 }) else { throw OfflineError.unusable }
        var description = OfflineDescription(
            kind: kind, ufrag: ufrag, pwd: pwd, fingerprint: fingerprint, setup: setup, sctpPort: port,
            maxMessageBytes: maxMessageBytes, candidates: candidates)
        description.isMartlet = flags & 32 != 0
        return (description, answers, expires)
    }
}

/// A text of ice-chars, of which there are 64: six bits each, the first character first, zero bits at the end.
private enum ICEText {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func write(_ text: String, to writer: inout ByteWriter) {
        writer.write(UInt8(truncatingIfNeeded: text.utf8.count))
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            bits = (bits << 6 | UInt32(alphabet.firstIndex(of: character) ?? 0)) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                writer.write(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        if count > 0 { writer.write(UInt8(truncatingIfNeeded: bits << (8 - count))) }
    }

    static func read(from reader: inout ByteReader) throws -> String {
        let length = Int(try reader.readUInt8())
        let bytes = try reader.readBytes((6 * length + 7) / 8)
        var characters: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            count += 8
            while count >= 6, characters.count < length {
                count -= 6
                characters.append(alphabet[Int(bits >> count & 63)])
            }
        }
        guard bits & (1 << count - 1) == 0 else { throw OfflineError.unusable }
        return String(decoding: characters, as: UTF8.self)
    }
}
