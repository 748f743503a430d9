internal import CPlatform
internal import CUsrsctp
internal import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One SCTP association over a lower layer of datagrams (RFC 8261), backed by a usrsctp socket.
///
/// Packets come in by `handlePacket`, go out by `output`; `SCTPStack.advance` drives its timers; events are polled. The
/// socket is created and connected in `init` so that it exists before the peer's INIT arrives: both ends connect, which
/// RFC 9260 calls a simultaneous open. Must be closed before it is released.
package final class SCTPAssociation {
    /// Called with each packet that is to be sent; the memory is usrsctp's and valid during the call. It must not call
    /// back into the association. Cleared by `close`.
    private var output: ((UnsafeRawBufferPointer) -> Void)?

    private var handle: UInt = 0
    private var socket: OpaquePointer?
    private let check: SCTPPacketCheck
    private var isUp = false
    private var outgoingStreamCount: UInt16 = 0
    private var hasInput = false
    private var partial: [UInt16: [UInt8]] = [:]
    private var pendingResets: [UInt16] = []
    private var resetInFlight = false
    private var events: [SCTPEvent] = []
    private var transmissions = TransmissionWatch()
    /// Whether the peer knows that messages may be given up (RFC 3758 section 3.1); of a peer that does not, all wait
    /// for all.
    private var canGiveUp = false

    /// Packets from the peer that the checks refused.
    package private(set) var refusedPacketCount = 0

    /// - Parameters:
    ///   - localPort, remotePort: from each side's `a=sctp-port`, 5000 in practice (RFC 8841 section 5).
    ///   - maximumPacketBytes: the largest packet to send, common header included.
    ///   - acknowledgeEvery: packets per SACK; 2 towards strangers (RFC 9260 section 6.2), up to 4 where the peer is
    ///     known to keep its window open.
    ///   - sendsHeartbeats: usrsctp draws their times itself, so simulations that are to be repeated go without. They
    ///     decide nothing: the one path lives as long as ICE has consent.
    package init(
        localPort: UInt16 = 5000, remotePort: UInt16, maximumPacketBytes: Int = SCTPParameters.maximumPacketBytes,
        acknowledgeEvery: UInt32 = 2, sendsHeartbeats: Bool = true,
        output: @escaping (UnsafeRawBufferPointer) -> Void
    ) throws(SCTPError) {
        self.output = output
        check = SCTPPacketCheck(
            streamCount: SCTPParameters.streamCount, sourcePort: remotePort, destinationPort: localPort)
        handle = SCTPStack.register(self)
        guard let socket = usrsctp_socket(AF_CONN, Self.streamSocket, Self.sctpProtocol, nil, nil, 0, nil) else {
            let code = errno
            SCTPStack.deregister(handle)
            throw .library(operation: "socket", code: code)
        }
        self.socket = socket
        do {
            try configure(
                maximumPacketBytes: maximumPacketBytes, acknowledgeEvery: acknowledgeEvery,
                sendsHeartbeats: sendsHeartbeats)
            try connect(from: localPort, to: remotePort)
        } catch {
            close()
            throw error
        }
    }

    deinit {
        precondition(socket == nil, "an SCTP association is closed before it is released")
    }

    /// Handles one packet of the peer. The memory may be changed.
    package func handlePacket(_ packet: UnsafeMutableRawBufferPointer) {
        guard socket != nil, let start = packet.baseAddress else { return }
        guard check.accepts(UnsafeRawBufferPointer(packet)) else {
            refusedPacketCount += 1
            return
        }
        transmissions.received(UnsafeRawBufferPointer(packet), at: SCTPStack.now)
        usrsctp_conninput(UnsafeMutableRawPointer(bitPattern: handle), start, packet.count, 0)
    }

    /// Hands one message to the library.
    ///
    /// - Returns: false when the send buffer has no room now, or a message with a lifetime would wait in it: try again
    ///   after the next packet from the peer, or the next tick.
    /// - Throws: ``SCTPError/lifetimeTooShort`` for an unordered message that would hardly all leave in what is left of
    ///   its lifetime, as long as others are under way; with nothing under way it is tried.
    package func send(
        _ bytes: [UInt8], stream: UInt16, protocolIdentifier: UInt32, ordered: Bool, reliability: SCTPReliability
    ) throws(SCTPError) -> Bool {
        guard let socket, isUp else { throw .notConnected }
        guard stream < outgoingStreamCount else { throw .noSuchStream(stream) }
        guard bytes.count <= SCTPParameters.sendBufferBytes / 2 else {
            throw .messageTooLarge(bytes: bytes.count, limit: SCTPParameters.sendBufferBytes / 2)
        }
        var parameters = sctp_sendv_spa()
        parameters.sendv_flags = UInt32(SCTP_SEND_SNDINFO_VALID)
        parameters.sendv_sndinfo.snd_sid = stream
        parameters.sendv_sndinfo.snd_ppid = protocolIdentifier.bigEndian
        parameters.sendv_sndinfo.snd_flags = UInt16(SCTP_EOR) | (ordered ? 0 : UInt16(SCTP_UNORDERED))
        var expires: NetworkTime?
        switch reliability {
        case .reliable: break
        case .maximumRetransmits(let count):
            parameters.sendv_flags |= UInt32(SCTP_SEND_PRINFO_VALID)
            parameters.sendv_prinfo.pr_policy = UInt16(SCTP_PR_SCTP_RTX)
            parameters.sendv_prinfo.pr_value = UInt32(count)
        case .maximumLifetime(let milliseconds):
            let left = Duration.milliseconds(Int(milliseconds))
            guard try hasRoom(for: bytes.count, within: ordered ? nil : left) else { return false }
            expires = SCTPStack.now.advanced(by: .milliseconds(Int(milliseconds)))
            parameters.sendv_flags |= UInt32(SCTP_SEND_PRINFO_VALID)
            parameters.sendv_prinfo.pr_policy = UInt16(SCTP_PR_SCTP_TTL)
            parameters.sendv_prinfo.pr_value = UInt32(milliseconds)
        }
        // Before the call, which may already send it.
        transmissions.handedOver(
            stream: stream, byteCount: bytes.count, ordered: ordered, expires: expires,
            sentOnce: reliability == .maximumRetransmits(0), canGiveUp: canGiveUp)
        let sent = usrsctp_sendv(
            socket, bytes, bytes.count, nil, 0, &parameters,
            socklen_t(MemoryLayout<sctp_sendv_spa>.size), UInt32(SCTP_SENDV_SPA), 0)
        if sent >= 0 { return true }
        let code = errno
        transmissions.refused(stream: stream)
        if code == EWOULDBLOCK || code == EAGAIN || code == ENOBUFS { return false }
        throw .library(operation: "send", code: code)
    }

    /// Whether a message with a lifetime begins to go out now, or waits for nothing but other streams' turns.
    private func hasRoom(for byteCount: Int, within lifetime: Duration?) throws(SCTPError) -> Bool {
        var status = sctp_status()
        var length = socklen_t(MemoryLayout<sctp_status>.size)
        guard usrsctp_getsockopt(socket, Self.sctpProtocol, SCTP_STATUS, &status, &length) == 0 else { return true }
        let window = status.sstat_rwnd > 0 ? Int(status.sstat_primary.spinfo_cwnd) : 0
        if let lifetime, transmissions.timeToLeave(byteCount, window: window) > lifetime { throw .lifetimeTooShort }
        return transmissions.hasRoom(window: window, at: SCTPStack.now)
    }

    private func askWhetherPeerForwards() -> Bool {
        var value = sctp_assoc_value()
        var length = socklen_t(MemoryLayout<sctp_assoc_value>.size)
        return usrsctp_getsockopt(socket, Self.sctpProtocol, SCTP_PR_SUPPORTED, &value, &length) == 0
            && value.assoc_value != 0
    }

    /// Asks to reset our side of `streams` once what was sent on them is acknowledged (RFC 6525). Only one request may
    /// be open at a time; further ones wait here.
    package func resetOutgoing(streams: [UInt16]) {
        pendingResets += streams
        requestResets()
    }

    /// The next event, or nil. Messages are only taken from the library while the caller polls, so a caller that stops
    /// holds the peer back by the receive window.
    package func pollEvent() -> SCTPEvent? {
        if events.isEmpty, hasInput { read() }
        return events.isEmpty ? nil : events.removeFirst()
    }

    /// Ends the association at once with an ABORT, which goes out through `output` during the call. Idempotent.
    package func close() {
        guard let socket else { return }
        self.socket = nil
        isUp = false
        usrsctp_set_upcall(socket, nil, nil)
        usrsctp_close(socket)
        output = nil
        SCTPStack.deregister(handle)
    }

    /// Called by the stack for usrsctp: takes out what must not leave, fills in the checksum, which the offload leaves
    /// to us, and passes the packet on.
    func emit(_ packet: UnsafeMutableRawBufferPointer) {
        guard packet.count >= SCTPPacketCheck.commonHeaderBytes else { return }
        let held = transmissions.sent(UnsafeRawBufferPointer(packet), at: SCTPStack.now)
        let left = held.isEmpty ? packet : packet.closing(held)
        guard left.count > SCTPPacketCheck.commonHeaderBytes else { return }
        pass(left)
    }

    /// Called by the stack with every tick: tells the peer which messages are given up.
    func tick() {
        guard isUp, var packet = transmissions.forwardPacket(at: SCTPStack.now) else { return }
        packet.withUnsafeMutableBytes { pass($0) }
    }

    private func pass(_ packet: UnsafeMutableRawBufferPointer) {
        guard let output, let start = packet.baseAddress else { return }
        let checksum = martlet_crc32c(start.assumingMemoryBound(to: UInt8.self), packet.count)
        packet.storeBytes(of: checksum.littleEndian, toByteOffset: 8, as: UInt32.self)
        output(UnsafeRawBufferPointer(packet))
    }

    // MARK: - Set-up

    private static let sctpProtocol = Int32(IPPROTO_SCTP)
    #if canImport(Glibc)
        private static let streamSocket = Int32(SOCK_STREAM.rawValue)
    #else
        private static let streamSocket = SOCK_STREAM
    #endif

    private func configure(
        maximumPacketBytes: Int, acknowledgeEvery: UInt32, sendsHeartbeats: Bool
    ) throws(SCTPError) {
        usrsctp_set_non_blocking(socket, 1)
        // Close means ABORT: nothing of the association outlives the call, so nothing calls us later.
        try set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0), "linger")
        try set(SOL_SOCKET, SO_SNDBUF, Int32(SCTPParameters.sendBufferBytes), "send buffer")
        try set(SOL_SOCKET, SO_RCVBUF, Int32(SCTPParameters.receiveBufferBytes), "receive buffer")
        try set(Self.sctpProtocol, SCTP_NODELAY, Int32(1), "no delay")
        // Whole messages up to the announced limit: partial delivery is for what exceeds it.
        try set(
            Self.sctpProtocol, SCTP_PARTIAL_DELIVERY_POINT, UInt32(SCTPParameters.receiveBufferBytes / 2),
            "partial delivery point")
        try set(Self.sctpProtocol, SCTP_RECVRCVINFO, Int32(1), "receive information")
        try set(
            Self.sctpProtocol, SCTP_ENABLE_STREAM_RESET,
            sctp_assoc_value(assoc_id: UInt32(SCTP_ALL_ASSOC), assoc_value: UInt32(SCTP_ENABLE_RESET_STREAM_REQ)),
            "stream reset")
        var initiation = sctp_initmsg()
        initiation.sinit_num_ostreams = SCTPParameters.streamCount
        initiation.sinit_max_instreams = SCTPParameters.streamCount
        try set(Self.sctpProtocol, SCTP_INITMSG, initiation, "initial message")
        for event in [SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_PARTIAL_DELIVERY_EVENT] {
            var subscription = sctp_event()
            subscription.se_assoc_id = UInt32(SCTP_ALL_ASSOC)
            subscription.se_type = UInt16(event)
            subscription.se_on = 1
            try set(Self.sctpProtocol, SCTP_EVENT, subscription, "event \(event)")
        }
        var path = sctp_paddrparams()
        path.spp_flags = UInt32(SPP_PMTUD_DISABLE) | (sendsHeartbeats ? 0 : UInt32(SPP_HB_DISABLE))
        // usrsctp's path MTU does not count the common header, though its documentation says so.
        path.spp_pathmtu = UInt32(maximumPacketBytes - 12)
        try set(Self.sctpProtocol, SCTP_PEER_ADDR_PARAMS, path, "path")
        var acknowledgement = sctp_sack_info()
        acknowledgement.sack_assoc_id = UInt32(SCTP_FUTURE_ASSOC)
        acknowledgement.sack_delay = 20
        acknowledgement.sack_freq = acknowledgeEvery
        try set(Self.sctpProtocol, SCTP_DELAYED_SACK, acknowledgement, "delayed acknowledgement")
        usrsctp_set_upcall(
            socket,
            { _, handle, _ in
                // Nothing of usrsctp may be called from here; the flag is looked at when the entering call is over.
                SCTPStack.association(handle)?.hasInput = true
            }, UnsafeMutableRawPointer(bitPattern: handle))
    }

    private func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, _ value: Value, _ name: String)
        throws(SCTPError)
    {
        var value = value
        if usrsctp_setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Value>.size)) != 0 {
            throw .library(operation: "set \(name)", code: errno)
        }
    }

    private func connect(from localPort: UInt16, to remotePort: UInt16) throws(SCTPError) {
        let bound = withAddress(localPort) { usrsctp_bind(socket, $0, $1) == 0 ? 0 : errno }
        guard bound == 0 else { throw .library(operation: "bind", code: bound) }
        let connected = withAddress(remotePort) { usrsctp_connect(socket, $0, $1) == 0 ? 0 : errno }
        guard connected == 0 || connected == EINPROGRESS else {
            throw .library(operation: "connect", code: connected)
        }
    }

    /// Both ends have the same address, our handle: usrsctp takes it for the path to the peer.
    private func withAddress(_ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_conn()
        address.sconn_family = UInt16(AF_CONN)
        address.sconn_port = port.bigEndian
        address.sconn_addr = UnsafeMutableRawPointer(bitPattern: handle)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_conn>.size))
            }
        }
    }

    // MARK: - Reading

    /// Takes messages and notifications from the library until it has no more or a few are queued.
    private func read() {
        guard let socket else { return }
        let scratch = SCTPStack.scratch
        while events.count < 16 {
            var info = sctp_rcvinfo()
            var infoLength = socklen_t(MemoryLayout<sctp_rcvinfo>.size)
            var infoType: UInt32 = 0
            var flags: Int32 = 0
            var addressLength: socklen_t = 0
            let count = usrsctp_recvv(
                socket, scratch.baseAddress, scratch.count, nil, &addressLength, &info, &infoLength, &infoType, &flags)
            guard count > 0 else {
                if count == 0 { lose(.shutDownByPeer) }
                hasInput = false
                return
            }
            let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
            if flags & Int32(MSG_NOTIFICATION) != 0 {
                handleNotification(bytes)
            } else {
                handleData(bytes, info, isLast: flags & Int32(MSG_EOR) != 0)
            }
        }
    }

    private func handleData(_ bytes: UnsafeRawBufferPointer, _ info: sctp_rcvinfo, isLast: Bool) {
        let stream = info.rcv_sid
        var message = partial.isEmpty ? [] : partial.removeValue(forKey: stream) ?? []
        guard message.count + bytes.count <= SCTPParameters.maximumMessageBytes else {
            // The limit was announced; whoever ignores it would fill our memory.
            lose(.protocolViolation)
            return
        }
        if message.isEmpty {
            message = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
                martlet_copy(target.baseAddress, bytes.baseAddress, bytes.count)
                count = bytes.count
            }
        } else {
            message.append(contentsOf: bytes)
        }
        if isLast {
            let identifier = UInt32(bigEndian: info.rcv_ppid)
            events.append(.message(SCTPMessage(stream: stream, protocolIdentifier: identifier, bytes: message)))
        } else {
            partial[stream] = message
        }
    }

    private func lose(_ reason: SCTPLossReason) {
        guard !events.contains(where: { if case .lost = $0 { true } else { false } }) else { return }
        isUp = false
        events.append(.lost(reason))
    }

    private func handleNotification(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sctp_tlv>.size else { return }
        switch Int32(bytes.loadUnaligned(as: UInt16.self)) {
        case SCTP_ASSOC_CHANGE:
            guard bytes.count >= MemoryLayout<sctp_assoc_change>.size else { return }
            handleChange(bytes.loadUnaligned(as: sctp_assoc_change.self), bytes)
        case SCTP_STREAM_RESET_EVENT:
            handleReset(bytes)
        case SCTP_PARTIAL_DELIVERY_EVENT:
            guard bytes.count >= MemoryLayout<sctp_pdapi_event>.size else { return }
            partial[UInt16(truncatingIfNeeded: bytes.loadUnaligned(as: sctp_pdapi_event.self).pdapi_stream)] = nil
        default:
            break
        }
    }

    private func handleChange(_ change: sctp_assoc_change, _ bytes: UnsafeRawBufferPointer) {
        switch Int32(change.sac_state) {
        case SCTP_COMM_UP:
            isUp = true
            canGiveUp = askWhetherPeerForwards()
            outgoingStreamCount = change.sac_outbound_streams
            events.append(
                .up(outgoingStreams: change.sac_outbound_streams, incomingStreams: change.sac_inbound_streams))
        case SCTP_COMM_LOST:
            // After the fixed part comes the ABORT chunk: four bytes of header, then its first cause.
            let cause = MemoryLayout<sctp_assoc_change>.size + 4
            lose(
                .abortedByPeer(
                    cause: bytes.count >= cause + 2
                        ? UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: cause, as: UInt16.self)) : nil))
        case SCTP_SHUTDOWN_COMP: lose(.shutDownByPeer)
        case SCTP_CANT_STR_ASSOC: lose(.refused)
        case SCTP_RESTART: lose(.protocolViolation)
        default: break
        }
    }

    // MARK: - Stream reset

    private func requestResets() {
        guard let socket, isUp, !resetInFlight, !pendingResets.isEmpty else { return }
        let streams = Array(pendingResets.prefix(64))
        let code = martlet_reset_outgoing_streams(socket, streams, UInt16(streams.count))
        if code == 0 {
            pendingResets.removeFirst(streams.count)
            resetInFlight = true
        } else if code != EALREADY && code != EAGAIN {
            pendingResets.removeFirst(streams.count)
            events.append(.outgoingResetFailed(streams: streams))
        }
    }

    private func handleReset(_ bytes: UnsafeRawBufferPointer) {
        let fixed = MemoryLayout<sctp_stream_reset_event>.size
        guard bytes.count >= fixed else { return }
        let event = bytes.loadUnaligned(as: sctp_stream_reset_event.self)
        let streams = stride(from: fixed, through: bytes.count - 2, by: 2).map {
            bytes.loadUnaligned(fromByteOffset: $0, as: UInt16.self)
        }
        let flags = Int32(event.strreset_flags)
        if flags & SCTP_STREAM_RESET_INCOMING_SSN != 0 {
            events.append(.incomingReset(streams: streams))
        }
        if flags & SCTP_STREAM_RESET_OUTGOING_SSN != 0 {
            resetInFlight = false
            let refused = flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED) != 0
            events.append(refused ? .outgoingResetFailed(streams: streams) : .outgoingResetDone(streams: streams))
            requestResets()
        }
    }
}
