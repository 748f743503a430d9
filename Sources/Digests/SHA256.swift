internal import COpenSSL

/// SHA-256 (FIPS 180-4) over bytes that come in pieces.
///
/// A value that owns its OpenSSL context; it can be fed and finished once.
@safe
package struct SHA256: ~Copyable {
    package static let digestByteCount = 32

    private let context: OpaquePointer

    /// No peer and no file can make this fail, for nothing of theirs goes in: OpenSSL fails here only when memory is
    /// exhausted, which Swift programs do not survive either, or when this machine's OpenSSL is configured without
    /// SHA-256, without which nothing of this package works.
    package init() {
        guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL has no memory, or is configured without SHA-256")
        }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The 32 digest bytes. Afterwards the value starts over as an empty hash.
    package mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.digestByteCount)
        unsafe _ = EVP_DigestFinal_ex(context, &digest, nil)
        unsafe _ = EVP_DigestInit_ex(context, EVP_sha256(), nil)
        return digest
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}
