package import NetworkIO

/// A rendezvous server: `http://HOST:PORT/` or `https://HOST/`. It is not trusted.
package struct Rendezvous: Sendable, Hashable {
    package var isSecure: Bool
    /// A name or an IP address, without brackets.
    package var host: String
    package var port: UInt16

    package init(isSecure: Bool, host: String, port: UInt16) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// Reads `http(s)://HOST[:PORT][/]`; white space around it is forgiven.
    package init(parsing text: some StringProtocol) throws(RoomLinkError) {
        let (rendezvous, rest) = try Self.split(text)
        guard rest.isEmpty || rest == "/" else { throw .unexpectedPath(String(rest.prefix(100))) }
        self = rendezvous
    }

    /// The server of an address, and what stands behind its authority.
    static func split(_ text: some StringProtocol) throws(RoomLinkError) -> (Rendezvous, Substring) {
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
        return (Rendezvous(isSecure: isSecure, host: authority.host, port: authority.port), rest[end...])
    }

    /// The address of the page, ending in `/`.
    package var pageAddress: String { (isSecure ? "https://" : "http://") + webSocketURL.authority + "/" }

    /// Where it takes the WebSocket connections of rooms.
    package var webSocketURL: WebSocketURL {
        WebSocketURL(isSecure: isSecure, host: host, port: port, path: RoomServer.path)
    }
}

extension Rendezvous: CustomStringConvertible {
    package var description: String { pageAddress }
}
