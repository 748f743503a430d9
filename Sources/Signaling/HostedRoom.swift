internal import NetworkIO
internal import Synchronization

/// A room of ours. When the line to the server breaks, or the server is started again, the room comes back by itself.
/// When the last reference goes, the room ends.
package final class HostedRoom: Sendable {
    private let state: State
    private let task: Task<Void, Never>

    init(_ hosting: Hosting, first: RoomPeers) {
        let state = State(first)
        self.state = state
        task = Task { await Self.run(hosting, first, state) }
    }

    deinit {
        task.cancel()
    }

    /// What the server gave, as of now; nil where none was asked for.
    package var number: RoomNumber? { code?.number }
    /// The number with the words that go with it: those of the place, or new ones where the number is not the place's.
    package var code: RoomCode? { state.code }
    /// By which the room is known as ours; for `RoomPlace`.
    package var token: RoomToken? { state.token }

    /// The next guest who holds the link or the code, or nil after `close()`. One caller at a time. Each guest is
    /// connected by itself, several at once if you like.
    package func nextGuest() async throws(PeerConnectorError) -> HostedGuest? {
        if let guest = await state.guests.next() { return guest }
        if Task.isCancelled { throw .cancelled }
        if let ending = state.ending { throw PeerConnectorError(ending) }
        return nil
    }

    package var guests: Guests { Guests(room: self) }

    /// Leaves and thereby ends the room; connections stay.
    package func close() async {
        await state.close()
        task.cancel()
    }

    /// `nextGuest` as a sequence.
    package struct Guests: AsyncSequence, Sendable {
        package typealias Failure = PeerConnectorError

        fileprivate let room: HostedRoom

        package struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let room: HostedRoom

            package mutating func next() async throws(PeerConnectorError) -> HostedGuest? {
                try await room.nextGuest()
            }

            package mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(PeerConnectorError) -> HostedGuest? {
                try await room.nextGuest()
            }
        }

        package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(room: room) }
    }

    // MARK: Staying there

    private static func run(_ hosting: Hosting, _ first: RoomPeers, _ state: State) async {
        var (hosting, peers) = (hosting, first)
        while true {
            hosting.place.renew(from: peers.room)
            while let peer = await peers.arrivals.next() {
                let guest = HostedGuest(peer: peer, peers: peers)
                for other in state.guests.offer(guest, inPlaceOf: \.isGone) where !other.isGone {
                    await other.refuse(code: "taken", message: "too many wait")
                }
            }
            guard !Task.isCancelled, !state.isClosed else { return state.finish(nil) }
            guard let ending = peers.ending, ending.mayPass else { return state.finish(peers.ending) }
            // A room that has waited as long as the server lets it is made again, and nobody need hear of it.
            let (hasExpired, code) = (ending == .expired, peers.room.code)
            if !hasExpired { hosting.onEvent(.serverLost) }
            do throws(RoomError) { peers = try await comeBack(hosting, state) } catch {
                return state.finish(error)
            }
            if !hasExpired || peers.room.code != code {
                hosting.onEvent(.serverBack(code: peers.room.code, token: peers.room.token))
            }
        }
    }

    /// Asks for the room again, less and less often.
    private static func comeBack(_ hosting: Hosting, _ state: State) async throws(RoomError) -> RoomPeers {
        var delay = Duration.milliseconds(500)
        while true {
            try? await NetworkClock().sleep(for: delay)
            guard !Task.isCancelled, !state.isClosed else { throw .left }
            delay = min(delay * 2, .seconds(30))
            do throws(RoomError) {
                let peers = try await hosting.enter()
                await state.replace(peers)
                return peers
            } catch {
                guard error.mayPass else { throw error }
            }
        }
    }

    private final class State: Sendable {
        private struct Values {
            var peers: RoomPeers
            var ending: RoomError?
            var isClosed = false
        }

        let guests = Mailbox<HostedGuest>(capacity: RoomPeers.arrivalLimit)
        private let values: Mutex<Values>

        init(_ peers: RoomPeers) {
            values = Mutex(Values(peers: peers))
        }

        var code: RoomCode? { values.withLock { $0.peers.room.code } }
        var token: RoomToken? { values.withLock { $0.peers.room.token } }
        var ending: RoomError? { values.withLock { $0.ending } }
        var isClosed: Bool { values.withLock { $0.isClosed } }

        func replace(_ peers: RoomPeers) async {
            let isClosed = values.withLock { values in
                values.peers = peers
                return values.isClosed
            }
            if isClosed { await peers.leave() }
        }

        func finish(_ ending: RoomError?) {
            values.withLock { $0.ending = ending == .left ? nil : ending }
            guests.finish()
        }

        func close() async {
            let peers = values.withLock { values in
                values.isClosed = true
                return values.peers
            }
            await peers.leave()
            guests.finish()
        }
    }
}

/// How a room of ours is entered, the first time and again.
struct Hosting: Sendable {
    var place: RoomPlace
    let size: Int
    let looks: LookCount
    let client: WebSocketClient
    let onEvent: @Sendable (HostedRoomEvent) -> Void

    func enter() async throws(RoomError) -> RoomPeers {
        let room = try await RoomClient.host(place, size: size, looks: looks, token: place.token, over: client)
        return RoomPeers(room: room, onRejection: tell)
    }

    private func tell(_ error: PairingError) {
        switch error {
        case .wrongWords(let left):
            onEvent(.wrongWords(left: left))
            if left == 0 { onEvent(.codeDead) }
        case .wrongSecret: onEvent(.wrongLink)
        // A guest that could not come so far has guessed nothing.
        default: break
        }
    }
}

extension RoomClient {
    /// The host's.
    nonisolated var code: RoomCode? {
        guard let number, let words else { return nil }
        return RoomCode(number: number, words: words)
    }
}

extension RoomPlace {
    /// What the server and we have agreed upon, to be asked for again.
    fileprivate mutating func renew(from room: RoomClient) {
        words = room.words
        number = room.number ?? number
        token = room.token
    }
}

extension RoomError {
    /// The same request may succeed in a moment.
    fileprivate var mayPass: Bool {
        switch self {
        case .unreachable, .busy, .restarting, .expired, .timedOut, .connectionLost: true
        default: false
        }
    }
}
