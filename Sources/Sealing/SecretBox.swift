internal import CSodium

/// Authenticated encryption under one key: XSalsa20-Poly1305 as in NaCl's `secretbox`, the authenticator first.
package enum SecretBox {
    package static let keyByteCount = 32
    package static let nonceByteCount = 24
    /// How much longer a box is than what is in it.
    package static let overheadByteCount = 16

    /// - Parameter nonce: 24 bytes, for one message under this key, ever.
    /// - Returns: nil when key or nonce have another length.
    package static func seal(_ message: [UInt8], key: KeyMaterial, nonce: [UInt8]) -> [UInt8]? {
        guard key.count == keyByteCount, nonce.count == nonceByteCount, Sodium.isReady else { return nil }
        var box = [UInt8](repeating: 0, count: message.count + overheadByteCount)
        let status = key.withBytes {
            unsafe crypto_secretbox_easy(&box, message, UInt64(message.count), nonce, $0)
        }
        return status == 0 ? box : nil
    }

    /// - Returns: nil when the box was not made of these, or is none.
    package static func open(_ box: [UInt8], key: KeyMaterial, nonce: [UInt8]) -> [UInt8]? {
        guard key.count == keyByteCount, nonce.count == nonceByteCount, box.count >= overheadByteCount else {
            return nil
        }
        guard Sodium.isReady else { return nil }
        var message = [UInt8](repeating: 0, count: box.count - overheadByteCount)
        let status = key.withBytes {
            unsafe crypto_secretbox_open_easy(&message, box, UInt64(box.count), nonce, $0)
        }
        return status == 0 ? message : nil
    }
}
