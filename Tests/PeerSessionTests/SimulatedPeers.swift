import CPlatform
import DTLS
import DataChannel
import ICE
import LinkSimulator
import SDP
import Wire

@testable import PeerSession

/// Two whole sessions, each behind a link of its own, in virtual time.
///
/// Seeds fix which datagrams the links lose; keys and certificates are fresh each time, so packets differ between runs
/// and outcomes may not depend on their content.
final class SimulatedPeers {
    final class Peer {
        let session: PeerSession
        let address: TransportAddress
        fileprivate(set) var events: [PeerSessionEvent] = []
        /// Messages in order of arrival.
        fileprivate(set) var messages: [(channel: SessionChannel, message: SessionMessage)] = []
        /// Channels that the peer opened, with what it said of them.
        fileprivate(set) var incoming: [(channel: SessionChannel, parameters: DataChannelParameters)] = []
        fileprivate(set) var opened: [SessionChannel] = []
        fileprivate(set) var closed: [SessionChannel] = []
        /// What waits for room, in order.
        fileprivate var queue: [(channel: SessionChannel, message: SessionMessage, givenAt: NetworkTime)] = []
        /// Datagrams that went out, for tests that look at the wire.
        fileprivate(set) var sentDatagrams: [[UInt8]] = []
        /// Set to keep application messages where they hold the peer back.
        var isReading = true

        fileprivate init(session: PeerSession, address: TransportAddress) {
            self.session = session
            self.address = address
        }

        var states: [SessionState] {
            events.compactMap { if case .stateChange(let state) = $0 { state } else { nil } }
        }

        var signalingStates: [SignalingState] {
            events.compactMap { if case .signalingStateChange(let state) = $0 { state } else { nil } }
        }
    }

    private(set) var now = NetworkTime.zero
    let a: Peer
    let b: Peer
    private var network: VirtualNetwork
    private let hosts: [VirtualNetwork.Host]

    init(seed: UInt64 = 1, link: LinkSettings = LinkSettings(delay: .milliseconds(5))) throws {
        network = VirtualNetwork(seed: seed)
        // The link's loss applies once on the way: up from the sender, nothing on the way down.
        hosts = [network.addHost(up: link), network.addHost(up: link)]
        var peers: [Peer] = []
        for (index, host) in hosts.enumerated() {
            let address = TransportAddress(IPAddress(v4: 0x0A00_0001 + UInt32(index)), port: 50_000)
            network.bind(address, to: host)
            let session = PeerSession(
                certificate: try DTLSCertificate(),
                generator: SplitMix64(seed: seed &+ UInt64(index) &* 7919))
            peers.append(Peer(session: session, address: address))
        }
        (a, b) = (peers[0], peers[1])
    }

    deinit {
        for peer in [a, b] {
            peer.session.close(at: now)
            now = now.advanced(by: .seconds(10))
            peer.session.handleTimeout(at: now)
        }
    }

    func setLink(_ settings: LinkSettings) {
        for host in hosts { network.setUplink(settings, of: host) }
    }

    // MARK: - Signaling

    /// One round of offer and answer, with complete descriptions and every local address.
    func negotiate(offerer: Peer? = nil) throws {
        let offerer = offerer ?? a
        let answerer = offerer === a ? b : a
        try offerer.session.setLocalDescription(.offer, try offerer.session.createOffer(), at: now)
        addAddress(of: offerer)
        let offer = offerer.session.localDescription?.text ?? ""
        try answerer.session.setRemoteDescription(.offer, offer, at: now)
        try answerer.session.setLocalDescription(.answer, try answerer.session.createAnswer(), at: now)
        addAddress(of: answerer)
        try offerer.session.setRemoteDescription(.answer, answerer.session.localDescription?.text ?? "", at: now)
        settle()
    }

    func addAddress(of peer: Peer) {
        guard !peer.session.isGatheringComplete else { return }
        peer.session.addLocalAddress(peer.address, at: now)
        peer.session.endOfLocalAddresses(at: now)
        drain(peer)
    }

