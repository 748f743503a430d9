/// The protection profiles that Martlet negotiates, by their numbers in the `use_srtp` extension (RFC 5764 section
/// 4.1.2, RFC 7714 section 14.2).
package enum SRTPProfile: UInt16, CaseIterable, Sendable {
    /// AES counter mode with an 80-bit HMAC-SHA1 tag (RFC 3711). Every WebRTC peer has it.
    case aes128CMSHA1 = 0x0001
    /// AES-128 in Galois/counter mode (RFC 7714).
    case aeadAES128GCM = 0x0007
    /// AES-256 in Galois/counter mode (RFC 7714).
    case aeadAES256GCM = 0x0008

    /// Length of one master key.
    package var keyByteCount: Int {
        switch self {
        case .aes128CMSHA1, .aeadAES128GCM: 16
        case .aeadAES256GCM: 32
        }
    }

    /// Length of one master salt.
    package var saltByteCount: Int {
        switch self {
        case .aes128CMSHA1: 14
        case .aeadAES128GCM, .aeadAES256GCM: 12
        }
    }

    /// What the DTLS exporter has to give: a key and a salt for each direction (RFC 5764 section 4.2).
    package var keyingMaterialByteCount: Int { 2 * (keyByteCount + saltByteCount) }

    /// Bytes that protection adds to an RTP packet.
    package var tagByteCount: Int {
        switch self {
        case .aes128CMSHA1: 10
        case .aeadAES128GCM, .aeadAES256GCM: 16
        }
    }

    /// Bytes that protection adds to an RTCP packet: the tag, and the index with its encryption flag.
    package var rtcpOverheadByteCount: Int { tagByteCount + 4 }
}
