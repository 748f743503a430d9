package import NetworkIO

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
        }
    }
}

/// Where two peers meet and what only they know: `http://HOST:PORT/#ROOM.SECRET` (Docs/Protocols/Rooms.md).
package struct RoomLink: Sendable, Equatable {
    package var isSecure: Bool
    /// A name or an IP address, without brackets.
    package var host: String
    package var port: UInt16
    package var room: RoomIdentifier
    package var secret: RoomSecret

    package init(isSecure: Bool, host: String, port: UInt16, room: RoomIdentifier, secret: RoomSecret) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.room = room
        self.secret = secret
    }

    /// Reads a link; white space and angle brackets around it are forgiven.
    package init(parsing text: some StringProtocol) throws(RoomLinkError) {
        var text = Substring(text)
        while let first = text.first, first.isWhitespace || first == "<" { text.removeFirst() }
        while let last = text.last, last.isWhitespace || last == ">" { text.removeLast() }
        let start = text.prefix(8).lowercased()
        let isSecure = start == "https://"
        guard isSecure || start.hasPrefix("http://") else { throw .notHTTP }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let authority = HTTPAuthority(rest[..<end], defaultPort: isSecure ? 443 : 80) else {
            throw .badAuthority(String(rest[..<end].prefix(300)))
        }
        guard let hash = rest.firstIndex(of: "#") else { throw .incomplete }
        let path = rest[end..<hash]
        guard path.isEmpty || path == "/" else { throw .unexpectedPath(String(path.prefix(100))) }
        let fragment = rest[rest.index(after: hash)...].split(separator: ".", omittingEmptySubsequences: false)
        guard let name = fragment.first, let room = RoomIdentifier(name) else { throw .badRoom }
        guard fragment.count == 2, let secret = RoomSecret(base64URL: fragment[1]) else { throw .badSecret }
        self.init(isSecure: isSecure, host: authority.host, port: authority.port, room: room, secret: secret)
    }

    /// The address of the page, without what only the two peers know.
    package var pageAddress: String {
        (isSecure ? "https://" : "http://") + webSocketURL.authority + "/"
    }

    /// The whole link, secret included: for a person's eyes, never for a log.
    package var text: String { pageAddress + "#\(room).\(secret.base64URL)" }

    /// Where the link's rendezvous server takes WebSocket connections.
    package var webSocketURL: WebSocketURL {
        WebSocketURL(isSecure: isSecure, host: host, port: port, path: RoomServer.path)
    }
}

extension RoomLink: CustomStringConvertible {
    package var description: String { pageAddress + "#\(room).\(secret)" }
}