    /// Negotiates and runs until both sides are connected and their channels open.
    func connect(within limit: Duration = .seconds(30)) throws {
        try negotiate()
        run(for: limit) { [a, b] in a.session.state == .connected && b.session.state == .connected }
        // The association comes a round trip or so after DTLS.
        run(for: limit) { [a, b] in
            let (left, right) = (a.opened.count + a.incoming.count, b.opened.count + b.incoming.count)
            return left == right && left == a.session.openChannelCount && right == b.session.openChannelCount
        }
    }

    // MARK: - Messages

    func send(_ message: SessionMessage, on channel: SessionChannel, from peer: Peer) {
        peer.queue.append((channel, message, now))
        pump(peer)
        settle()
    }

    // MARK: - Time

    /// Lets time pass until `isDone`, jumping from one thing that happens to the next.
    func run(for duration: Duration, until isDone: () -> Bool = { false }) {
        let end = now.advanced(by: duration)
        while !isDone() {
            let next = [network.nextArrival(), a.session.pollTimeout(), b.session.pollTimeout()].compactMap(\.self)
                .min()
            guard let next, next <= end else {
                now = end
                martlet_virtual_clock_set(now.nanoseconds)
                return
            }
            now = max(now, next)
            martlet_virtual_clock_set(now.nanoseconds)
            while let datagram = network.receive(at: now) {
                let peer = datagram.destination == a.address ? a : b
                datagram.bytes.withUnsafeBytes {
                    peer.session.handleDatagrams(
                        $0, segmentBytes: $0.count, from: datagram.source, to: datagram.destination, at: now)
                }
                drain(peer)
            }
            for peer in [a, b] {
                if let deadline = peer.session.pollTimeout(), deadline <= now { peer.session.handleTimeout(at: now) }
            }
            settle()
        }
    }

    /// Time passes in which neither side runs, as in a program that was stopped.
    func standStill(for duration: Duration) {
        now = now.advanced(by: duration)
        martlet_virtual_clock_set(now.nanoseconds)
    }

    func settle() {
        drain(a)
        drain(b)
    }

    private func drain(_ peer: Peer) {
        peer.session.takesMessages = peer.isReading
        if peer.isReading { peer.session.resume(at: now) }
        repeat {
            while let event = peer.session.pollEvent() { note(event, at: peer) }
            if peer.session.hasMore, peer.isReading { peer.session.resume(at: now) }
        } while peer.session.hasMore && peer.isReading
        while let event = peer.session.pollEvent() { note(event, at: peer) }
        pump(peer)
        transmit(peer)
    }

    private func note(_ event: PeerSessionEvent, at peer: Peer) {
        peer.events.append(event)
        guard case .channel(let channelEvent) = event else { return }
        switch channelEvent {
        case .message(let channel, let message): peer.messages.append((channel, message))
        case .incoming(let channel, let parameters): peer.incoming.append((channel, parameters))
        case .opened(let channel): peer.opened.append(channel)
        case .closed(let channel): peer.closed.append(channel)
        default: break
        }
    }

    private func pump(_ peer: Peer) {
        while peer.session.canSend, let (channel, message, givenAt) = peer.queue.first {
            peer.queue.removeFirst()
            // A channel that closed meanwhile takes no more; tests see that by what does not arrive.
            try? peer.session.send(message, on: channel, givenAt: givenAt, at: now)
        }
    }

    private func transmit(_ peer: Peer) {
        while let datagram = peer.session.pollTransmit() {
            peer.sentDatagrams.append(datagram.bytes)
            network.send(datagram.bytes, from: datagram.localBase, to: datagram.remote, at: now)
        }
        guard let records = peer.session.outgoingRecords else { return }
        if let path = peer.session.path {
            records.forEachDatagram { record in
                peer.sentDatagrams.append([UInt8](record))
                network.send([UInt8](record), from: path.localBase, to: path.remoteAddress, at: now)
            }
        }
        records.removeAll()
    }
}

extension SessionMessage {
    /// The number that a test put into the first four bytes.
    var number: Int? {
        guard case .binary(let bytes) = self, bytes.count >= 4 else { return nil }
        return bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
    }

    static func numbered(_ number: Int, byteCount: Int = 100) -> SessionMessage {
        let head = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        return .binary(head + [UInt8](repeating: 0x55, count: max(0, byteCount - 4)))
    }
}
