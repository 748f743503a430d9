internal import Martlet
internal import NetworkIO
internal import Synchronization

/// One other member of the room, with what concerns it alone.
final class RoomPeer: Sendable {
    enum Signal: Sendable, Equatable {
        /// The peer holds the same secret: payloads may be sent.
        case paired(PairedPeer)
        case payload(RoomPayload)
        case couldNotVerify(PairingError)
        case left
        /// The room has ended for us.
        case ended(RoomError)
    }

    let id: PeerIdentifier
    let signals = Mailbox<Signal>(capacity: RoomPeer.signalLimit)
    private let room: RoomClient
    private let gone = Atomic(false)

    /// A server relays 256 messages of one member at most; one that sends more is not ours to wait for.
    private static let signalLimit = 300

    init(id: PeerIdentifier, room: RoomClient) {
        self.id = id
        self.room = room
    }

    /// The certificate by which the peer knows us; once.
    func takeCertificate() -> PeerCertificate? { room.takeCertificate(for: id) }

    func send(_ payload: RoomPayload) async throws(RoomError) {
        try await room.send(payload, to: id)
    }

    /// It has left or failed, or the room has ended.
    var isGone: Bool { gone.load(ordering: .relaxed) }

    /// Hands on what concerns this peer. Nobody may be taking it, so that what exceeds the limit is the end.
    fileprivate func deliver(_ signal: Signal) {
        if !signals.offer(signal) { signals.finish() }
    }

    /// The last that there is to be said of it.
    fileprivate func close(with signal: Signal) {
        gone.store(true, ordering: .relaxed)
        deliver(signal)
        signals.finish()
    }
}

/// Takes the events of one room apart by peer, so that each connection attempt sees only its own.
///
/// When the last reference goes, the room is left without a word.
final class RoomPeers: Sendable {
    /// The peers who hold the same secret, each once. Ends with the room. Where nobody takes them, those who are gone
    /// make room for others, and then those who have waited longest.
    let arrivals: Mailbox<RoomPeer>
    /// How many may wait; a room has less than half as many members.
    static let arrivalLimit = 64
    let room: RoomClient
    private let table: Table
    private let pump: Task<Void, Never>
    /// Of a guest: kept, because what ends it may come before anybody asks for it.
    private let host: RoomPeer?

    /// - Parameter onRejection: hears why somebody who came did not arrive.
    init(room: RoomClient, onRejection: @escaping @Sendable (PairingError) -> Void = { _ in }) {
        let table = Table(onRejection: onRejection)
        // A guest's host is there from the start: nothing of it may be missed.
        host = room.role == .guest ? table.peer(room.host, room: room) : nil
        self.room = room
        self.table = table
        arrivals = table.arrivals
        pump = Task { await Self.pump(room, into: table) }
    }

    deinit {
        pump.cancel()
    }

    /// The peer of that name, known or to come.
    func peer(_ id: PeerIdentifier) -> RoomPeer {
        if let host, host.id == id { return host }
        return table.peer(id, room: room)
    }

    /// Why the room has ended, once `arrivals` has.
    var ending: RoomError? { table.ending }

    /// Leaves the room; what was sent goes out first.
    func leave() async {
        await room.leave()
    }

    private static func pump(_ room: RoomClient, into table: Table) async {
        do throws(RoomError) {
            while true { table.handle(try await room.next(), room: room) }
        } catch {
            table.finish(error)
        }
    }

    private final class Table: Sendable {
        private struct State {
            var peers: [PeerIdentifier: RoomPeer] = [:]
            var ending: RoomError?
        }

        let arrivals = Mailbox<RoomPeer>(capacity: RoomPeers.arrivalLimit)
        private let state = Mutex(State())
        private let onRejection: @Sendable (PairingError) -> Void

        init(onRejection: @escaping @Sendable (PairingError) -> Void) {
            self.onRejection = onRejection
        }

        var ending: RoomError? { state.withLock { $0.ending } }

        func peer(_ id: PeerIdentifier, room: RoomClient) -> RoomPeer {
            let (peer, ending) = state.withLock { state in
                let peer = state.peers[id] ?? RoomPeer(id: id, room: room)
                state.peers[id] = peer
                return (peer, state.ending)
            }
            if let ending { peer.close(with: .ended(ending)) }
            return peer
        }

        func handle(_ event: RoomEvent, room: RoomClient) {
            switch event {
            case .entered, .peerJoined: break
            case .paired(let id, let paired):
                let peer = peer(id, room: room)
                peer.deliver(.paired(paired))
                _ = arrivals.offer(peer) { $0.isGone }
            case .payload(let payload, let id): known(id)?.deliver(.payload(payload))
            case .couldNotVerify(let id, let error):
                if known(id) == nil { onRejection(error) }
                forget(id, with: .couldNotVerify(error))
            case .peerLeft(let id): forget(id, with: .left)
            }
        }

        func finish(_ error: RoomError) {
            let peers = state.withLock { state in
                state.ending = error
                defer { state.peers = [:] }
                return state.peers
            }
            for peer in peers.values { peer.close(with: .ended(error)) }
            arrivals.finish()
        }

        private func known(_ id: PeerIdentifier) -> RoomPeer? { state.withLock { $0.peers[id] } }

        private func forget(_ id: PeerIdentifier, with signal: RoomPeer.Signal) {
            state.withLock { $0.peers.removeValue(forKey: id) }?.close(with: signal)
        }
    }
}
