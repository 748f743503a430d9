/// What happens in a room, as one member sees it.
package enum RoomEvent: Sendable, Equatable {
    /// We are in. `peers` are the others.
    case entered(peer: PeerIdentifier, host: PeerIdentifier, peers: [PeerIdentifier])
    case peerJoined(PeerIdentifier)
    /// Hellos are exchanged with that peer: payloads may be sent. It has proved nothing yet.
    case paired(PeerIdentifier)
    /// Verified: only a holder of the link can have said it.
    case payload(RoomPayload, from: PeerIdentifier)
    /// What that peer sent was not made by a holder of the link. Nothing of it is believed from now on.
    case couldNotVerify(PeerIdentifier, PairingError)
    case peerLeft(PeerIdentifier)
}

/// One member's side of a room: entering, pairing with the others, and the authenticated bodies.
///
/// A sans-IO core: after each call send all of `pollTransmit()` and take all of `pollEvent()`.
package struct RoomSession: Sendable {
    private enum State {
        case entering
        case entered(peer: PeerIdentifier, host: PeerIdentifier)
        case ended(RoomError)
    }

    package let role: RoomRole
    private let room: RoomIdentifier
    private let secret: RoomSecret
    private var state = State.entering
    private var pairings: [PeerIdentifier: Pairing] = [:]
    private var transmits: [String] = []
    private var events: [RoomEvent] = []
    package private(set) var iceServers: [RoomICEServer] = []

    /// Asks to make the room, as its host.
    ///
    /// - Parameter size: members, the host included; 2 to 32.
    package static func host(room: RoomIdentifier, secret: RoomSecret, size: Int) -> RoomSession {
        RoomSession(role: .host, room: room, secret: secret, request: .create(room: room, size: size))
    }

    /// Asks to enter the room, as a guest.
    package static func guest(room: RoomIdentifier, secret: RoomSecret) -> RoomSession {
        RoomSession(role: .guest, room: room, secret: secret, request: .join(room: room))
    }

    private init(role: RoomRole, room: RoomIdentifier, secret: RoomSecret, request: RoomRequest) {
        self.role = role
        self.room = room
        self.secret = secret
        transmits = [request.text]
    }

    /// The next message for the server.
    package mutating func pollTransmit() -> String? { transmits.isEmpty ? nil : transmits.removeFirst() }

    package mutating func pollEvent() -> RoomEvent? { events.isEmpty ? nil : events.removeFirst() }

    /// Why the room has ended for us; nil as long as it has not.
    package var ending: RoomError? {
        if case .ended(let error) = state { error } else { nil }
    }

    /// A message from the server.
    package mutating func handleText(_ text: String, using generator: inout some RandomNumberGenerator) {
        if case .ended = state { return }
        let notice: RoomNotice
        do {
            notice = try RoomNotice(parsing: text)
        } catch .unknownType {
            // A later server may say more than we know.
            return
        } catch {
            state = .ended(.protocolViolation("the server's message cannot be read: \(error)"))
            return
        }
        switch (notice, state) {
        case (.full, _): state = .ended(.full)
        case (.error(.noSuchPeer, _), _):
            // We spoke to somebody who was just leaving; `peer-left` says so.
            break
        case (.error(let code, let message), _): state = .ended(RoomError(code: code, message: message))
        case (.created(let name, let peer, _, _, let servers), .entering) where role == .host && name == room:
            enter(as: peer, host: peer, peers: [], servers)
        case (.joined(let name, let peer, let host, let peers, let servers), .entering)
        where role == .guest && name == room && peers.contains(host) && !peers.contains(peer):
            enter(as: peer, host: host, peers: peers, servers)
            startPairing(with: host, using: &generator)
        case (.peerJoined(let peer), .entered(let me, _)) where peer != me: joined(peer, using: &generator)
        case (.peerLeft(let peer), .entered):
            pairings[peer] = nil
            events.append(.peerLeft(peer))
        case (.message(let peer, let body), .entered): handleBody(body, from: peer)
        default: state = .ended(.protocolViolation("the server's message does not fit here"))
        }
    }

    /// Makes an authenticated message to one peer.
    package mutating func send(_ payload: RoomPayload, to peer: PeerIdentifier) throws(RoomError) {
        if case .ended(let error) = state { throw error }
        guard var pairing = pairings[peer] else { throw .noSuchPeer }
        let body: String
        do {
            body = try pairing.seal(payload.text)
        } catch {
            if case .tooLarge = error { throw .tooLarge }
            throw .noSuchPeer
        }
        pairings[peer] = pairing
        transmits.append(RoomRequest.message(to: peer, body: body).text)
    }

    /// Leaves the room.
    package mutating func leave() {
        if case .ended = state { return }
        transmits.append(RoomRequest.bye.text)
        state = .ended(.left)
    }

    private mutating func enter(
        as peer: PeerIdentifier, host: PeerIdentifier, peers: [PeerIdentifier], _ servers: [RoomICEServer]
    ) {
        state = .entered(peer: peer, host: host)
        iceServers = servers
        events.append(.entered(peer: peer, host: host, peers: peers))
    }

    private mutating func joined(_ peer: PeerIdentifier, using generator: inout some RandomNumberGenerator) {
        guard pairings[peer] == nil, pairings.count < RoomLimits.largestRoom else {
            state = .ended(.protocolViolation("more peers than a room holds"))
            return
        }
        events.append(.peerJoined(peer))
        // Guests have nothing to say to each other.
        if role == .host { startPairing(with: peer, using: &generator) }
    }

    private mutating func startPairing(
        with peer: PeerIdentifier, using generator: inout some RandomNumberGenerator
    ) {
        let pairing = Pairing(role: role, room: room, secret: secret, using: &generator)
        pairings[peer] = pairing
        transmits.append(RoomRequest.message(to: peer, body: pairing.hello).text)
    }

    private mutating func handleBody(_ body: String, from peer: PeerIdentifier) {
        // Nobody we know: a guest of another guest, or one who has failed or left.
        guard var pairing = pairings[peer] else { return }
        do {
            let event = try pairing.handleBody(body)
            pairings[peer] = pairing
            switch event {
            case .ready: events.append(.paired(peer))
            case .payload(let text):
                guard let payload = try? RoomPayload(parsing: text) else { throw PairingError.badMember("payload") }
                events.append(.payload(payload, from: peer))
            }
        } catch {
            pairings[peer] = nil
            events.append(.couldNotVerify(peer, error as? PairingError ?? .failed))
            // A host that answered would tell strangers what they did wrong.
            let farewell = RoomPayload.failed(code: "cannot-verify", message: "the secret does not match")
            if role == .guest, let body = pairing.sealFarewell(farewell.text) {
                transmits.append(RoomRequest.message(to: peer, body: body).text)
            }
        }
    }
}
