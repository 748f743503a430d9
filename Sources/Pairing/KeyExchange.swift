internal import Digests
internal import Sealing
internal import Wire

/// Whether a guest comes by link or by code: BY of the protocol.
enum EntranceKind: String, Sendable {
    case link
    case code
}

/// What both sides of one exchange have to agree on (Docs/Protocols/Rooms.md, CPace, then sealed).
struct ExchangeTerms: Sendable {
    var room: RoomIdentifier
    var kind: EntranceKind
    /// Nil for links.
    var number: RoomNumber?
    /// PRS.
    var password: [UInt8]
    var hostNonce: [UInt8]
    var guestNonce: [UInt8]

    init(room: RoomIdentifier, link secret: RoomSecret, hostNonce: [UInt8], guestNonce: [UInt8]) {
        self.room = room
        kind = .link
        password = secret.bytes
        self.hostNonce = hostNonce
        self.guestNonce = guestNonce
    }

    init(room: RoomIdentifier, code: RoomCode, hostNonce: [UInt8], guestNonce: [UInt8]) {
        self.room = room
        kind = .code
        number = code.number
        password = code.words.password
        self.hostNonce = hostNonce
        self.guestNonce = guestNonce
    }

    /// CI: whoever believes in another room, entrance or number comes to other keys.
    var channel: [UInt8] {
        lengthValues(
            Array("martlet rooms 2".utf8), Array(room.text.utf8), Array(kind.rawValue.utf8),
            Array((number?.description ?? "").utf8))
    }

    /// sid.
    var session: [UInt8] { hostNonce + guestNonce }
}

/// A side's public part: its share and the certificate with which it will do DTLS.
struct ExchangePart: Sendable, Equatable {
    var share: [UInt8]
    /// SHA-256 of the DER, 32 bytes.
    var certificate: [UInt8]

    /// - Parameter role: whose part it is; a part of the other role makes other keys.
    func message(of role: RoomRole) -> CPace.Message {
        CPace.Message(
            share: share, associatedData: lengthValues(Array(role.rawValue.utf8), certificate))
    }
}

/// One side's secret half of an exchange.
struct KeyExchange: Sendable {
    private let cpace: CPace
    private let session: [UInt8]

    var share: [UInt8] { cpace.share }

    /// - Parameter scalar: 32 fresh random bytes.
    /// - Returns: nil for a scalar of another length.
    init?(_ terms: ExchangeTerms, scalar: KeyMaterial) {
        let cpace = CPace(
            password: terms.password, channel: terms.channel, session: terms.session, scalar: scalar)
        guard let cpace else { return nil }
        self.cpace = cpace
        session = terms.session
    }

    /// - Returns: nil when the other side's share is a point that nobody may send.
    func keys(as role: RoomRole, host: ExchangePart, guest: ExchangePart) -> PairingKeys? {
        let (initiator, responder) = (host.message(of: .host), guest.message(of: .guest))
        let theirs = role == .host ? guest.share : host.share
        let key = cpace.key(with: theirs, initiator: initiator, responder: responder)
        guard let key else { return nil }
        return PairingKeys(
            key, session: session,
            transcript: lengthValues(
                initiator.share, initiator.associatedData, responder.share, responder.associatedData))
    }
}

/// The keys that an exchange leads to.
struct PairingKeys: Sendable {
    private let root: KeyMaterial
    private let transcript: [UInt8]

    fileprivate init(_ key: KeyMaterial, session: [UInt8], transcript: [UInt8]) {
        var root = key.withBytes { HKDF.extract(.sha512, salt: session, key: $0) }
        self.root = KeyMaterial(taking: &root)
        self.transcript = transcript
    }

    func key(_ label: String) -> KeyMaterial {
        var key = root.withBytes {
            HKDF.expand(.sha512, key: $0, info: Array("martlet rooms 2 \(label)".utf8), count: 32)
        }
        return KeyMaterial(taking: &key)
    }

    /// TA of the host, TB of the guest: whoever can make it has the same keys and has seen the same parts.
    func confirmation(of role: RoomRole) -> [UInt8] {
        authenticationCode(key("confirm \(role.rawValue)"), transcript)
    }
}

/// The first 32 bytes of HMAC-SHA-512.
func authenticationCode(_ key: KeyMaterial, _ message: [UInt8]) -> [UInt8] {
    key.withBytes { Array(HMAC.authenticationCode(.sha512, key: $0, message: message).prefix(32)) }
}

/// lv: each part after its length in 4 bytes.
func lengthValues(_ parts: [UInt8]...) -> [UInt8] {
    var writer = ByteWriter()
    for part in parts {
        writer.write(UInt32(part.count))
        writer.write(part)
    }
    return writer.bytes
}
