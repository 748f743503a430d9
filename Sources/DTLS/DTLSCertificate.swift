internal import COpenSSL

/// A P-256 key and the self-signed certificate made for it: one side's identity for one session.
///
/// Immutable after creation, so it may be made on another thread than the one that uses it.
package final class DTLSCertificate: @unchecked Sendable {
    let key: OpaquePointer
    let certificate: OpaquePointer
    /// SHA-256 of the certificate, for the session description.
    package let fingerprint: CertificateFingerprint

    /// Generates a key and signs a certificate that is valid from yesterday for thirty days, so that a wrong clock on
    /// either side does not matter. Takes well under a millisecond.
    package init() throws(DTLSError) {
        OpenSSLErrorQueue.clear()
        guard let key = martlet_generate_p256() else {
            throw .library(operation: "generate key", reason: OpenSSLErrorQueue.drain())
        }
        guard let certificate = X509_new() else {
            EVP_PKEY_free(key)
            throw .library(operation: "make certificate", reason: OpenSSLErrorQueue.drain())
        }
        let day = 24 * 60 * 60
        let name = X509_get_subject_name(certificate)
        let serial = Int(UInt32.random(in: 1...UInt32(Int32.max)))
        guard X509_set_version(certificate, 2) == 1,
            ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1,
            X509_gmtime_adj(X509_getm_notBefore(certificate), -day) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * day) != nil,
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, "WebRTC", -1, -1, 0) == 1,
            X509_set_issuer_name(certificate, name) == 1,
            X509_set_pubkey(certificate, key) == 1,
            X509_sign(certificate, key, EVP_sha256()) > 0,
            let fingerprint = CertificateFingerprint(of: certificate, algorithm: .sha256)
        else {
            X509_free(certificate)
            EVP_PKEY_free(key)
            throw .library(operation: "sign certificate", reason: OpenSSLErrorQueue.drain())
        }
        self.key = key
        self.certificate = certificate
        self.fingerprint = fingerprint
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }
}
