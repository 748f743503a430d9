internal import Digests
internal import JSON
internal import Sealing

/// One host and one guest who find out, without telling anybody else, whether they hold the same secret, and then speak
/// under keys that only they have (Docs/Protocols/Rooms.md, Bodies).
///
/// A sans-IO core for one side of one exchange: feed every body that comes to `handleBody`, and after each call send
/// all of `pollBody()`. The first error is final.
package struct RoomPairing: Sendable {
    package static let nonceByteCount = 16
    package static let certificateByteCount = 32

    package enum Event: Sendable, Equatable {
        /// The other side holds the same secret: `seal` may be used.
        case paired(PairedPeer)
        /// What the other side, and nobody else, said.
        case payload(String)
    }

    private enum State {
        // The host's.
        case awaitingHello(HostSecrets)
        case awaitingShare(KeyExchange, EntranceKind, HostSecrets)
        // The guest's.
        case awaitingHostShare(PairingSecret)
        case awaitingConfirmation(PairingKeys, hostCertificate: [UInt8], PairingSecret)
        // Both.
        case paired(SealedBodies)
        case failed
    }

    package let role: RoomRole
    private let room: RoomIdentifier
    private let certificate: [UInt8]
    private let nonce: [UInt8]
    private let scalar: KeyMaterial
    private var state: State
    private var bodies: [String] = []

    /// The host's side for one guest, with a fresh nonce and a fresh scalar.
    ///
    /// - Parameter certificate: SHA-256 of the certificate with which we will do DTLS with this guest, 32 bytes.
    package static func host(
        room: RoomIdentifier, secrets: HostSecrets, certificate: [UInt8],
        using generator: inout some RandomNumberGenerator
    ) -> RoomPairing {
        RoomPairing(role: .host, room, certificate, .awaitingHello(secrets), using: &generator)
    }

    /// The guest's side, which speaks first.
    package static func guest(
        room: RoomIdentifier, secret: PairingSecret, certificate: [UInt8],
        using generator: inout some RandomNumberGenerator
    ) -> RoomPairing {
        var pairing = RoomPairing(role: .guest, room, certificate, .awaitingHostShare(secret), using: &generator)
        pairing.bodies = [PairingBody.hello(by: secret.kind, nonce: pairing.nonce)]
        return pairing
    }

    private init(
        role: RoomRole, _ room: RoomIdentifier, _ certificate: [UInt8], _ state: State,
        using generator: inout some RandomNumberGenerator
    ) {
        self.role = role
        self.room = room
        self.certificate = certificate
        self.state = state
        nonce = randomBytes(Self.nonceByteCount, using: &generator)
        var scalar = randomBytes(CPace.scalarByteCount, using: &generator)
        self.scalar = KeyMaterial(taking: &scalar)
    }

    /// The next body for the other side.
    package mutating func pollBody() -> String? { bodies.isEmpty ? nil : bodies.removeFirst() }

    /// A body of the other side, or of somebody in between.
    ///
    /// - Returns: nil when the exchange goes on.
    package mutating func handleBody(_ body: String) throws(PairingError) -> Event? {
        let before = state
        // Whatever is thrown below, nothing is believed afterwards.
        state = .failed
        if case .failed = before { throw .failed }
        guard let object = JSONObject(roomText: body) else { throw .notAnObject }
        switch before {
        case .awaitingHello(let secrets):
            try greet(object, secrets)
            return nil
        case .awaitingShare(let exchange, let kind, let secrets):
            return .paired(try judge(object, exchange, kind, secrets))
        case .awaitingHostShare(let secret):
            try show(object, secret)
            return nil
        case .awaitingConfirmation(let keys, let hostCertificate, let secret):
            return .paired(try conclude(object, keys, hostCertificate, secret))
        case .paired(var sealed):
            let payload = try sealed.open(object)
            state = .paired(sealed)
            return .payload(payload)
        case .failed: throw .failed
        }
    }

    /// Makes a body of a payload, under the keys of the exchange.
    package mutating func seal(_ payload: String) throws(PairingError) -> String {
        switch state {
        case .paired(var sealed):
            let body = try sealed.seal(payload)
            state = .paired(sealed)
            return body
        case .failed: throw .failed
        default: throw .notPaired
        }
    }

    /// The body that ends an exchange for a reason of this side.
    package static func refusal(_ code: String) -> String { PairingBody.refused(code) }

    // MARK: Host

    /// Body 1, answered by body 2 or by a refusal.
    private mutating func greet(_ object: JSONObject, _ secrets: HostSecrets) throws(PairingError) {
        let body = PairingBody(object)
        try refusal(body)
        do throws(PairingError) { try body.requireVersion() } catch {
            if case .unknownVersion = error { bodies.append(PairingBody.refused("version")) }
            throw error
        }
        guard let kind = EntranceKind(rawValue: try body.string("by")) else { throw .badMember("by") }
        let theirs = try body.bytes("nonce", count: Self.nonceByteCount)
        // Check: not our own hello.
        guard theirs != nonce else { throw .reflectedHello }
        let terms: ExchangeTerms
        switch kind {
        case .link: terms = ExchangeTerms(room: room, link: secrets.secret, hostNonce: nonce, guestNonce: theirs)
        case .code:
            guard let code = secrets.code else {
                bodies.append(PairingBody.refused("no-code"))
                throw .noCode
            }
            // Check: a dead code answers nobody.
            guard !secrets.looks.isExhausted else { throw refuseDead() }
            terms = ExchangeTerms(room: room, code: code, hostNonce: nonce, guestNonce: theirs)
        }
        guard let exchange = KeyExchange(terms, scalar: scalar) else { throw .failed }
        bodies.append(PairingBody.answer(nonce: nonce, share: exchange.share, certificate: certificate))
        state = .awaitingShare(exchange, kind, secrets)
    }

    /// Body 3, answered by body 4 or by a refusal: a guest's one guess.
    private mutating func judge(
        _ object: JSONObject, _ exchange: KeyExchange, _ kind: EntranceKind, _ secrets: HostSecrets
    ) throws(PairingError) -> PairedPeer {
        let body = PairingBody(object)
        try refusal(body)
        let theirs = try body.part()
        let confirmation = try body.bytes("confirm", count: 32)
        let ours = ExchangePart(share: exchange.share, certificate: certificate)
        guard let keys = exchange.keys(as: .host, host: ours, guest: theirs) else { throw .badShare }
        let isRight = HMAC.isEqual(confirmation, keys.confirmation(of: .guest))
        if kind == .code { try look(isRight, secrets.looks) }
        // Check: the guest holds the secret, and both have seen the same parts.
        guard isRight else {
            bodies.append(PairingBody.refused("wrong-secret"))
            throw kind == .link ? .wrongSecret : .wrongWords(left: secrets.looks.left)
        }
        bodies.append(PairingBody.confirmation(keys.confirmation(of: .host)))
        state = .paired(SealedBodies(role: .host, keys: keys))
        return PairedPeer(certificate: theirs.certificate, proof: ChannelProof(role: .host, keys: keys))
    }

    /// Counts a wrong guess at the code; a dead code is not opened by a right one either.
    private mutating func look(_ isRight: Bool, _ looks: LookCount) throws(PairingError) {
        // Check: no guest is told anything once the code is dead.
        guard !looks.isExhausted else { throw refuseDead() }
        if !isRight { guard looks.take() else { throw refuseDead() } }
    }

    private mutating func refuseDead() -> PairingError {
        bodies.append(PairingBody.refused("dead"))
        return .codeDead
    }

    // MARK: Guest

    /// Body 2, answered by body 3: we show whether we hold the secret, and use up a look.
    private mutating func show(_ object: JSONObject, _ secret: PairingSecret) throws(PairingError) {
        let body = PairingBody(object)
        try refusal(body)
        do throws(PairingError) { try body.requireVersion() } catch {
            if case .unknownVersion = error { bodies.append(PairingBody.refused("version")) }
            throw error
        }
        let hostNonce = try body.bytes("nonce", count: Self.nonceByteCount)
        // Check: not our own hello.
        guard hostNonce != nonce else { throw .reflectedHello }
        let host = try body.part()
        // Check: three looks on this side too.
        guard secret.takeLook() else { throw .codeDead }
        guard let exchange = KeyExchange(secret.terms(room, hostNonce: hostNonce, guestNonce: nonce), scalar: scalar)
        else { throw .failed }
        let ours = ExchangePart(share: exchange.share, certificate: certificate)
        guard let keys = exchange.keys(as: .guest, host: host, guest: ours) else {
            // Nothing was shown.
            secret.giveBackLook()
            throw .badShare
        }
        bodies.append(PairingBody.show(ours, confirmation: keys.confirmation(of: .guest)))
        state = .awaitingConfirmation(keys, hostCertificate: host.certificate, secret)
    }

    /// Body 4: the host holds the secret, or it does not.
    private mutating func conclude(
        _ object: JSONObject, _ keys: PairingKeys, _ hostCertificate: [UInt8], _ secret: PairingSecret
    ) throws(PairingError) -> PairedPeer {
        let body = PairingBody(object)
        if body.refusal == "wrong-secret" { throw secret.wrong }
        try refusal(body)
        let confirmation = try body.bytes("confirm", count: 32)
        // Check: the host holds the secret, and both have seen the same parts.
        guard HMAC.isEqual(confirmation, keys.confirmation(of: .host)) else { throw secret.wrong }
        secret.giveBackLook()
        state = .paired(SealedBodies(role: .guest, keys: keys))
        return PairedPeer(certificate: hostCertificate, proof: ChannelProof(role: .guest, keys: keys))
    }

    private func refusal(_ body: PairingBody) throws(PairingError) {
        if let code = body.refusal { throw .refused(code: code) }
    }
}

extension PairingSecret {
    fileprivate var kind: EntranceKind {
        switch self {
        case .link: .link
        case .code: .code
        }
    }

    fileprivate func terms(_ room: RoomIdentifier, hostNonce: [UInt8], guestNonce: [UInt8]) -> ExchangeTerms {
        switch self {
        case .link(let secret): ExchangeTerms(room: room, link: secret, hostNonce: hostNonce, guestNonce: guestNonce)
        case .code(let code, _): ExchangeTerms(room: room, code: code, hostNonce: hostNonce, guestNonce: guestNonce)
        }
    }

    /// - Returns: false when this side has tried the code as often as it may.
    fileprivate func takeLook() -> Bool {
        switch self {
        case .link: true
        case .code(_, let looks): looks.take()
        }
    }

    fileprivate func giveBackLook() {
        if case .code(_, let looks) = self { looks.giveBack() }
    }

    fileprivate var wrong: PairingError {
        switch self {
        case .link: .wrongSecret
        case .code(_, let looks): .wrongWords(left: looks.left)
        }
    }
}
