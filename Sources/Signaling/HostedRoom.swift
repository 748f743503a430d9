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
    package var number: RoomNumber? { state.number }

    /// The next guest who holds the link or the code, or nil after `close()`. One caller at a time. Each guest is connected
    /// by itself, several at once if you like.
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
        var peers = first
        while true {
            while let peer = await peers.arrivals.next() {
                let guest = HostedGuest(peer: peer, peers: peers)
                for other in state.guests.offer(guest, inPlaceOf: \.isGone) where !other.isGone {
                    await other.refuse(code: "taken", message: "too many wait")
                }
            }
            guard !Task.isCancelled, !state.isClosed else { return state.finish(nil) }
            guard let ending = peers.ending, ending.mayPass else { return state.finish(peers.ending) }
            // A room that has waited as long as the server lets it is made again, and nobody need hear of it.
            let (hasExpired, number) = (ending == .expired, peers.room.number)
            if !hasExpired { hosting.onEvent(.serverLost) }
            do throws(RoomError) { peers = try await comeBack(hosting, peers.room, state) } catch {
                return state.finish(error)
            }
            if !hasExpired || peers.room.number != number { hosting.onEvent(.serverBack(number: peers.room.number)) }
        }
    }

    /// Asks for the room again, less and less often.
    private static func comeBack(
        _ hosting: Hosting, _ old: RoomClient, _ state: State
    ) async throws(RoomError) -> RoomPeers {
        var delay = Duration.milliseconds(500)
        while true {
            try? await NetworkClock().sleep(for: delay)
            guard !Task.isCancelled, !state.isClosed else { throw .left }
            delay = min(delay * 2, .seconds(30))
            do throws(RoomError) {
                let peers = try await hosting.enter(token: old.token, number: old.number)
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

        var number: RoomNumber? { values.withLock { $0.peers.room.number } }
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
    let place: RoomPlace
    let size: Int
    let looks: LookCount
    let client: WebSocketClient
    let onEvent: @Sendable (HostedRoomEvent) -> Void

    /// - Parameters:
    ///   - token: by which the server knows that the room was ours.
    ///   - number: the one to ask for.
    func enter(token: RoomToken?, number: RoomNumber?) async throws(RoomError) -> RoomPeers {
        var place = place
        place.number = number
        let room = try await RoomClient.host(place, size: size, looks: looks, token: token, over: client)
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

extension RoomError {
    /// The same request may succeed in a moment.
    fileprivate var mayPass: Bool {
        switch self {
        case .unreachable, .busy, .restarting, .expired, .timedOut, .connectionLost: true
        default: false
        }
    }
}
