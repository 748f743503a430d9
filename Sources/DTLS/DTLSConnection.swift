internal import COpenSSL
package import Wire

/// One DTLS 1.2 association (RFC 6347), driven by hand: datagrams and times in, datagrams and plaintext out.
///
/// The peer is authenticated by the fingerprints that signaling gave (RFC 8827 section 6.5): any other certificate ends
/// the handshake. Only after that does application data pass, in either direction. Not thread-safe: belongs to the
/// network loop.
package final class DTLSConnection {
    package enum Role: Sendable, Equatable {
        /// Sends the ClientHello; `a=setup:active`.
        case client
        /// Waits for it; `a=setup:passive`.
        case server
    }

    package enum State: Equatable, Sendable {
        case handshaking
        case connected
        /// The peer said close_notify, or we did.
        case closed
        case failed(DTLSError)
    }

    /// Bytes that DTLS 1.2 with AES-GCM or ChaCha20 adds to each datagram: 13 of header, at most 8 of explicit nonce
    /// and 16 of tag (RFC 5288, RFC 6347 section 4.1).
    package static let recordOverheadBytes = 37

    /// The length of a datagram with the largest payload that fits everywhere: 1191 bytes of SCTP and the overhead.
    /// 1228 is 1280 (the IPv6 minimum) less 48 of IPv6 and UDP and 4 of a TURN channel.
    package static let maximumDatagramBytes = 1228

    package let role: Role
    package private(set) var state = State.handshaking
    /// Encrypted datagrams to be sent to the peer, in order. The owner sends and empties it after every call.
    package let outgoing: DatagramBatch

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let bio: DatagramBIO
    private let certificate: DTLSCertificate
    private let acceptable: [CertificateFingerprint]
    private var sawWrongCertificate = false
    private var peerCertificate: CertificateFingerprint?
    private var deadline: NetworkTime?
    private let plaintext: UnsafeMutableRawBufferPointer

    /// - Parameters:
    ///   - acceptable: the remote description's fingerprints; the certificate must match one of the strongest
    ///     algorithm among them (RFC 8122 section 5). Must not be empty.
    ///   - outgoing: where records go; shared so that they can be handed to the socket without another copy.
    package init(
        role: Role, certificate: DTLSCertificate, acceptable: [CertificateFingerprint], outgoing: DatagramBatch
    ) throws(DTLSError) {
        OpenSSLErrorQueue.clear()
        let bio = DatagramBIO(outgoing: outgoing)
        let context = try Self.makeContext(certificate)
        guard let ssl = SSL_new(context), let end = bio.makeBIO() else {
            SSL_CTX_free(context)
            throw .library(operation: "make connection", reason: OpenSSLErrorQueue.drain())
        }
        self.role = role
        self.certificate = certificate
        self.acceptable = acceptable
        self.outgoing = outgoing
        self.context = context
        self.ssl = ssl
        self.bio = bio
        plaintext = .allocate(byteCount: 16 * 1024 + 512, alignment: 64)
        SSL_set_bio(ssl, end, end)
        martlet_ssl_no_query_mtu(ssl)
        martlet_ssl_set_mtu(ssl, 1200)
        DTLS_set_timer_cb(ssl) { _, previous in
            // First repeat after 100 ms, not OpenSSL's second: a ClientHello that meets a peer which has not yet
            // applied our description is the usual case, and costs this much (see Docs/Decisions).
            previous == 0 ? 100_000 : min(previous * 2, 3_000_000)
        }
        SSL_CTX_set_cert_verify_callback(
            context,
            { store, owner in
                guard let store, let owner else { return 0 }
                return Unmanaged<DTLSConnection>.fromOpaque(owner).takeUnretainedValue().verify(store) ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
        if role == .client { SSL_set_connect_state(ssl) } else { SSL_set_accept_state(ssl) }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        plaintext.deallocate()
    }

    /// Sends the ClientHello (client) or starts to wait (server).
    package func start(at now: NetworkTime) {
        handshake(at: now)
    }

    /// Handles one datagram whose first byte is 20 to 63 (RFC 7983). Bytes that are no valid record are dropped.
    ///
    /// - Parameter deliver: called with each piece of application data; the memory is valid during the call, and may
    ///   be changed by it.
    package func handleDatagram(
        _ datagram: UnsafeRawBufferPointer, at now: NetworkTime, deliver: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard state == .handshaking || state == .connected else { return }
        let count = RecordCheck.soundByteCount(of: datagram) { recordOverhead }
        // OpenSSL would take an empty datagram for the end of the file.
        guard count > 0 else { return }
        bio.withIncoming(UnsafeRawBufferPointer(rebasing: datagram[..<count])) {
            if state == .handshaking { handshake(at: now) }
            if state == .connected { readRecords(deliver) }
        }
    }

    /// Bytes that encryption adds to each record.
    private var recordOverhead: Int {
        let cipher = SSL_get_pending_cipher(ssl) ?? SSL_get_current_cipher(ssl)
        let name = SSL_CIPHER_get_name(cipher).map { String(cString: $0) } ?? ""
        return name.contains("CHACHA20") ? RecordCheck.smallestOverhead : RecordCheck.greatestOverhead
    }

    /// Repeats the last flight when its answer is overdue.
    package func handleTimeout(at now: NetworkTime) {
        guard state == .handshaking, let deadline, now >= deadline else { return }
        OpenSSLErrorQueue.clear()
        if martlet_dtls_handle_timeout(ssl) < 0 {
            fail(.handshakeFailed(reason: "no answer to the handshake: \(OpenSSLErrorQueue.drain())"))
        } else {
            updateDeadline(at: now)
        }
    }

    /// When `handleTimeout` wants to be called.
    package func pollTimeout() -> NetworkTime? {
        state == .handshaking ? deadline : nil
    }

    /// Encrypts one packet of the upper layer into one datagram of `outgoing`.
    package func send(_ packet: UnsafeRawBufferPointer) throws(DTLSError) {
        guard state == .connected else { throw .notConnected }
        ERR_clear_error()
        if SSL_write(ssl, packet.baseAddress, Int32(packet.count)) <= 0 {
            throw .library(operation: "write", reason: OpenSSLErrorQueue.drain())
        }
    }

    /// Sends close_notify. Nothing can be sent afterwards.
    package func close() {
        if state == .connected {
            OpenSSLErrorQueue.clear()
            SSL_shutdown(ssl)
        }
        if state == .connected || state == .handshaking { state = .closed }
        deadline = nil
    }

    /// SHA-256 of the certificates of both sides, once each has proved that it holds its key.
    package var fingerprints: (local: CertificateFingerprint, remote: CertificateFingerprint)? {
        guard state == .connected, let peerCertificate else { return nil }
        return (certificate.fingerprint, peerCertificate)
    }

    /// Keying material for SRTP (RFC 5764 section 4.2, label `EXTRACTOR-dtls_srtp`, no context).
    package func exportSRTPKeyingMaterial(byteCount: Int) throws(DTLSError) -> [UInt8] {
        guard state == .connected else { throw .notConnected }
        OpenSSLErrorQueue.clear()
        var material = [UInt8](repeating: 0, count: byteCount)
        let label = "EXTRACTOR-dtls_srtp"
        guard SSL_export_keying_material(ssl, &material, byteCount, label, label.utf8.count, nil, 0, 0) == 1 else {
            throw .library(operation: "export keys", reason: OpenSSLErrorQueue.drain())
        }
        return material
    }

    /// The number of the SRTP protection profile that both sides chose (RFC 5764 section 4.1.2), if any.
    package var srtpProfile: UInt16? {
        SSL_get_selected_srtp_profile(ssl).map { UInt16(truncatingIfNeeded: $0.pointee.id) }
    }

    /// The negotiated cipher, for statistics.
    package var cipherName: String? {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) }
    }

    private static func makeContext(_ certificate: DTLSCertificate) throws(DTLSError) -> OpaquePointer {
        guard let context = SSL_CTX_new(DTLS_method()) else {
            throw .library(operation: "make context", reason: OpenSSLErrorQueue.drain())
        }
        martlet_ctx_harden(context)
        // The verify callback decides; this makes the server ask for a certificate and insist on it.
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        let ciphers = """
            ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
            ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
            """
        // set_tlsext_use_srtp is the one call here that returns 0 for success.
        guard martlet_ctx_set_versions(context, DTLS1_2_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1,
            martlet_ctx_set_groups(context, "X25519:P-256") == 1,
            SSL_CTX_set_tlsext_use_srtp(
                context, "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80") == 0,
            SSL_CTX_use_certificate(context, certificate.certificate) == 1,
            SSL_CTX_use_PrivateKey(context, certificate.key) == 1
        else {
            SSL_CTX_free(context)
            throw .library(operation: "configure context", reason: OpenSSLErrorQueue.drain())
        }
        return context
    }

    /// Called by OpenSSL in the middle of the handshake, with the certificates that the peer sent.
    private func verify(_ store: OpaquePointer) -> Bool {
        sawWrongCertificate = true
        guard let leaf = X509_STORE_CTX_get0_cert(store), OPENSSL_sk_num(X509_STORE_CTX_get0_untrusted(store)) <= 1,
            let key = X509_get0_pubkey(leaf), EVP_PKEY_get_security_bits(key) >= 112
        else { return false }
        for algorithm in CertificateFingerprint.Algorithm.allCases.reversed() {
            let named = acceptable.filter { $0.algorithm == algorithm }
            guard !named.isEmpty else { continue }
            guard let actual = CertificateFingerprint(of: leaf, algorithm: algorithm) else { return false }
            guard named.contains(where: { $0.matches(actual) }) else { return false }
            peerCertificate = algorithm == .sha256 ? actual : CertificateFingerprint(of: leaf, algorithm: .sha256)
            sawWrongCertificate = false
            return true
        }
        return false
    }

    private func handshake(at now: NetworkTime) {
        OpenSSLErrorQueue.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            state = .connected
            deadline = nil
            return
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            updateDeadline(at: now)
        default:
            let reason = OpenSSLErrorQueue.drain()
            fail(sawWrongCertificate ? .fingerprintMismatch : .handshakeFailed(reason: reason))
        }
    }

    private func readRecords(_ deliver: (UnsafeMutableRawBufferPointer) -> Void) {
        while state == .connected {
            ERR_clear_error()
            let count = SSL_read(ssl, plaintext.baseAddress, Int32(plaintext.count))
            if count > 0 {
                deliver(UnsafeMutableRawBufferPointer(rebasing: plaintext[..<Int(count)]))
                // One record a datagram is the rule; asking OpenSSL for the next one costs a tenth of a record.
                if SSL_has_pending(ssl) == 0 { return }
                continue
            }
            switch SSL_get_error(ssl, count) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
            case SSL_ERROR_ZERO_RETURN: state = .closed
            default: fail(.library(operation: "read", reason: OpenSSLErrorQueue.drain()))
            }
        }
    }

    private func fail(_ error: DTLSError) {
        state = .failed(error)
        deadline = nil
    }

    private func updateDeadline(at now: NetworkTime) {
        var left = timeval()
        guard martlet_dtls_get_timeout(ssl, &left) == 1 else {
            deadline = nil
            return
        }
        let wait = Duration.seconds(left.tv_sec) + .microseconds(left.tv_usec)
        // OpenSSL has a clock of its own; a deadline in the past would make the loop spin until the two agree.
        deadline = now.advanced(by: max(wait, .milliseconds(1)))
    }
}
