internal import DataChannel
internal import ICE
internal import NetworkIO
internal import PeerSession
internal import Synchronization
internal import Wire

/// Runs one session on the network loop: its sockets, its timer, and the queues of its channels.
///
/// Unchecked because it is confined to the loop: everything but the three verbs of "From any thread" happens there, and
/// those touch only the atomic flag, the loop's queue and constants.
final class PeerDriver: DatagramReceiver, @unchecked Sendable {
    let session: PeerSession
    let loop: NetworkLoop
    /// Gets what the connection reports; channels report for themselves.
    var report: (Report) -> Void = { _ in }

    enum Report {
        case session(PeerSessionEvent)
        /// The peer opened a channel.
        case incoming(DataChannel)
    }

    private(set) var channels: [SessionChannel: DataChannel] = [:]
    /// Channels in the order of their turns to send.
    private var turns: [SessionChannel] = []
    /// Channels to be closed once their outboxes are empty.
    private var closeRequests: Set<SessionChannel> = []
    /// Channels that got messages in this turn.
    private var readers: Set<SessionChannel> = []
    /// Why channels that are about to close do so.
    private var failures: [SessionChannel: MartletError] = [:]
    private var sockets: [TransportAddress: DatagramSocket] = [:]
    private var timer: (deadline: NetworkTime, work: ScheduledWork)?
    /// This driver, while it closes without an owner.
    private var untilClosed: PeerDriver?
    private let isPumpRequested = Atomic(false)

    /// Records are handed to the socket when so many bytes have gathered: one segmented write's worth.
    private static let flushBytes = 64 * 1024

    init(session: PeerSession, loop: NetworkLoop) {
        self.session = session
        self.loop = loop
    }

    // MARK: - From any thread

    /// Looks at the outboxes and held-back messages soon.
    func requestPump() {
        guard !isPumpRequested.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.execute { [weak self] in
            guard let self else { return }
            isPumpRequested.store(false, ordering: .releasing)
            finishTurn()
        }
    }

    /// Closes a channel once its outbox is empty.
    func requestClose(_ channel: SessionChannel) {
        loop.execute { [weak self] in
            self?.closeRequests.insert(channel)
            self?.finishTurn()
        }
    }

    /// Closes the session, for an owner that is going away.
    func closeSoon() {
        loop.execute { [self] in
            // Nobody else holds on to us; the close takes until the peer has answered or two seconds have passed.
            if session.state != .closed { untilClosed = self }
            session.close(at: loop.now())
            finishTurn()
        }
    }

    // MARK: - Sockets

    func add(_ socket: DatagramSocket, advertisedAs advertised: [TransportAddress]? = nil) {
        guard session.state != .closed else { return socket.close() }
        sockets[socket.localAddress] = socket
        socket.receiver = self
        session.addLocalAddress(socket.localAddress, advertisedAs: advertised, at: loop.now())
        finishTurn()
    }

    func receive(
        _ train: UnsafeRawBufferPointer, segmentBytes: Int, from remote: TransportAddress, at socket: DatagramSocket
    ) {
        session.handleDatagrams(
            train, segmentBytes: segmentBytes, from: remote, to: socket.localAddress, at: loop.now())
        drainEvents()
    }

    func receiveDidFinishTurn() {
        finishTurn()
    }

    // MARK: - Turns

    /// What ends every turn: events go up, messages and datagrams go down, the timer is set.
    func finishTurn() {
        drainEvents()
        resumeReading()
        pump()
        closeEmptied()
        transmit()
        setTimer()
    }

    /// Makes the public face of a channel of the session.
    func makeChannel(_ handle: SessionChannel, label: String, options: DataChannelOptions) -> DataChannel {
        let channel = DataChannel(
            label: label, options: options, id: session.streamIdentifier(of: handle),
            wakeLoop: { [weak self] in self?.requestPump() },
            closeOnLoop: { [weak self] in self?.requestClose(handle) })
        channels[handle] = channel
        turns.append(handle)
        return channel
    }

