internal import COpenSSL

/// The hash of a certificate as session descriptions carry it (RFC 8122 section 5).
package struct CertificateFingerprint: Hashable, Sendable {
    /// Hashes that are strong enough to authenticate a peer. SHA-1 and MD5 are refused on purpose.
    package enum Algorithm: String, CaseIterable, Sendable {
        case sha256 = "sha-256"
        case sha384 = "sha-384"
        case sha512 = "sha-512"

        package var digestByteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    package let algorithm: Algorithm
    package let digest: [UInt8]

    /// Returns nil when the digest has not the algorithm's length.
    package init?(algorithm: Algorithm, digest: [UInt8]) {
        guard digest.count == algorithm.digestByteCount else { return nil }
        self.algorithm = algorithm
        self.digest = digest
    }

    init?(of certificate: OpaquePointer?, algorithm: Algorithm) {
        let method =
            switch algorithm {
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(certificate, method, &digest, &length) == 1 else { return nil }
        self.init(algorithm: algorithm, digest: Array(digest.prefix(Int(length))))
    }

    /// Compares in constant time.
    func matches(_ other: CertificateFingerprint) -> Bool {
        algorithm == other.algorithm && digest.count == other.digest.count
            && CRYPTO_memcmp(digest, other.digest, digest.count) == 0
    }

    /// Upper-case hex pairs joined by colons, as after `a=fingerprint:sha-256 `.
    package var text: String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: ":")
    }
}
