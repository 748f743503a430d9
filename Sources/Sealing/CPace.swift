internal import CSodium

/// One side of a password-authenticated key exchange: CPace, suite CPACE-X25519-SHA512, initiator-responder setting
/// (draft-irtf-cfrg-cpace).
///
/// Two who hold the same password come to the same key; whoever holds another learns from one exchange only whether one
/// guess of his was right. A value is used for one exchange.
package struct CPace: Sendable {
    package static let scalarByteCount = X25519.byteCount
    package static let shareByteCount = X25519.byteCount
    /// Of SHA-512.
    private static let hashBlockByteCount = 128
    /// Of the intermediate session key.
    package static let keyByteCount = 64

    /// What a side makes public: its share, and data that becomes part of the key.
    package struct Message: Sendable, Equatable {
        package var share: [UInt8]
        package var associatedData: [UInt8]

        package init(share: [UInt8], associatedData: [UInt8]) {
            self.share = share
            self.associatedData = associatedData
        }
    }

    /// Y: our public share, 32 bytes.
    package let share: [UInt8]
    private let scalar: KeyMaterial
    private let session: [UInt8]

    /// - Parameters:
    ///   - password: PRS.
    ///   - channel: CI, on which both sides agree.
    ///   - session: sid, fresh.
    ///   - scalar: 32 fresh random bytes.
    /// - Returns: nil unless the scalar has 32 bytes.
    package init?(password: [UInt8], channel: [UInt8], session: [UInt8], scalar: KeyMaterial) {
        var generator = Self.generator(password: password, channel: channel, session: session)
        defer { KeyMaterial.wipe(&generator) }
        guard let share = X25519.multiply(generator, by: scalar) else { return nil }
        self.share = share.withBytes { $0.map(\.self) }
        self.scalar = scalar
        self.session = session
    }

    /// The intermediate session key (ISK), 64 bytes, out of the messages of both, one of which is our own.
    ///
    /// - Parameter theirs: the other side's share.
    /// - Returns: nil when that is no point that anybody may send: of low order, or not 32 bytes.
    package func key(with theirs: [UInt8], initiator: Message, responder: Message) -> KeyMaterial? {
        guard let point = X25519.multiply(theirs, by: scalar) else { return nil }
        var text = point.withBytes { Self.lengthValues(Array("CPace255_ISK".utf8), session, $0) }
        defer { KeyMaterial.wipe(&text) }
        text += Self.lengthValues(initiator.share, initiator.associatedData)
        text += Self.lengthValues(responder.share, responder.associatedData)
        var key = Self.hash(text)
        return KeyMaterial(taking: &key)
    }

    /// The point that password, channel and session stand for (section "CPace group objects G_X25519").
    static func generator(password: [UInt8], channel: [UInt8], session: [UInt8]) -> [UInt8] {
        var text = generatorString(password: password, channel: channel, session: session)
        var digest = hash(text)
        defer {
            KeyMaterial.wipe(&text)
            KeyMaterial.wipe(&digest)
        }
        return Elligator2.coordinate(for: Array(digest.prefix(FieldElement.byteCount)))
    }

    /// What is hashed to the generator. The zeros fill the first block, so that the password is hashed alone.
    static func generatorString(password: [UInt8], channel: [UInt8], session: [UInt8]) -> [UInt8] {
        let name = Array("CPace255".utf8)
        let used = 1 + lengthValues(name, password).count
        let zeros = [UInt8](repeating: 0, count: max(0, hashBlockByteCount - used))
        return lengthValues(name, password, zeros, channel, session)
    }

    /// Each part after its length in LEB128.
    static func lengthValues(_ parts: [UInt8]...) -> [UInt8] {
        var bytes: [UInt8] = []
        // Room for all, so that no secret stays behind in memory that was too small.
        bytes.reserveCapacity(parts.reduce(512) { $0 + $1.count + 10 })
        for part in parts {
            var length = part.count
            while length >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
                length >>= 7
            }
            bytes.append(UInt8(length))
            bytes += part
        }
        return bytes
    }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: keyByteCount)
        unsafe _ = crypto_hash_sha512(&digest, bytes, UInt64(bytes.count))
        return digest
    }
}
