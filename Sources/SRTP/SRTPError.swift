/// Why a packet was not protected or not accepted.
package enum SRTPError: Error, Equatable, Sendable {
    /// The keying material has not the length of ``SRTPProfile/keyingMaterialByteCount``.
    case keyingMaterial(byteCount: Int, needed: Int)
    /// The packet is shorter than its header, tag or extension say, or is no RTP or RTCP version 2.
    case malformedPacket
    /// The packet is longer than ``SRTPSession/maximumPacketBytes``.
    case packetTooLong(byteCount: Int, limit: Int)
    /// The tag does not fit: changed on the way, or made with other keys.
    case authenticationFailed
    /// The packet came before, or is too old to tell (RFC 3711 section 3.3.2).
    case replayed
    /// More synchronization sources than ``SRTPSession/maximumSources``.
    case tooManySources(limit: Int)
    /// The key has protected as many packets as it may (RFC 3711 section 9.2).
    case keyExpired
    /// libsrtp failed in another way; `status` is its `srtp_err_status_t`.
    case library(operation: String, status: UInt32)
}
