/// What OpenSSL must not see: DTLS drops an invalid record without a word (RFC 6347 section 4.1.2.7), but OpenSSL 3.0
/// ends the connection at an encrypted record that is shorter than what its cipher adds to every one.
enum RecordCheck {
    /// Type, version, epoch, sequence number, length (RFC 6347 section 4.1).
    static let headerByteCount = 13

    /// - Parameters:
    ///   - datagram: records, one behind another.
    ///   - overhead: bytes by which encryption makes a record longer; only asked for where it matters.
    /// - Returns: how many bytes at the beginning are records that may be handed on. What is behind an unsound one is
    ///   lost with it.
    static func soundByteCount(of datagram: UnsafeRawBufferPointer, overhead: () -> Int) -> Int {
        var start = 0
        while datagram.count - start >= headerByteCount {
            let isEncrypted = datagram[start + 3] | datagram[start + 4] != 0
            let count = Int(datagram[start + 11]) << 8 | Int(datagram[start + 12])
            if isEncrypted, count < greatestOverhead, count < overhead() { break }
            guard count <= datagram.count - start - headerByteCount else { break }
            start += headerByteCount + count
        }
        return start
    }

    /// Of AES-GCM: eight bytes of nonce, sixteen of tag (RFC 5288 section 3).
    static let greatestOverhead = 24
    /// Of ChaCha20-Poly1305: only a tag (RFC 7905 section 2).
    static let smallestOverhead = 16
}
