internal import Wire

/// The host and port a client believes it talks to, from a `Host` or `Origin` field (RFC 9110 section 7.2).
package struct HTTPAuthority: Sendable, Hashable {
    /// A name in lower case without a final dot, or an IP address in its canonical text without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = Self.canonical(host)
        self.port = port
    }

    /// Reads `name`, `name:port`, `192.0.2.1:80` or `[2001:db8::1]:80`.
    ///
    /// - Parameter defaultPort: the port meant when none is written (80 or 443).
    /// - Returns: nil when the text is anything else, for example when it has a path or a user name.
    package init?(_ text: some StringProtocol, defaultPort: UInt16) {
        let name: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = Substring(text[text.index(after: text.startIndex)..<end])
            rest = Substring(text[text.index(after: end)...])
            guard name.contains(":"), IPAddress(name) != nil else { return nil }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            name = Substring(text[..<end])
            rest = Substring(text[end...])
            guard !name.isEmpty, name.utf8.count <= 255, name.utf8.allSatisfy(Self.isNameByte) else { return nil }
        }
        if rest.isEmpty {
            self.init(host: String(name), port: defaultPort)
        } else {
            let digits = rest.dropFirst()
            guard rest.first == ":", (1...5).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0
            else { return nil }
            self.init(host: String(name), port: port)
        }
    }

    /// Reads a serialised origin, `http://host` or `https://host:port` (RFC 6454 section 6.2). `null` gives nil.
    static func ofOrigin(_ text: String) -> (authority: HTTPAuthority, defaultPort: UInt16)? {
        for (scheme, port) in [("http://", 80), ("https://", 443)] as [(String, UInt16)]
        where text.lowercased().hasPrefix(scheme) {
            guard let authority = HTTPAuthority(text.dropFirst(scheme.count), defaultPort: port) else { return nil }
            return (authority, port)
        }
        return nil
    }

    static func canonical(_ host: String) -> String {
        if let address = IPAddress(host) { return address.description }
        let name = host.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._".utf8.contains(byte)
        }
    }
}

/// Which names a server answers to. A page of somebody else's can make a browser resolve its name to our address (DNS
/// rebinding); it cannot make the browser send another `Host`.
package enum HostPolicy: Sendable {
    case any
    /// These hosts (names or IP addresses), with the port the connection came in at.
    case names(Set<String>)
    /// Decides by what the client wrote and the local port.
    case predicate(@Sendable (_ authority: HTTPAuthority, _ localPort: UInt16) -> Bool)

    func allows(_ authority: HTTPAuthority, localPort: UInt16) -> Bool {
        switch self {
        case .any: true
        case .names(let names):
            authority.port == localPort && names.contains { HTTPAuthority.canonical($0) == authority.host }
        case .predicate(let predicate): predicate(authority, localPort)
        }
    }
}
