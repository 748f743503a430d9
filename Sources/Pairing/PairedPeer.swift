/// The other side, who holds the same secret, and what it said of itself in the exchange.
package struct PairedPeer: Sendable, Equatable {
    /// SHA-256 of the certificate with which it will do DTLS, 32 bytes.
    package let certificate: [UInt8]
    /// For the connection that follows.
    package let proof: ChannelProof

    init(certificate: [UInt8], proof: ChannelProof) {
        self.certificate = certificate
        self.proof = proof
    }

    /// Whether a session description commits to the peer's certificate: it has at least one fingerprint, and each is
    /// that certificate's SHA-256 (RFC 8122).
    package func isDescribed(by sdp: String) -> Bool {
        let expected = Array("a=fingerprint:sha-256 \(hexadecimal)".utf8)
        var isFound = false
        for line in sdp.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = line.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            guard line.starts(with: "a=fingerprint".utf8) else { continue }
            // Check: the certificate of the exchange, and no other.
            guard line == expected else { return false }
            isFound = true
        }
        return isFound
    }

    /// Of the certificate, as descriptions have it, in lower case.
    private var hexadecimal: String {
        certificate.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
