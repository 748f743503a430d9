internal import CSodium

/// X25519 (RFC 7748 section 5).
enum X25519 {
    static let byteCount = 32

    /// - Returns: nil when the result is zero, as it is for every point of low order, and for anything but 32 bytes
    ///   each.
    static func multiply(_ point: [UInt8], by scalar: KeyMaterial) -> KeyMaterial? {
        guard point.count == byteCount, scalar.count == byteCount, Sodium.isReady else { return nil }
        var product = [UInt8](repeating: 0, count: byteCount)
        // It refuses points of low order by itself; what counts is the zero, below.
        let status = scalar.withBytes { unsafe crypto_scalarmult_curve25519(&product, $0, point) }
        let result = KeyMaterial(taking: &product)
        guard status == 0 else { return nil }
        guard result != zero else { return nil }
        return result
    }

    private static let zero = {
        var zeros = [UInt8](repeating: 0, count: byteCount)
        return KeyMaterial(taking: &zeros)
    }()
}

/// The library as a whole.
enum Sodium {
    /// Whether it has looked at this processor and found what it needs. Never false where there is randomness.
    static let isReady = sodium_init() >= 0
}
