internal import DTLS
internal import DataChannel
internal import DequeModule
internal import ICE
internal import LinkSimulator
internal import PeerSession
internal import SDP
internal import Wire

/// Two sessions of ours over a simulated link in virtual time, with negotiated channels of which one side sends.
///
/// Whoever holds it moves time by ``step(until:)``. Not thread-safe. Must be closed.
final class SimulatedPair {
    /// A side, and what is on its way into its SCTP.
    final class Side {
        let session: PeerSession
        fileprivate let address: TransportAddress
        fileprivate var host: VirtualNetwork.Host
        fileprivate(set) var channels: [SessionChannel] = []
        fileprivate(set) var openCount = 0
        fileprivate var outboxes: [Deque<(bytes: [UInt8], givenAt: NetworkTime)>] = []
        /// Bytes that wait on each channel for room in SCTP.
        fileprivate(set) var heldBytes: [Int] = []

        fileprivate init(session: PeerSession, address: TransportAddress, host: VirtualNetwork.Host) {
            self.session = session
            self.address = address
            self.host = host
        }

        /// Why it cannot go on, if so.
        var failure: PeerSessionError? {
            if case .failed(let error) = session.state { return error }
            return session.state == .closed ? .closed : nil
        }
    }

    private(set) var now = NetworkTime.zero
    let sender: Side
    let receiver: Side
    /// Gets each message that arrives at the receiver, with the number of its channel.
    var onMessage: (_ channel: Int, [UInt8]) -> Void = { _, _ in }
    /// Datagrams and timeouts that were handled so far.
    private(set) var eventCount = 0

    private let time: VirtualTime?
    private var network: VirtualNetwork
    private var isClosed = false

    /// - Parameters:
    ///   - seed: of the link, and of everything that the sessions draw in Swift.
    ///   - link: while the sides connect.
    ///   - channels: negotiated on both sides, with the identifiers 0, 1, …
    ///   - time: nil where somebody else moves the clock of the process, if anybody does.
    init(seed: UInt64, link: LabLink, channels: [LabChannel], time: VirtualTime?) throws {
        self.time = time
        var network = VirtualNetwork(seed: seed)
        var generator = SplitMix64(seed: seed ^ 0x6C61_625F_7065_6572)
        var sides: [Side] = []
        for (number, path) in [link.forward, link.back].enumerated() {
            let address = TransportAddress(IPAddress(v4: 0x0A00_0001 + UInt32(number)), port: 50_000)
            let host = network.addHost(up: path.settings(startingAt: .zero))
            network.bind(address, to: host)
            let session = PeerSession(
                certificate: try DTLSCertificate(), generator: SplitMix64(seed: generator.next()), time: time)
            let side = Side(session: session, address: address, host: host)
            for (identifier, channel) in channels.enumerated() {
                let options = SessionChannelOptions(
                    ordered: channel.ordered, maxRetransmits: channel.maxRetransmits,
                    maxPacketLifeTime: channel.maxPacketLifeTime, negotiatedIdentifier: UInt16(identifier))
                side.channels.append(try session.openChannel("martlet-lab", options))
                side.outboxes.append([])
                side.heldBytes.append(0)
            }
            sides.append(side)
        }
        (sender, receiver) = (sides[0], sides[1])
        self.network = network
    }

    // MARK: - Beginning and end

    /// Offers and answers, with complete descriptions.
    func negotiate() throws {
        try sender.session.setLocalDescription(.offer, try sender.session.createOffer(), at: now)
        addAddress(of: sender)
        try receiver.session.setRemoteDescription(.offer, sender.session.localDescription?.text ?? "", at: now)
        try receiver.session.setLocalDescription(.answer, try receiver.session.createAnswer(), at: now)
        addAddress(of: receiver)
        try sender.session.setRemoteDescription(.answer, receiver.session.localDescription?.text ?? "", at: now)
        drain(sender)
        drain(receiver)
    }

    /// Whether every channel is open on both sides.
    var isConnected: Bool { [sender, receiver].allSatisfy { $0.openCount == $0.channels.count } }

    var failure: PeerSessionError? { sender.failure ?? receiver.failure }

    /// Replaces the link by another whose fate depends on the seed alone, not on what went over the one before. What is
    /// on its way still arrives.
    func replaceLink(_ link: LabLink, startingAt start: NetworkTime) {
        for (side, path) in [(sender, link.forward), (receiver, link.back)] {
            side.host = network.addHost(up: path.settings(startingAt: start))
            network.bind(side.address, to: side.host)
        }
    }

