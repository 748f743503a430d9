import NetworkIO
import Wire

/// A server at a free loopback port with a page at `/`, two bodies and an echo at `/echo`.
enum TestServer {
    static let staticText: StaticString = "bytes that live as long as the program"
    static let bigBody = [UInt8](repeating: 0x61, count: 1_000_000)

    static func start(
        limits: HTTPLimits = .init(), options: WebSocketOptions = .init(), hosts: HostPolicy = .names(["127.0.0.1"]),
        tls: TLSFiles? = nil, echo: (@Sendable (WebSocketConnection) async -> Void)? = nil
    ) async throws -> HTTPServer {
        var configuration = HTTPServer.Configuration(
            addresses: [IPAddress(v4: 0x7F00_0001)], port: 0, hosts: hosts, tls: tls)
        configuration.limits = limits
        let endpoint = WebSocketEndpoint(
            path: "/echo", subprotocol: "echo.1", options: options,
            handler: echo ?? { connection in
                while let text = await connection.receive() { try? connection.send(text) }
            })
        return try await HTTPServer.start(configuration, webSockets: [endpoint]) { request in
            switch request.path {
            case "/": .text(200, "\(request.method.rawValue) \(request.query ?? "-")")
            case "/static": HTTPResponse(body: .static(StaticBytes(staticText)))
            case "/big": HTTPResponse(body: .bytes(bigBody))
            case "/split": HTTPResponse(fields: [HTTPField("X-Evil", "a\r\nSet-Cookie: b")])
            default: .text(404, "nothing here")
            }
        }
    }

    static func get(_ path: String, port: UInt16, _ more: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(more)\r\n"
    }
}
