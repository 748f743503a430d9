/// What is wrong with a link that somebody typed or pasted.
package enum RoomLinkError: Error, Sendable, Equatable {
    /// It does not start with `http://` or `https://`.
    case notHTTP
    case badAuthority(String)
    /// There is something between host and `#`.
    case unexpectedPath(String)
    /// The part from `#` on is missing: the link was cut off.
    case incomplete
    case badRoom
    case badSecret
    /// There is a code after `#`, and something is wrong with it.
    case badCode(CodeError)
}

extension RoomLinkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notHTTP: "a link starts with http:// or https://"
        // Without the text itself: it may hold a secret, or escapes for a terminal.
        case .badAuthority: "the link has no valid address and port"
        case .unexpectedPath: "the link has an unexpected path between its address and #"
        case .incomplete: "the link is cut off: the part from # on is missing"
        case .badRoom: "the link is damaged: the room after # has 16 letters and digits"
        case .badSecret: "the link is damaged: the secret after the dot has 22 characters"
        case .badCode(let error): "\(error)"
        }
    }
}

/// Where two peers meet and what only they know: `http://HOST:PORT/#ROOM.SECRET` (Docs/Protocols/Rooms.md).
package struct RoomLink: Sendable, Equatable {
    package var rendezvous: Rendezvous
    package var room: RoomIdentifier
    package var secret: RoomSecret

    package init(rendezvous: Rendezvous, room: RoomIdentifier, secret: RoomSecret) {
        self.rendezvous = rendezvous
        self.room = room
        self.secret = secret
    }

    /// Reads a link; white space and angle brackets around it are forgiven.
    package init(parsing text: some StringProtocol) throws(RoomLinkError) {
        let (rendezvous, fragment) = try Self.split(text)
        try self.init(rendezvous: rendezvous, fragment: fragment)
    }

    init(rendezvous: Rendezvous, fragment: Substring) throws(RoomLinkError) {
        let parts = fragment.split(separator: ".", omittingEmptySubsequences: false)
        guard let name = parts.first, let room = RoomIdentifier(name) else { throw .badRoom }
        guard parts.count == 2, let secret = RoomSecret(base64URL: parts[1]) else { throw .badSecret }
        self.init(rendezvous: rendezvous, room: room, secret: secret)
    }

    /// The server and what stands behind `#`.
    static func split(_ text: some StringProtocol) throws(RoomLinkError) -> (Rendezvous, Substring) {
        let (rendezvous, rest) = try Rendezvous.split(text)
        guard let hash = rest.firstIndex(of: "#") else { throw .incomplete }
        let path = rest[..<hash]
        guard path.isEmpty || path == "/" else { throw .unexpectedPath(String(path.prefix(100))) }
        return (rendezvous, rest[rest.index(after: hash)...])
    }

    /// The address of the page, without what only the two peers know.
    package var pageAddress: String { rendezvous.pageAddress }

    /// The whole link, secret included: for a person's eyes, never for a log.
    package var text: String { pageAddress + "#\(room).\(secret.base64URL)" }
}

extension RoomLink: CustomStringConvertible {
    package var description: String { pageAddress + "#\(room).\(secret)" }
}
