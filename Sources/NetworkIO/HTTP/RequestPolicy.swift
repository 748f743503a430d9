internal import Wire

/// Decides what becomes of a request head, before anything of ours sees it.
struct RequestPolicy: Sendable {
    var hosts: HostPolicy
    var endpoints: [WebSocketEndpoint]
    /// The port a bare `Host: name` means: 443 when the server speaks TLS, else 80.
    var defaultPort: UInt16
    /// Whose word about the client is believed.
    var proxies: ProxyTrust?

    enum Verdict {
        case serve(HTTPRequest)
        case upgrade(WebSocketEndpoint, from: TransportAddress?)
        /// The connection ends after the answer.
        case refuse(HTTPResponse)
    }

    func verdict(
        method: String, target: String, fields: [HTTPField], localPort: UInt16, remoteAddress: TransportAddress?
    ) -> Verdict {
        guard let method = HTTPRequest.Method(rawValue: method) else {
            return .refuse(.text(405, "Only GET and HEAD are served here.", [HTTPField("Allow", "GET, HEAD")]))
        }
        guard target.hasPrefix("/") else { return .refuse(.text(400, "The request target must be a path.")) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var request = HTTPRequest(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil, fields: fields,
            remoteAddress: remoteAddress)
        if let client = proxies?.client(of: request) { request.remoteAddress = client }
        let hosts = request.values("host")
        guard hosts.count == 1, let host = HTTPAuthority(hosts[0], defaultPort: defaultPort) else {
            return .refuse(.text(400, "The request needs exactly one Host field."))
        }
        guard self.hosts.allows(host, localPort: localPort) else {
            return .refuse(.text(403, "This server does not answer to that name. Open the address it printed."))
        }
        let lengths = request.values("content-length")
        guard request.values("transfer-encoding").isEmpty, lengths.allSatisfy({ $0 == "0" }) else {
            return .refuse(.text(413, "Requests with a body are not accepted."))
        }
        let wantsUpgrade = request.values("upgrade").contains { $0.lowercased() == "websocket" }
        guard let endpoint = endpoints.first(where: { $0.path == request.path }) else {
            return wantsUpgrade ? .refuse(.text(404, "There is no WebSocket here.")) : .serve(request)
        }
        guard wantsUpgrade else {
            return .refuse(.text(426, "A WebSocket connection is needed here.", [HTTPField("Upgrade", "websocket")]))
        }
        return upgrade(request, hostText: hosts[0], to: endpoint)
    }

    private func upgrade(_ request: HTTPRequest, hostText: String, to endpoint: WebSocketEndpoint) -> Verdict {
        guard request.method == .get,
            request.values("connection").contains(where: { Self.list($0).contains("upgrade") })
        else { return .refuse(.text(400, "This is no WebSocket handshake.")) }
        guard request.values("sec-websocket-version") == ["13"] else {
            let field = HTTPField("Sec-WebSocket-Version", "13")
            return .refuse(.text(426, "Only WebSocket version 13 is spoken here.", [field]))
        }
        // 16 bytes in base64 (RFC 6455 section 4.1).
        guard let key = request.values("sec-websocket-key").first, request.values("sec-websocket-key").count == 1,
            key.utf8.count == 24, key.hasSuffix("==")
        else { return .refuse(.text(400, "The WebSocket handshake has no valid key.")) }
        let offered = request.values("sec-websocket-protocol").flatMap { value in
            value.split(separator: ",").map { String(Self.trimmed($0)) }
        }
        guard offered.contains(endpoint.subprotocol) else {
            return .refuse(.text(400, "The WebSocket subprotocol must be \(endpoint.subprotocol)."))
        }
        // Only browsers send Origin, and they cannot be made to lie. The scheme decides which port a bare name means:
        // behind a proxy that speaks TLS for us, both the Origin and the Host are the proxy's.
        for text in request.values("origin") {
            guard let origin = HTTPAuthority.ofOrigin(text),
                HTTPAuthority(hostText, defaultPort: origin.defaultPort) == origin.authority
            else { return .refuse(.text(403, "Pages of other sites may not connect here.")) }
        }
        return .upgrade(endpoint, from: request.remoteAddress)
    }

    private static func list(_ value: String) -> [String] {
        value.split(separator: ",").map { trimmed($0).lowercased() }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
