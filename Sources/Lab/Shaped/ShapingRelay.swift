package import LinkSimulator
package import Martlet
package import NetworkIO
package import Wire

/// A UDP relay of our own that shapes: it stands between one connection of this process and its partner, and every
/// packet of theirs passes a line with loss, delay and whatever else the settings say, on the real clock
/// (``RelayConversation``).
///
/// The connection is led through it by ``detour``. Unchecked because it is confined to the network loop: every member
/// but `start`, `outerAddresses` and `close` must be used there.
package final class ShapingRelay: DatagramReceiver, @unchecked Sendable {
    /// Where the partner reaches us: one of each usable address of this machine, and of loopback.
    package let outerAddresses: [TransportAddress]

    private let loop: NetworkLoop
    private let outer: [DatagramSocket]
    private let outerIndices: [TransportAddress: Int]
    private var conversation: RelayConversation
    /// The sockets of our connection, by family.
    private var bases: [IPAddress.Family: ConnectionDetour.Base] = [:]
    private var inner: [RelayConversation.Door: InnerSocket] = [:]
    private var doors: [TransportAddress: RelayConversation.Door] = [:]
    private var timer: (deadline: NetworkTime, work: ScheduledWork)?
    private var isClosed = false
    private let batch = DatagramBatch()
    private var batchTarget: (socket: DatagramSocket, remote: TransportAddress)?

    private enum InnerSocket {
        /// It is being opened; what came meanwhile waits.
        case opening(origin: TransportAddress, waiting: [[UInt8]])
        case open(DatagramSocket, base: ConnectionDetour.Base)
    }

    /// What waits for an inner socket: a few checks, since nothing else comes before they are answered.
    private static let waitingLimit = 16

    /// Opens the outer sockets. Addresses that cannot be bound are left out.
    ///
    /// - Parameters:
    ///   - inward: what is done to packets of the partner.
    ///   - outward: what is done to our packets.
    ///   - seed: of what both do.
    /// - Throws: ``LabError/failed(_:)`` when no address can be bound.
    package static func start(
        inward: LinkSettings, outward: LinkSettings, seed: UInt64, on loop: NetworkLoop = .shared
    ) async throws(LabError) -> ShapingRelay {
        let interfaces = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        var sockets: [DatagramSocket] = []
        for interface in interfaces {
            let address = TransportAddress(interface.address, port: 0)
            if let socket = try? await DatagramSocket.bind(to: address, on: loop) { sockets.append(socket) }
        }
        guard !sockets.isEmpty else { throw .failed("no UDP socket could be opened for the relay") }
        let relay = ShapingRelay(
            sockets, RelayConversation(inward: inward, outward: outward, seed: seed), on: loop)
        await relay.onLoop { for socket in relay.outer { socket.receiver = relay } }
        return relay
    }

    private init(_ outer: [DatagramSocket], _ conversation: RelayConversation, on loop: NetworkLoop) {
        self.loop = loop
        self.outer = outer
        self.conversation = conversation
        outerAddresses = outer.map(\.localAddress)
        outerIndices = Dictionary(outer.enumerated().map { ($1.localAddress, $0) }) { first, _ in first }
    }

    deinit {
        closeSockets()
    }

    /// Leads one connection through this relay.
    package var detour: ConnectionDetour {
        ConnectionDetour(outerAddresses: outerAddresses) { [weak self] base in
            self?.bases[base.address.ip.family] = base
        }
    }

    /// Changes the line for all that is sent from now on.
    package func setLink(inward: LinkSettings, outward: LinkSettings) {
        conversation.setLink(inward: inward, outward: outward)
    }

    /// Puts another line in the place of this one (``RelayConversation/replaceLink(inward:outward:seed:)``).
    package func replaceLink(inward: LinkSettings, outward: LinkSettings, seed: UInt64) {
        conversation.replaceLink(inward: inward, outward: outward, seed: seed)
    }

    /// What the two directions have done since the line was made or replaced.
    package var counts: (inward: RelayConversation.Count, outward: RelayConversation.Count) { conversation.counts }

    /// Datagrams of strangers, which had no effect.
    package var strangerCount: Int { conversation.strangerCount }

    /// Closes all sockets; what is on the line is lost. From any thread, idempotent.
    package func close() {
        loop.execute { [self] in
            isClosed = true
            timer?.work.cancel()
            timer = nil
            closeSockets()
            inner = [:]
            doors = [:]
        }
    }

    // MARK: - Datagrams

    package func receive(
        _ train: UnsafeRawBufferPointer, segmentBytes: Int, from remote: TransportAddress, at socket: DatagramSocket
    ) {
        guard !isClosed else { return }
        let now = loop.now()
        let door = doors[socket.localAddress]
        let outerIndex = outerIndices[socket.localAddress]
        var start = 0
        while start < train.count {
            let end = min(start + max(segmentBytes, 1), train.count)
            let datagram = UnsafeRawBufferPointer(rebasing: train[start..<end])
            start = end
            if let door {
                // An inner socket hears everybody on this machine; only our connection counts.
                if remote == bases[remote.ip.family]?.address { conversation.send(datagram, through: door, at: now) }
            } else if let outerIndex {
                handle(datagram, from: .init(address: remote, outer: outerIndex), at: now)
            }
        }
    }

    package func receiveDidFinishTurn() {
        pass()
    }

    private func handle(
        _ datagram: UnsafeRawBufferPointer, from visitor: RelayConversation.Visitor, at now: NetworkTime
    ) {
        let base = bases[visitor.address.ip.family]
        guard let news = conversation.receive(datagram, from: visitor, at: now, isCheck: { base?.isCheck($0) ?? false })
        else { return }
        if let closed = news.closed { closeInner(closed) }
        openInner(news.opened, origin: visitor.address)
    }

    /// Gives everything that has arrived at its end of the line to the sockets.
    private func pass() {
        guard !isClosed else { return }
        let now = loop.now()
        while let passage = conversation.poll(at: now) {
            switch passage {
            case .outward(let bytes, let visitor): append(bytes, outer[visitor.outer], visitor.address)
            case .inward(let bytes, let door):
                switch inner[door] {
                case .open(let socket, let base): append(bytes, socket, base.address)
                case .opening(let origin, var waiting):
                    if waiting.count < Self.waitingLimit { waiting.append(bytes) }
                    inner[door] = .opening(origin: origin, waiting: waiting)
                case nil: break
                }
            }
        }
        flush()
        setTimer()
    }

    private func append(_ bytes: [UInt8], _ socket: DatagramSocket, _ remote: TransportAddress) {
        if let target = batchTarget, target.socket !== socket || target.remote != remote { flush() }
        batchTarget = (socket, remote)
        batch.append(bytes)
    }

    private func flush() {
        if let target = batchTarget { target.socket.send(batch, to: target.remote) }
        batchTarget = nil
    }

    private func setTimer() {
        let deadline = conversation.nextArrival
        if let timer {
            if timer.deadline == deadline { return }
            timer.work.cancel()
            self.timer = nil
        }
        guard let deadline else { return }
        let work = loop.schedule(at: deadline) { [weak self] in
            self?.timer = nil
            self?.pass()
        }
        timer = (deadline, work)
    }

    // MARK: - Inner sockets

    private func openInner(_ door: RelayConversation.Door, origin: TransportAddress) {
        inner[door] = .opening(origin: origin, waiting: [])
        let loopback = origin.ip.family == .v4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(v6High: 0, low: 1)
        Task { [self] in
            let socket = try? await DatagramSocket.bind(to: TransportAddress(loopback, port: 0), on: loop)
            await onLoop { self.didOpen(socket, for: door) }
        }
    }

    private func didOpen(_ socket: DatagramSocket?, for door: RelayConversation.Door) {
        guard !isClosed, let socket, case .opening(let origin, let waiting) = inner[door],
            let base = bases[origin.ip.family]
        else {
            inner[door] = nil
            socket?.close()
            return
        }
        inner[door] = .open(socket, base: base)
        base.setOrigin(origin, socket.localAddress)
        doors[socket.localAddress] = door
        socket.receiver = self
        for bytes in waiting { append(bytes, socket, base.address) }
        flush()
    }

    private func closeInner(_ door: RelayConversation.Door) {
        if case .open(let socket, let base) = inner.removeValue(forKey: door) {
            base.setOrigin(nil, socket.localAddress)
            doors[socket.localAddress] = nil
            socket.close()
        }
    }

    private func closeSockets() {
        for socket in outer { socket.close() }
        for case .open(let socket, _) in inner.values { socket.close() }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            loop.execute {
                body()
                continuation.resume()
            }
        }
    }
}
