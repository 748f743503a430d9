internal import COpenSSL

/// Keyed message authentication (RFC 2104).
package enum HMAC {
    package enum Algorithm: Sendable {
        /// 20 bytes; STUN's MESSAGE-INTEGRITY (RFC 8489 section 14.5).
        case sha1
        /// 32 bytes.
        case sha256
        /// 64 bytes.
        case sha512

        fileprivate var digest: OpaquePointer? {
            switch self {
            case .sha1: unsafe EVP_sha1()
            case .sha256: unsafe EVP_sha256()
            case .sha512: unsafe EVP_sha512()
            }
        }
    }

    /// The full-length code of `message` under `key`; both may have any length.
    package static func authenticationCode(_ algorithm: Algorithm, key: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 64)
        var length: UInt32 = 0
        // An empty array may have no address, and OpenSSL takes a missing key for "the key of last time".
        let nonempty = key.isEmpty ? [0] : key
        unsafe _ = COpenSSL.HMAC(algorithm.digest, nonempty, Int32(key.count), message, message.count, &code, &length)
        return Array(code.prefix(Int(length)))
    }

    /// Compares without telling by its running time where two codes differ. Different lengths are unequal.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}
