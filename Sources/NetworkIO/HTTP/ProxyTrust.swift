package import Wire

/// The proxies before a server whose word is believed about who the client is.
///
/// `X-Forwarded-For` is read, and nothing else: a proxy that writes one of the many fields for this hands on what the
/// client wrote in the others. It is a list to which each proxy appends whom it saw, so it is read from the end, and
/// the first address that is no proxy of ours is the client's: what stands before it the client itself may have
/// written. Which address the client opened, `Host` says, which the proxy hands on.
package struct ProxyTrust: Sendable, Equatable {
    private let addresses: Set<IPAddress>

    /// - Parameter addresses: of proxies on other machines. Loopback is always trusted.
    package init(addresses: Set<IPAddress> = []) {
        self.addresses = addresses
    }

    package func trusts(_ address: IPAddress) -> Bool {
        let plain = Self.plain(address)
        return plain.isLoopback || addresses.contains(plain)
    }

    /// - Returns: the client's address, with no port; nil for a request that did not come from one of the proxies.
    func client(of request: HTTPRequest) -> TransportAddress? {
        guard let proxy = request.remoteAddress, trusts(proxy.ip) else { return nil }
        let chain = request.values("x-forwarded-for").flatMap {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        var client = proxy
        for text in chain.reversed() {
            // Who cannot be read cannot be counted by: the proxy that wrote it stands for it.
            guard let address = Self.address(Self.trimmed(text)) else { break }
            client = TransportAddress(address, port: 0)
            guard trusts(address) else { break }
        }
        return client
    }

    /// An address as proxies write it: bare, with a port, in brackets.
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

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