    /// Turns at the link that there is.
    func setLink(_ link: LabLink, startingAt start: NetworkTime) {
        network.setUplink(link.forward.settings(startingAt: start), of: sender.host)
        network.setUplink(link.back.settings(startingAt: start), of: receiver.host)
    }

    /// What the link there is now has done, in both directions.
    var link: (forward: LinkStatistics, back: LinkStatistics) {
        (network.uplinkStatistics(of: sender.host), network.uplinkStatistics(of: receiver.host))
    }

    /// What of that belongs into a report.
    var wire: LabWire {
        let (forward, back) = link
        return LabWire(forward: LabWireCount(forward), back: LabWireCount(back))
    }

    /// Ends both sessions. Idempotent.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for side in [sender, receiver] {
            side.session.packetTap = nil
            side.session.close(at: now)
            // Behind the time that a session waits for the other side.
            now = now.advanced(by: .seconds(10))
            time?.set(now)
            side.session.handleTimeout(at: now)
        }
    }

    private func addAddress(of side: Side) {
        side.session.addLocalAddress(side.address, at: now)
        side.session.endOfLocalAddresses(at: now)
        drain(side)
    }

    // MARK: - Messages

    /// Gives a message to a channel of the sender, as an application does: it may wait there for room in SCTP.
    func send(_ bytes: [UInt8], on channel: Int) {
        sender.outboxes[channel].append((bytes, now))
        sender.heldBytes[channel] += bytes.count
    }

    /// Has what was given to `send` go out. Once for several messages of one instant.
    func flush() {
        drain(sender)
    }

    // MARK: - Time

    /// When something happens next.
    func nextEvent() -> NetworkTime? {
        var earliest = network.nextArrival()
        for side in [sender, receiver] {
            if let deadline = side.session.pollTimeout() { earliest = min(earliest ?? deadline, deadline) }
        }
        return earliest
    }

    /// Jumps to the next thing that happens, and lets it happen; at most to `limit`.
    func step(until limit: NetworkTime) {
        now = max(now, min(nextEvent() ?? limit, limit))
        time?.set(now)
        while let datagram = network.receive(at: now) {
            let side = datagram.destination == sender.address ? sender : receiver
            datagram.bytes.withUnsafeBytes {
                side.session.handleDatagrams(
                    $0, segmentBytes: $0.count, from: datagram.source, to: datagram.destination, at: now)
            }
            eventCount += 1
            drain(side)
        }
        for side in [sender, receiver] {
            guard let deadline = side.session.pollTimeout(), deadline <= now else { continue }
            side.session.handleTimeout(at: now)
            eventCount += 1
            drain(side)
        }
    }

    private func drain(_ side: Side) {
        while true {
            while let event = side.session.pollEvent() { note(event, at: side) }
            guard side.session.hasMore else { break }
            side.session.resume(at: now)
        }
        pump(side)
        transmit(side)
    }

    private func note(_ event: PeerSessionEvent, at side: Side) {
        guard case .channel(let event) = event else { return }
        switch event {
        case .opened: side.openCount += 1
        case .message(let channel, .binary(let bytes)):
            guard side === receiver, let number = side.channels.firstIndex(of: channel) else { return }
            onMessage(number, bytes)
        default: break
        }
    }

    /// One message of each channel in turn while SCTP has room, as on the network's loop.
    private func pump(_ side: Side) {
        var moved = true
        while moved, side.session.canSend {
            moved = false
            for number in side.channels.indices where side.session.canSend {
                guard let (bytes, givenAt) = side.outboxes[number].popFirst() else { continue }
                moved = true
                side.heldBytes[number] -= bytes.count
                // A session that has failed takes no more, and says so by its state.
                try? side.session.send(.binary(bytes), on: side.channels[number], givenAt: givenAt, at: now)
            }
        }
    }

    private func transmit(_ side: Side) {
        while let datagram = side.session.pollTransmit() {
            network.send(datagram.bytes, from: datagram.localBase, to: datagram.remote, at: now)
        }
        guard let records = side.session.outgoingRecords else { return }
        if let path = side.session.path {
            records.forEachDatagram {
                network.send([UInt8]($0), from: path.localBase, to: path.remoteAddress, at: now)
            }
        }
        records.removeAll()
    }
}

extension LabWireCount {
    init(_ statistics: LinkStatistics) {
        self.init(
            datagrams: statistics.sentCount, bytes: statistics.sentBytes, dropped: statistics.droppedCount)
    }
}
