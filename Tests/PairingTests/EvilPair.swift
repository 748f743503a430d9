@testable import Pairing

/// A host and a guest of one exchange, and all that passes between them.
struct EvilPair {
    enum End { case bothPaired, failed }

    static let hostCertificate = [UInt8](0x80...0x9F)
    static let guestCertificate = [UInt8](0xA0...0xBF)
    private static let room = "abcdefghijkmnpqr"

    var host: RoomPairing
    var guest: RoomPairing
    var said: [(RoomRole, String)] = []
    var hostPeer: PairedPeer?
    var guestPeer: PairedPeer?
    var hostError: PairingError?
    var guestError: PairingError?

    init(
        hostCode: String = "7-clock-mango-crust", guestCode: String? = nil, guestRoom: String = room,
        secret: String = "sixteen bytes it", hostLooks: LookCount = LookCount(), guestLooks: LookCount = LookCount(),
        seed: UInt64 = 1
    ) throws {
        var generator = SeededGenerator(state: seed)
        let code = try RoomCode(parsing: hostCode)
        let secrets = HostSecrets(
            secret: RoomSecret(bytes: Array(secret.utf8))!, code: code, looks: hostLooks)
        host = .host(
            room: RoomIdentifier(Self.room)!, secrets: secrets, certificate: Self.hostCertificate, using: &generator)
        let guess = try RoomCode(parsing: guestCode ?? hostCode)
        guest = .guest(
            room: RoomIdentifier(guestRoom)!, secret: .code(guess, looks: guestLooks),
            certificate: Self.guestCertificate, using: &generator)
    }

    static func paired() throws -> EvilPair {
        var pair = try EvilPair()
        _ = pair.meet()
        return pair
    }

    /// Lets the two talk until nobody has anything to say. `change` is (who says it, its number, body) -> body;
    /// `replay` gives a body that is heard before that one.
    mutating func meet(
        change: (RoomRole, Int, String) -> String = { _, _, body in body },
        replay: (RoomRole, Int) -> String? = { _, _ in nil }
    ) -> End {
        var counts = [RoomRole.host: 0, .guest: 0]
        while let (sender, body) = poll() {
            let index = counts[sender, default: 0]
            counts[sender] = index + 1
            said.append((sender, body))
            if let earlier = replay(sender, index) { hear(earlier, from: sender) }
            hear(change(sender, index, body), from: sender)
        }
        return hostPeer != nil && guestPeer != nil && hostError == nil && guestError == nil ? .bothPaired : .failed
    }

    mutating func exchangeShares() {
        for _ in 0..<2 { if let (sender, body) = poll() { hear(body, from: sender) } }
    }

    mutating func showGuess() {
        if let (sender, body) = poll() { hear(body, from: sender) }
    }

    private mutating func poll() -> (RoomRole, String)? {
        if let body = guest.pollBody() { return (.guest, body) }
        return host.pollBody().map { (.host, $0) }
    }

    private mutating func hear(_ body: String, from sender: RoomRole) {
        do throws(PairingError) {
            if sender == .guest {
                if let peer = try host.handleBody(body)?.peer { hostPeer = peer }
            } else if let peer = try guest.handleBody(body)?.peer {
                guestPeer = peer
            }
        } catch {
            if sender == .guest { hostError = hostError ?? error } else { guestError = guestError ?? error }
        }
    }
}

extension String {
    /// A text member of a body.
    func member(_ name: String) -> String {
        guard let start = firstRange(of: "\"\(name)\":\"")?.upperBound else { return "" }
        return String(self[start...].prefix { $0 != "\"" })
    }

    /// The body with another value of a text member.
    func with(_ name: String, _ value: String) -> String {
        replacing("\"\(name)\":\"\(member(name))\"", with: "\"\(name)\":\"\(value)\"")
    }
}
