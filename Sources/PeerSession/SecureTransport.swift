internal import DTLS
internal import SCTP
internal import SRTP
internal import Wire

/// What runs over one path: DTLS, the SCTP association in it, and SRTP beside it, keyed by it.
///
/// Records go to `outgoing`, where usrsctp's packets land through DTLS without another copy. The association is made in
/// the same turn in which the handshake completes, so that the peer's INIT never meets nobody.
final class SecureTransport {
    enum Event {
        case connected
        case sctp(SCTPEvent)
        /// The peer said close_notify.
        case closedByPeer
        case failed(PeerSessionError)
    }

    let dtls: DTLSConnection
    let outgoing = DatagramBatch()
    private(set) var association: SCTPAssociation?
    private(set) var srtp: SRTPSession?
    /// SRTP and SRTCP packets that came while there were no keys for them.
    private(set) var unkeyedMediaCount = 0
    /// SCTP packets that DTLS could not take: lost packets, for SCTP to repeat.
    private(set) var unwrittenPacketCount = 0

    /// Sees every SCTP packet as it is between SCTP and DTLS, and whether it goes out.
    var packetTap: ((UnsafeRawBufferPointer, _ outgoing: Bool) -> Void)?

    /// The share in the process's clock, given back by `close`; nil in simulations.
    private var realUse: VirtualTime.RealUse?
    private let sctpPort: UInt16
    private let acknowledgeEvery: UInt32
    private var isConnected = false
    private var isOver = false
    /// When the association's timers want to run.
    private var nextTick = NetworkTime.zero
    private var events: [Event] = []

    /// - Parameters:
    ///   - acknowledgeEvery: see ``SCTPAssociation``.
    ///   - time: the simulation that this belongs to.
    init(
        role: DTLSConnection.Role, certificate: DTLSCertificate, acceptable: [CertificateFingerprint],
        sctpPort: UInt16, acknowledgeEvery: UInt32, time: VirtualTime?
    ) throws(PeerSessionError) {
        realUse = time == nil ? try VirtualTime.RealUse.begin() : nil
        do throws(DTLSError) {
            dtls = try DTLSConnection(role: role, certificate: certificate, acceptable: acceptable, outgoing: outgoing)
        } catch {
            throw .dtls(error)
        }
        self.sctpPort = sctpPort
        self.acknowledgeEvery = acknowledgeEvery
    }

    func start(at now: NetworkTime) {
        dtls.start(at: now)
        followDTLS(at: now)
    }

    /// Handles a datagram whose first byte says DTLS.
    func handleRecord(_ datagram: UnsafeRawBufferPointer, at now: NetworkTime) {
        catchUp(to: now)
        dtls.handleDatagram(datagram, at: now) { packet in
            // The first packet can come in the same datagram as the end of the handshake.
            if !isConnected { followDTLS(at: now) }
            guard let association else { return }
            packetTap?(UnsafeRawBufferPointer(packet), false)
            association.handlePacket(packet)
        }
        followDTLS(at: now)
    }

    /// Handles a datagram whose first byte says RTP or RTCP. Media has no receiver yet: packets are authenticated and
    /// counted by the SRTP session.
    func handleMedia(_ datagram: UnsafeRawBufferPointer) {
        guard let srtp else {
            unkeyedMediaCount += 1
            return
        }
        // The session counts what it refuses.
        try? srtp.handleDatagram(datagram) { _, _ in }
    }

    func handleTimeout(at now: NetworkTime) {
        dtls.handleTimeout(at: now)
        followDTLS(at: now)
        guard now >= nextTick else { return }
        advance(to: now)
    }

    /// After a standstill SCTP's time is behind, from which lifetimes count: timers run before packets and messages are
    /// handled.
    func catchUp(to now: NetworkTime) {
        if now >= nextTick.advanced(by: SCTPStack.tick) { advance(to: now) }
    }

    private func advance(to now: NetworkTime) {
        guard association != nil else { return }
        SCTPStack.advance(to: now)
        nextTick = now.advanced(by: SCTPStack.tick)
    }

    func pollTimeout() -> NetworkTime? {
        association == nil ? dtls.pollTimeout() : nextTick
    }

    /// - Parameter takesMessages: false leaves messages where they hold the peer back.
    func pollEvent(takesMessages: Bool) -> Event? {
        if !events.isEmpty { return events.removeFirst() }
        guard takesMessages, let event = association?.pollEvent() else { return nil }
        return .sctp(event)
    }

    /// Ends the association with an ABORT and DTLS with close_notify; both are then in `outgoing`.
    func close() {
        association?.close()
        association = nil
        dtls.close()
        realUse = nil
        isOver = true
    }

    private func followDTLS(at now: NetworkTime) {
        switch dtls.state {
        case .handshaking: break
        case .connected where !isConnected:
            isConnected = true
            SCTPStack.advance(to: now)
            nextTick = now.advanced(by: SCTPStack.tick)
            startLayersAbove()
        case .connected: break
        case .closed where !isOver:
            isOver = true
            events.append(.closedByPeer)
        case .failed(let error) where !isOver:
            isOver = true
            events.append(.failed(.dtls(error)))
        case .closed, .failed: break
        }
    }

    deinit {
        // Nobody is left to send the ABORT to: the connection is closed by close() before that, or was lost.
        association?.close()
    }

    private func startLayersAbove() {
        events.append(.connected)
        do throws(SCTPError) {
            association = try SCTPAssociation(
                remotePort: sctpPort, acknowledgeEvery: acknowledgeEvery, sendsHeartbeats: realUse != nil
            ) { [weak self] packet in
                guard let self else { return }
                packetTap?(packet, true)
                do throws(DTLSError) { try dtls.send(packet) } catch { unwrittenPacketCount += 1 }
            }
        } catch {
            isOver = true
            events.append(.failed(.sctp(error)))
        }
        guard let number = dtls.srtpProfile, let profile = SRTPProfile(rawValue: number) else { return }
        // Without keys media is refused packet by packet, which is what happens to media without a profile too.
        if let material = try? dtls.exportSRTPKeyingMaterial(byteCount: profile.keyingMaterialByteCount) {
            srtp = try? SRTPSession(profile: profile, keyingMaterial: material, isDTLSClient: dtls.role == .client)
        }
    }
}
