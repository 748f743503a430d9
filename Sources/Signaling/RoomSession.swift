package import Wire

/// What happens in a room, as one member sees it.
package enum RoomEvent: Sendable, Equatable {
    /// We are in. `peers` are the others.
    case entered(peer: PeerIdentifier, host: PeerIdentifier, peers: [PeerIdentifier])
    case peerJoined(PeerIdentifier)
    /// That peer holds the same secret: payloads may be sent.
    case paired(PeerIdentifier, PairedPeer)
    /// Only the peer that was paired can have said it.
    case payload(RoomPayload, from: PeerIdentifier)
    /// That peer holds no secret of ours, or somebody in between interferes. Nothing of it is believed from now on.
    case couldNotVerify(PeerIdentifier, PairingError)
    case peerLeft(PeerIdentifier)
}

/// One member's side of a room: entering, pairing with the others, and the sealed bodies.
///
/// A sans-IO core: after each call send all of `pollTransmit()` and take all of `pollEvent()`.
package struct RoomSession: Sendable {
    /// SHA-256 of the certificate for the connection with that peer, 32 bytes; nil where none can be made.
    package typealias Certificates = @Sendable (PeerIdentifier) -> [UInt8]?

    private enum State {
        case entering
        case entered(peer: PeerIdentifier, host: PeerIdentifier)
        case ended(RoomError)
    }

    private enum Purpose {
        case host(RoomPlace, size: Int, LookCount)
        case guest(RoomEntrance, LookCount)
    }

    /// One peer's exchange.
    private struct Entry {
        /// Nil for a guest who has said nothing yet: keys and a certificate are made for those who do.
        var pairing: RoomPairing?
        /// Counts up with each that begins.
        var serial: Int
        /// When the exchange began.
        var began: NetworkTime
        var isPaired = false
    }

    /// How long a guest may stay without showing the secret, and how long while it takes a place that others may want.
    /// An exchange takes two round trips.
    private static let patience = (usually: Duration.seconds(20), inFullRoom: Duration.seconds(3))

    /// Twice what a room holds. More come only from a server that means harm, or that does not say who has left.
    package static let pairingLimit = 2 * RoomLimits.largestRoom

    private var purpose: Purpose
    private let certificates: Certificates
    private var state = State.entering
    /// The room's name, which a guest with a code hears from the server.
    private var room: RoomIdentifier?
    private var pairings: [PeerIdentifier: Entry] = [:]
    private var nextSerial = 0
    private var transmits: [String] = []
    private var events: [RoomEvent] = []
    package private(set) var iceServers: [RoomICEServer] = []
    /// What the server gave the host of a room with words.
    package private(set) var number: RoomNumber?
    /// By which the host gets its room back.
    package private(set) var token: RoomToken?
    /// Of the host's code: those of its place, or new ones where the server gave another number than was asked for.
    package var words: CodeWords? { if case .host(let place, _, _) = purpose { place.words } else { nil } }

    /// Asks to make the room, as its host.
    ///
    /// - Parameters:
    ///   - size: members, the host included; 2 to 32.
    ///   - looks: at the code, by all guests together.
    ///   - token: what the server gave when the room was ours before.
    package static func host(
        _ place: RoomPlace, size: Int, looks: LookCount = LookCount(), token: RoomToken? = nil,
        certificates: @escaping Certificates
    ) -> RoomSession {
        let wish = place.words == nil ? RoomNumberWish.none : place.number.map { .preferred($0) } ?? .any
        return RoomSession(
            .host(place, size: size, looks), room: place.room,
            request: .create(room: place.room, size: size, number: wish, token: token), certificates)
    }

    /// Asks to enter the room, as a guest.
    ///
    /// - Parameter looks: at the code, on this side.
    package static func guest(
        _ entrance: RoomEntrance, looks: LookCount = LookCount(), certificates: @escaping Certificates
    ) -> RoomSession {
        switch entrance {
        case .link(let link):
            RoomSession(.guest(entrance, looks), room: link.room, request: .join(room: link.room), certificates)
        case .code(let code, _):
            RoomSession(.guest(entrance, looks), room: nil, request: .joinNumber(code.number), certificates)
        }
    }

    private init(
        _ purpose: Purpose, room: RoomIdentifier?, request: RoomRequest, _ certificates: @escaping Certificates
    ) {
        self.purpose = purpose
        self.room = room
        self.certificates = certificates
        transmits = [request.text]
    }

    package var role: RoomRole {
        switch purpose {
        case .host: .host
        case .guest: .guest
        }
    }

    /// The next message for the server.
    package mutating func pollTransmit() -> String? { transmits.isEmpty ? nil : transmits.removeFirst() }

    package mutating func pollEvent() -> RoomEvent? { events.isEmpty ? nil : events.removeFirst() }

    /// Why the room has ended for us; nil as long as it has not.
    package var ending: RoomError? {
        if case .ended(let error) = state { error } else { nil }
    }

    /// A message from the server.
    package mutating func handleText(
        _ text: String, at now: NetworkTime, using generator: inout some RandomNumberGenerator
    ) {
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
        case (.created(let name, let peer, let number, let token, let servers), .entering)
        where role == .host && name == room:
            created(number: number, token: token, using: &generator)
            enter(as: peer, host: peer, peers: [], servers)
        case (.joined(let name, let peer, let host, let peers, let servers), .entering)
        where role == .guest && (room == nil || name == room) && peers.contains(host) && !peers.contains(peer):
            room = name
            enter(as: peer, host: host, peers: peers, servers)
            startPairing(with: host, at: now, using: &generator)
        case (.peerJoined(let peer), .entered(let me, _)) where peer != me:
            joined(peer, at: now, using: &generator)
        case (.peerLeft(let peer), .entered):
            pairings[peer] = nil
            events.append(.peerLeft(peer))
        case (.message(let peer, let body), .entered): handleBody(body, from: peer, at: now, using: &generator)
        default: state = .ended(.protocolViolation("the server's message does not fit here"))
        }
    }

    /// When `handleTimeout` wants to be called.
    package func pollTimeout() -> NetworkTime? {
        guard case .entered = state, let patience else { return nil }
        return pairings.values.lazy.filter { !$0.isPaired }.map { $0.began.advanced(by: patience) }.min()
    }

    /// Puts out whoever has shown no secret for too long, the first that came first: a room has few places.
    package mutating func handleTimeout(at now: NetworkTime) {
        while let deadline = pollTimeout(), deadline <= now, let peer = longestWaiting { drop(peer, .failed) }
    }

    private var longestWaiting: PeerIdentifier? {
        pairings.filter { !$0.value.isPaired }.min { $0.value.serial < $1.value.serial }?.key
    }

    /// Makes a sealed message to one peer.
    package mutating func send(_ payload: RoomPayload, to peer: PeerIdentifier) throws(RoomError) {
        if case .ended(let error) = state { throw error }
        guard let entry = pairings[peer], var pairing = entry.pairing else { throw .noSuchPeer }
        let body: String
        do {
            body = try pairing.seal(payload.text)
        } catch {
            if case .tooLarge = error { throw .tooLarge }
            throw .noSuchPeer
        }
        pairings[peer]?.pairing = pairing
        transmits.append(RoomRequest.message(to: peer, body: body).text)
    }

    /// Leaves the room.
    package mutating func leave() {
        if case .ended = state { return }
        transmits.append(RoomRequest.bye.text)
        state = .ended(.left)
    }

    private mutating func created(
        number: RoomNumber?, token: RoomToken, using generator: inout some RandomNumberGenerator
    ) {
        self.token = token
        guard case .host(var place, let size, let looks) = purpose, place.words != nil else { return }
        self.number = number
        guard let former = place.number, let number, number != former else { return }
        // Guests count their looks by number: words that went with several would be looked at more than three times.
        place.words = .random(using: &generator)
        purpose = .host(place, size: size, looks)
    }

    private mutating func enter(
        as peer: PeerIdentifier, host: PeerIdentifier, peers: [PeerIdentifier], _ servers: [RoomICEServer]
    ) {
        state = .entered(peer: peer, host: host)
        iceServers = servers
        events.append(.entered(peer: peer, host: host, peers: peers))
    }

    /// For guests who have shown no secret; nil for a guest.
    private var patience: Duration? {
        guard case .host(_, let size, _) = purpose else { return nil }
        return pairings.count + 1 < size ? Self.patience.usually : Self.patience.inFullRoom
    }

    /// Forgets a peer that showed no secret of ours, behind whatever it was told, and as the host puts it out.
    private mutating func drop(_ peer: PeerIdentifier, _ error: PairingError) {
        pairings[peer] = nil
        if role == .host { transmits.append(RoomRequest.drop(peer).text) }
        events.append(.couldNotVerify(peer, error))
    }

    private mutating func joined(
        _ peer: PeerIdentifier, at now: NetworkTime, using generator: inout some RandomNumberGenerator
    ) {
        guard pairings[peer] == nil else {
            state = .ended(.protocolViolation("a peer joined twice"))
            return
        }
        events.append(.peerJoined(peer))
        // Guests have nothing to say to each other.
        guard role == .host else { return }
        makeRoom()
        pairings[peer] = Entry(pairing: nil, serial: nextSerial, began: now)
        nextSerial += 1
    }

    /// Where too many exchanges are under way, the longest of those that have shown nothing ends: whoever comes now may
    /// be honest. Where all have shown the secret, the longest of all.
    private mutating func makeRoom() {
        guard pairings.count >= Self.pairingLimit else { return }
        let oldest = pairings.min { left, right in
            (left.value.isPaired ? 1 : 0, left.value.serial) < (right.value.isPaired ? 1 : 0, right.value.serial)
        }
        guard let peer = oldest?.key else { return }
        transmits.append(RoomRequest.message(to: peer, body: RoomPairing.refusal("busy")).text)
        drop(peer, .failed)
    }

    /// - Returns: nil where no certificate can be made.
    @discardableResult
    private mutating func startPairing(
        with peer: PeerIdentifier, at now: NetworkTime, using generator: inout some RandomNumberGenerator
    ) -> RoomPairing? {
        guard let room, let certificate = certificates(peer) else {
            drop(peer, .failed)
            return nil
        }
        var pairing =
            switch purpose {
            case .host(let place, _, let looks):
                RoomPairing.host(
                    room: room, secrets: secrets(place, looks), certificate: certificate, using: &generator)
            case .guest(.link(let link), _):
                RoomPairing.guest(
                    room: room, secret: .link(link.secret), certificate: certificate, using: &generator)
            case .guest(.code(let code, _), let looks):
                RoomPairing.guest(
                    room: room, secret: .code(code, looks: looks), certificate: certificate, using: &generator)
            }
        transmit(from: &pairing, to: peer)
        if pairings[peer] == nil {
            pairings[peer] = Entry(pairing: pairing, serial: nextSerial, began: now)
            nextSerial += 1
        }
        return pairing
    }

    private func secrets(_ place: RoomPlace, _ looks: LookCount) -> HostSecrets {
        let code = place.words.flatMap { words in number.map { RoomCode(number: $0, words: words) } }
        return HostSecrets(secret: place.secret, code: code, looks: looks)
    }

    private mutating func handleBody(
        _ body: String, from peer: PeerIdentifier, at now: NetworkTime,
        using generator: inout some RandomNumberGenerator
    ) {
        // Nobody we know: a guest of another guest, or one who has failed or left.
        guard let entry = pairings[peer],
            var pairing = entry.pairing ?? startPairing(with: peer, at: now, using: &generator)
        else { return }
        do {
            let event = try pairing.handleBody(body)
            transmit(from: &pairing, to: peer)
            pairings[peer]?.pairing = pairing
            if case .paired = event { pairings[peer]?.isPaired = true }
            switch event {
            case nil: break
            case .paired(let paired): events.append(.paired(peer, paired))
            case .payload(let text):
                guard let payload = try? RoomPayload(parsing: text) else { throw PairingError.badMember("payload") }
                events.append(.payload(payload, from: peer))
            }
        } catch {
            transmit(from: &pairing, to: peer)
            drop(peer, error as? PairingError ?? .failed)
        }
    }

    private mutating func transmit(from pairing: inout RoomPairing, to peer: PeerIdentifier) {
        while let body = pairing.pollBody() { transmits.append(RoomRequest.message(to: peer, body: body).text) }
    }
}
