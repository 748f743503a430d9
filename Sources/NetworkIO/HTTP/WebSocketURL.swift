internal import Wire

/// Where a WebSocket server listens: `ws://host:port/path` or `wss://…`.
package struct WebSocketURL: Sendable, Hashable {
    package var isSecure: Bool
    /// A name or an IP address, without brackets.
    package var host: String
    package var port: UInt16
    /// Starts with `/`.
    package var path: String

    package init(isSecure: Bool, host: String, port: UInt16, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// Reads an address in text; nil when it is none, or has a user name or a fragment (RFC 6455 section 3).
    package init?(_ text: String) {
        let schemes: [(String, Bool)] = [("ws://", false), ("wss://", true)]
        guard let (scheme, isSecure) = schemes.first(where: { text.lowercased().hasPrefix($0.0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = HTTPAuthority(rest[..<slash], defaultPort: isSecure ? 443 : 80) else { return nil }
        let path = rest[slash...]
        guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else { return nil }
        self.init(
            isSecure: isSecure, host: authority.host, port: authority.port,
            path: path.hasPrefix("/") ? String(path) : "/" + path)
    }

    /// Host and port as a `Host` field has them; a port that the scheme implies is left out.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension WebSocketURL: CustomStringConvertible {
    package var description: String { (isSecure ? "wss://" : "ws://") + authority + path }
}
