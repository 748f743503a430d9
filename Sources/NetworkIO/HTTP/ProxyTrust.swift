package import Wire

/// The proxies before a server whose word is believed about who the client is and which address it opened.
///
/// `X-Forwarded-For` counts where there is one, else `Forwarded` (RFC 7239). Both are lists to which each proxy appends
/// whom it saw, so they are read from the end, and the first address that is no proxy of ours is the client's: what stands
/// before it the client itself may have written.
package struct ProxyTrust: Sendable, Equatable {
    /// What the proxies say of a request.
    struct Forwarded: Equatable {
        var client: TransportAddress
        /// As a `Host` field: what the client's address bar says. Nil when it is in `Host` itself.
        var host: String?
    }

    private let addresses: Set<IPAddress>

    /// - Parameter addresses: of proxies on other machines. Loopback is always trusted.
    package init(addresses: Set<IPAddress> = []) {
        self.addresses = addresses
    }

    package func trusts(_ address: IPAddress) -> Bool {
        let plain = Self.plain(address)
        return plain.isLoopback || addresses.contains(plain)
    }

    /// - Returns: nil for a request that did not come from one of the proxies.
    func forwarded(_ request: HTTPRequest) -> Forwarded? {
        guard let proxy = request.remoteAddress, trusts(proxy.ip) else { return nil }
        let named = request.values("x-forwarded-for")
        let elements = request.values("forwarded").flatMap(Self.elements)
        let chain =
            named.isEmpty
            ? elements.map { $0["for"] ?? "unknown" }
            : named.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) } }
        let hosts = request.values("x-forwarded-host").flatMap { $0.split(separator: ",").map { Self.trimmed($0) } }
        let host = hosts.last ?? (named.isEmpty ? elements.last?["host"] : nil)
        var client = proxy
        for text in chain.reversed() {
            // Who cannot be read cannot be counted by: the proxy that wrote it stands for it.
            guard let address = Self.address(Self.trimmed(text[...])) else { break }
            client = TransportAddress(address, port: 0)
            guard trusts(address) else { break }
        }
        return Forwarded(client: client, host: host)
    }

    /// An address as the fields write it: bare, with a port, in brackets, in quotes.
    private static func address(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return plain(address) }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return IPAddress(text[text.index(after: text.startIndex)..<end]).map(plain)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? IPAddress(parts[0]) : nil
    }

    private static func plain(_ address: IPAddress) -> IPAddress {
        address.isIPv4Mapped ? IPAddress(v4: UInt32(truncatingIfNeeded: address.low)) : address
    }

    /// The elements of a `Forwarded` field, with names in lower case and values without quotes. No value that is of use
    /// here holds a comma or a semicolon, so quotes are not looked into for them.
    private static func elements(_ field: String) -> [[String: String]] {
        field.split(separator: ",").map { element in
            var values: [String: String] = [:]
            for pair in element.split(separator: ";") {
                guard let equals = pair.firstIndex(of: "=") else { continue }
                var value = trimmed(pair[pair.index(after: equals)...])
                if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                    value = String(value.dropFirst().dropLast())
                }
                values[trimmed(pair[..<equals]).lowercased()] = value
            }
            return values
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
