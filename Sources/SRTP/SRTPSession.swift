internal import CSRTP
package import Wire

/// Protects what we send and opens what the peer sends, on one DTLS association (RFC 5764): libsrtp with one key for
/// each direction, whatever the synchronization sources.
///
/// Not thread-safe: belongs to the network loop.
package final class SRTPSession {
    /// What came in, by what became of it.
    package struct Counters: Equatable, Sendable {
        /// Authenticated packets.
        package var rtpPackets = 0
        package var rtcpPackets = 0
        /// Bytes of the authenticated packets as they came, with their tags.
        package var rtpBytes = 0
        package var rtcpBytes = 0
        package var authenticationFailures = 0
        package var replays = 0
        /// Malformed, too long, or refused for another reason.
        package var otherFailures = 0
    }

    /// Longer packets are refused; no path carries them in one datagram.
    package static let maximumPacketBytes = 2048

    /// Sources of the peer that one session keeps apart. Each costs memory in libsrtp, which searches them in line.
    package static let maximumSources = 64

    package let profile: SRTPProfile
    package private(set) var counters = Counters()

    private let inbound: srtp_t
    private let outbound: srtp_t
    private var sources: Set<UInt32> = []
    /// Packets are worked on here: libsrtp wants them aligned, and room for the tag behind them. One for each
    /// direction, because whoever is handed a packet may send another.
    private let inboundScratch: UnsafeMutableRawBufferPointer
    private let outboundScratch: UnsafeMutableRawBufferPointer

    /// Makes a session from the keys of a finished DTLS handshake.
    ///
    /// - Parameters:
    ///   - keyingMaterial: from the exporter `EXTRACTOR-dtls_srtp`: client key, server key, client salt, server salt
    ///     (RFC 5764 section 4.2); ``SRTPProfile/keyingMaterialByteCount`` bytes.
    ///   - isDTLSClient: whether we were the client, and so protect with the client's key.
    /// - Throws: ``SRTPError/keyingMaterial(byteCount:needed:)``, or ``SRTPError/library(operation:status:)`` when
    ///   libsrtp cannot start or lacks the profile.
    package init(profile: SRTPProfile, keyingMaterial: [UInt8], isDTLSClient: Bool) throws(SRTPError) {
        guard keyingMaterial.count == profile.keyingMaterialByteCount else {
            throw .keyingMaterial(byteCount: keyingMaterial.count, needed: profile.keyingMaterialByteCount)
        }
        guard Self.libraryStatus == 0 else { throw .library(operation: "start", status: Self.libraryStatus) }
        let (key, salt) = (profile.keyByteCount, profile.saltByteCount)
        let client = keyingMaterial[..<key] + keyingMaterial[(2 * key)..<(2 * key + salt)]
        let server = keyingMaterial[key..<(2 * key)] + keyingMaterial[(2 * key + salt)...]
        let outbound = try Self.makeStream(profile, isDTLSClient ? client : server, ssrc_any_outbound)
        do {
            inbound = try Self.makeStream(profile, isDTLSClient ? server : client, ssrc_any_inbound)
        } catch {
            srtp_dealloc(outbound)
            throw error
        }
        self.outbound = outbound
        self.profile = profile
        // RTCP grows by its index besides the trailer.
        let capacity = Self.maximumPacketBytes + Int(SRTP_MAX_TRAILER_LEN) + 4
        inboundScratch = .allocate(byteCount: capacity, alignment: 64)
        outboundScratch = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit {
        srtp_dealloc(inbound)
        srtp_dealloc(outbound)
        inboundScratch.deallocate()
        outboundScratch.deallocate()
    }

    /// Opens one datagram of the peer, RTP or RTCP by RFC 5761, and counts it.
    ///
    /// - Parameter deliver: called once with the plain packet when it is authentic and new; the memory is valid during
    ///   the call.
    /// - Throws: ``SRTPError``; the packet is then to be dropped, the session goes on.
    package func handleDatagram(
        _ datagram: UnsafeRawBufferPointer, deliver: (RTPPacketKind, UnsafeRawBufferPointer) -> Void
    ) throws(SRTPError) {
        let kind: RTPPacketKind
        let plainCount: Int
        do throws(SRTPError) {
            (kind, plainCount) = try open(datagram)
        } catch {
            switch error {
            case .authenticationFailed: counters.authenticationFailures += 1
            case .replayed: counters.replays += 1
            default: counters.otherFailures += 1
            }
            throw error
        }
        switch kind {
        case .rtp:
            counters.rtpPackets += 1
            counters.rtpBytes += datagram.count
        case .rtcp:
            counters.rtcpPackets += 1
            counters.rtcpBytes += datagram.count
        }
        deliver(kind, UnsafeRawBufferPointer(rebasing: inboundScratch[..<plainCount]))
    }

    /// Protects an RTP or RTCP packet (which of them, by RFC 5761) and appends it to `batch`.
    ///
    /// - Throws: ``SRTPError``, among them ``SRTPError/replayed`` for a sequence number that was sent before: the same
    ///   key stream must never protect two payloads (RFC 3711 section 9.1).
    package func protect(_ packet: UnsafeRawBufferPointer, into batch: DatagramBatch) throws(SRTPError) {
        guard let kind = RTPPacketKind(packet), packet.count >= kind.headerByteCount,
            kind == .rtcp || packet.hasWholeRTPHeader(within: packet.count)
        else { throw .malformedPacket }
        try Self.copy(packet, to: outboundScratch)
        var count = Int32(packet.count)
        switch kind {
        case .rtp: try Self.check(srtp_protect(outbound, outboundScratch.baseAddress, &count), "protect RTP")
        case .rtcp: try Self.check(srtp_protect_rtcp(outbound, outboundScratch.baseAddress, &count), "protect RTCP")
        }
        batch.append(UnsafeRawBufferPointer(rebasing: outboundScratch[..<Int(count)]))
    }

    /// The plain packet lies in `inboundScratch` afterwards.
    private func open(_ datagram: UnsafeRawBufferPointer) throws(SRTPError) -> (RTPPacketKind, plainCount: Int) {
        guard let kind = RTPPacketKind(datagram), let source = datagram.source(kind) else { throw .malformedPacket }
        switch kind {
        case .rtp:
            guard datagram.hasWholeRTPHeader(within: datagram.count - profile.tagByteCount) else {
                throw .malformedPacket
            }
        case .rtcp:
            guard datagram.count >= kind.headerByteCount + profile.rtcpOverheadByteCount else { throw .malformedPacket }
        }
        guard sources.contains(source) || sources.count < Self.maximumSources else {
            throw .tooManySources(limit: Self.maximumSources)
        }
        try Self.copy(datagram, to: inboundScratch)
        var count = Int32(datagram.count)
        switch kind {
        case .rtp: try Self.check(srtp_unprotect(inbound, inboundScratch.baseAddress, &count), "open RTP")
        case .rtcp: try Self.check(srtp_unprotect_rtcp(inbound, inboundScratch.baseAddress, &count), "open RTCP")
        }
        // Only an authenticated packet makes libsrtp remember a source.
        sources.insert(source)
        guard 0...datagram.count ~= Int(count) else { throw .malformedPacket }
        return (kind, Int(count))
    }

    private static func copy(
        _ packet: UnsafeRawBufferPointer, to scratch: UnsafeMutableRawBufferPointer
    ) throws(SRTPError) {
        guard packet.count <= maximumPacketBytes else {
            throw .packetTooLong(byteCount: packet.count, limit: maximumPacketBytes)
        }
        scratch.copyMemory(from: packet)
    }

    /// The library starts once for the process, at the first session. Lazy globals are initialized under a lock.
    private static let libraryStatus: UInt32 = srtp_init().rawValue

    private static func makeStream(
        _ profile: SRTPProfile, _ keyAndSalt: ArraySlice<UInt8>, _ direction: srtp_ssrc_type_t
    ) throws(SRTPError) -> srtp_t {
        var policy = srtp_policy_t()
        let number = srtp_profile_t(UInt32(profile.rawValue))
        try check(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, number), "set RTP policy")
        try check(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, number), "set RTCP policy")
        policy.ssrc = srtp_ssrc_t(type: direction, value: 0)
        // Packets that many behind the newest are still told from replays; a lossy path with retransmissions of the
        // network's own reorders by far less.
        policy.window_size = 1024
        policy.allow_repeat_tx = 0
        var key = Array(keyAndSalt)
        var stream: srtp_t?
        let status = key.withUnsafeMutableBufferPointer { bytes in
            // libsrtp copies what it derives; the pointer is not kept beyond the call.
            policy.key = bytes.baseAddress
            let status = srtp_create(&stream, &policy)
            bytes.update(repeating: 0)
            return status
        }
        try check(status, "create stream")
        guard let stream else { throw .library(operation: "create stream", status: srtp_err_status_fail.rawValue) }
        return stream
    }

    private static func check(_ status: srtp_err_status_t, _ operation: String) throws(SRTPError) {
        switch status {
        case srtp_err_status_ok: return
        case srtp_err_status_auth_fail: throw .authenticationFailed
        case srtp_err_status_replay_fail, srtp_err_status_replay_old: throw .replayed
        case srtp_err_status_bad_param, srtp_err_status_parse_err: throw .malformedPacket
        case srtp_err_status_key_expired: throw .keyExpired
        default: throw .library(operation: operation, status: status.rawValue)
        }
    }
}

extension SRTPSession {
    /// As ``protect(_:into:)``, for a packet in an array.
    package func protect(_ packet: [UInt8]) throws(SRTPError) -> [UInt8] {
        let batch = DatagramBatch(capacityBytes: packet.count + 64)
        let result = packet.withUnsafeBytes { bytes in
            Result { () throws(SRTPError) in try protect(bytes, into: batch) }
        }
        try result.get()
        var protected: [UInt8] = []
        batch.forEachDatagram { protected = Array($0) }
        return protected
    }

    /// As ``handleDatagram(_:deliver:)``, for a packet in an array.
    package func open(_ datagram: [UInt8]) throws(SRTPError) -> (kind: RTPPacketKind, packet: [UInt8]) {
        var opened: (RTPPacketKind, [UInt8])?
        let result = datagram.withUnsafeBytes { bytes in
            Result { () throws(SRTPError) in try handleDatagram(bytes) { opened = ($0, Array($1)) } }
        }
        try result.get()
        guard let opened else { throw .malformedPacket }
        return opened
    }
}