    private func resumeReading() {
        guard !session.takesMessages, !channels.values.contains(where: \.holdsPeer) else { return }
        session.takesMessages = true
        session.resume(at: loop.now())
        drainEvents()
    }

    /// Takes one message of each channel in turn, so that no channel starves another (RFC 8831 section 6.4).
    private func pump() {
        let now = loop.now()
        var moved = true
        while moved, session.canSend {
            moved = false
            for handle in turns {
                guard session.canSend else { break }
                guard let channel = channels[handle], let next = channel.takeOutgoing() else { continue }
                moved = true
                do throws(PeerSessionError) {
                    try session.send(SessionMessage(next.message), on: handle, givenAt: next.givenAt, at: now)
                } catch {
                    // The channel began to close while the message was on its way here; the channel says so itself.
                    continue
                }
                if let records = session.outgoingRecords, records.byteCount >= Self.flushBytes { transmit() }
            }
        }
    }

    private func closeEmptied() {
        for handle in closeRequests where channels[handle]?.isOutboxEmpty ?? true {
            closeRequests.remove(handle)
            session.closeChannel(handle, at: loop.now())
        }
        drainEvents()
    }

    private func transmit() {
        while let datagram = session.pollTransmit() {
            sockets[datagram.localBase]?.send(datagram.bytes, to: datagram.remote)
        }
        guard let records = session.outgoingRecords else { return }
        if let path = session.path, let socket = sockets[path.localBase] {
            socket.send(records, to: path.remoteAddress)
        } else {
            records.removeAll()
        }
    }

    private func setTimer() {
        let deadline = session.pollTimeout()
        if let timer {
            if let deadline, timer.deadline <= deadline { return }
            timer.work.cancel()
            self.timer = nil
        }
        guard let deadline else { return }
        let work = loop.schedule(at: deadline) { [weak self] in
            guard let self else { return }
            timer = nil
            session.handleTimeout(at: loop.now())
            finishTurn()
        }
        timer = (deadline, work)
    }

    // MARK: - Events

    private func drainEvents() {
        while true {
            while let event = session.pollEvent() {
                if case .channel(let channelEvent) = event {
                    handle(channelEvent)
                } else {
                    if case .stateChange(.closed) = event { closeSockets() }
                    report(.session(event))
                }
            }
            guard session.hasMore, session.takesMessages else { break }
            session.resume(at: loop.now())
        }
        for handle in readers { channels[handle]?.signalReader() }
        readers.removeAll(keepingCapacity: true)
    }

    private func handle(_ event: DataChannelEndpoint.Event) {
        switch event {
        case .message(let handle, let message):
            guard let channel = channels[handle] else { return }
            readers.insert(handle)
            if !channel.deliver(DataChannelMessage(message)) { session.takesMessages = false }
        case .opened(let handle):
            channels[handle]?.didOpen(
                id: session.streamIdentifier(of: handle), maxMessageBytes: session.maximumMessageBytes)
        case .incoming(let handle, let parameters):
            let channel = makeChannel(handle, label: parameters.label, options: DataChannelOptions(parameters))
            channel.didOpen(
                id: session.streamIdentifier(of: handle), maxMessageBytes: session.maximumMessageBytes)
            report(.incoming(channel))
        case .closing(let handle):
            channels[handle]?.willClose()
        case .error(let handle, let error):
            failures[handle] = MartletError(error)
        case .closed(let handle):
            channels.removeValue(forKey: handle)?.didClose(failures.removeValue(forKey: handle))
            turns.removeAll { $0 == handle }
            closeRequests.remove(handle)
        case .refused:
            break
        }
    }

    private func closeSockets() {
        // What the close itself sends still goes out.
        transmit()
        timer?.work.cancel()
        timer = nil
        for socket in sockets.values { socket.close() }
        sockets = [:]
        untilClosed = nil
    }
}
