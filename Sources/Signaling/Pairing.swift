internal import JSON

/// One host and one guest proving to each other that both hold the link (Docs/Protocols/Rooms.md, Bodies).
///
/// A sans-IO core: send `hello`, feed every body that comes, and stop at the first error, which is final.
package struct Pairing: Sendable {
    package static let nonceByteCount = 16

    package enum Event: Sendable, Equatable {
        /// Both hellos are known: `seal` may be used.
        case ready
        /// What the other side, and nobody else, said.
        case payload(String)
    }

    private enum State {
        case awaitingHello
        case paired(AuthenticatedBodies)
        /// What is left can still make one body, for `sealFarewell`.
        case failed(AuthenticatedBodies?)
    }

    private let role: RoomRole
    private let room: RoomIdentifier
    private let secret: RoomSecret
    private let nonce: [UInt8]
    private var state = State.awaitingHello

    /// Draws a fresh nonce; a pairing is never used for a second peer.
    package init(
        role: RoomRole, room: RoomIdentifier, secret: RoomSecret, using generator: inout some RandomNumberGenerator
    ) {
        self.role = role
        self.room = room
        self.secret = secret
        nonce = randomBytes(Self.nonceByteCount, using: &generator)
    }

    /// The body to send first.
    package var hello: String {
        JSONValue.object(["hello": .integer(1), "nonce": .string(Base64URL.encode(nonce))]).text
    }

    /// A body of the other side.
    package mutating func handleBody(_ body: String) throws(PairingError) -> Event {
        let before = state
        // Whatever is thrown below, nothing is believed afterwards.
        if case .paired(let bodies) = before { state = .failed(bodies) } else { state = .failed(nil) }
        switch before {
        case .failed: throw .failed
        case .awaitingHello:
            let theirs = try parseHello(body)
            let (hostNonce, guestNonce) = role == .host ? (nonce, theirs) : (theirs, nonce)
            state = .paired(
                AuthenticatedBodies(
                    role: role, room: room, secret: secret, hostNonce: hostNonce, guestNonce: guestNonce))
            return .ready
        case .paired(var bodies):
            let payload = try bodies.open(body)
            state = .paired(bodies)
            return .payload(payload)
        }
    }

    /// Makes a body of a payload. Before both hellos are known it throws and nothing is lost.
    package mutating func seal(_ payload: String) throws(PairingError) -> String {
        switch state {
        case .awaitingHello: throw .noHello
        case .failed: throw .failed
        case .paired(var bodies):
            let body = try bodies.seal(payload)
            state = .paired(bodies)
            return body
        }
    }

    /// After the other side could not be verified: makes a last body for it, once. When the link was the wrong one, its
    /// code is wrong too, and that is how the other side learns that somebody came with a wrong link.
    package mutating func sealFarewell(_ payload: String) -> String? {
        guard case .failed(var bodies?) = state else { return nil }
        state = .failed(nil)
        return try? bodies.seal(payload)
    }

    private func parseHello(_ body: String) throws(PairingError) -> [UInt8] {
        guard let object = JSONObject(roomText: body) else { throw .notAnObject }
        guard let hello = object["hello"] else { throw .noHello }
        guard let version = hello.integer else { throw .badMember("hello") }
        guard version == 1 else { throw .unknownVersion(Int(version)) }
        guard let theirs = object["nonce"]?.string.flatMap(Base64URL.decode), theirs.count == Self.nonceByteCount else {
            throw .badMember("nonce")
        }
        guard theirs != nonce else { throw .reflectedHello }
        return theirs
    }
}
