internal import DTLS
internal import PeerSession

/// The key and the self-signed certificate by which one side of a connection is known; W3C `RTCCertificate`.
///
/// Made before a connection where its fingerprint is needed before; used for one connection.
public struct PeerCertificate: Sendable {
    let certificate: DTLSCertificate

    /// - Throws: `operationError` when the key or the certificate cannot be made.
    public init() throws {
        do { certificate = try DTLSCertificate() } catch { throw MartletError(.dtls(error)) }
    }

    /// SHA-256 of its DER, 32 bytes.
    public var fingerprint: [UInt8] { certificate.fingerprint.digest }
}
