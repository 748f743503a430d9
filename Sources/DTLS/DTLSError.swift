/// What went wrong in the DTLS layer.
package enum DTLSError: Error, Equatable, Sendable {
    /// OpenSSL refused a local operation (key, certificate, context); `reason` is its own text.
    case library(operation: String, reason: String)
    /// The peer's certificate is not the one that signaling named.
    case fingerprintMismatch
    /// The handshake failed for another reason: no common cipher or version, an alert, too many retransmissions.
    case handshakeFailed(reason: String)
    /// The connection does not carry application data in its present state.
    case notConnected
}
