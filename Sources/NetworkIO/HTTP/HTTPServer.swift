package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOWebSocket
package import Wire

/// A small HTTP/1.1 server for a page, files in memory and WebSocket connections, made to stand open networks.
///
/// It serves GET and HEAD without bodies and keeps to `HTTPLimits`. Requests reach the handler only after their `Host`
/// was allowed; WebSocket handshakes also need the endpoint's subprotocol and no foreign `Origin`.
package final class HTTPServer: Sendable {
    /// Answers one request. Called concurrently for requests of different connections.
    package typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    package struct Configuration: Sendable {
        /// Where to listen. `0.0.0.0` and `::` mean every interface, each of its own address family only.
        package var addresses: [IPAddress]
        /// 0 takes a free port, the same one at every address.
        package var port: UInt16
        package var hosts: HostPolicy
        package var tls: TLSFiles?
        /// Proxies that stand before this server; nil when there are none.
        package var proxies: ProxyTrust?
        package var limits = HTTPLimits()

        package init(
            addresses: [IPAddress], port: UInt16, hosts: HostPolicy, tls: TLSFiles? = nil, proxies: ProxyTrust? = nil
        ) {
            self.addresses = addresses
            self.port = port
            self.hosts = hosts
            self.tls = tls
            self.proxies = proxies
        }
    }

    /// Tells a connection's handlers to come to an end.
    struct Shutdown: Sendable {}

    /// Where it listens, with the port it got.
    package let addresses: [TransportAddress]
    private let listeners: [any Channel]
    private let connections: ConnectionTable

    private init(listeners: [any Channel], connections: ConnectionTable) {
        self.listeners = listeners
        self.connections = connections
        addresses = listeners.compactMap { TransportAddress(socket: $0.localAddress) }
    }

    /// The port it listens at.
    package var port: UInt16 { addresses.first?.port ?? 0 }

    /// Open connections, WebSocket connections included.
    package var connectionCount: Int { connections.count }

    /// Opens all the addresses, or none.
    package static func start(
        _ configuration: Configuration, on group: any EventLoopGroup = NetworkLoop.shared.group,
        webSockets: [WebSocketEndpoint] = [],
        handler: @escaping Handler
    ) async throws(HTTPServerError) -> HTTPServer {
        guard !configuration.addresses.isEmpty else { throw .noAddress }
        let tls = try configuration.tls?.makeContext()
        let connections = ConnectionTable(configuration.limits, proxies: configuration.proxies)
        let bootstrap = makeBootstrap(
            configuration, group: group, tls: tls, connections: connections, endpoints: webSockets, handler: handler)
        var attempts = configuration.port == 0 && configuration.addresses.count > 1 ? 8 : 1
        while true {
            do throws(HTTPServerError) {
                let listeners = try await bind(bootstrap, configuration)
                return HTTPServer(listeners: listeners, connections: connections)
            } catch {
                // A port that was free at the first address may be taken at the second; another one may do.
                attempts -= 1
                guard attempts > 0, case .addressInUse = error else { throw error }
            }
        }
    }

    /// Stops listening, closes idle connections and asks WebSocket peers to close; drops what is left after `grace`.
    package func shutdown(grace: Duration = .seconds(1)) async {
        for listener in listeners { try? await listener.close() }
        let open = connections.stop()
        guard let loop = listeners.first?.eventLoop else { return }
        let deadline = loop.scheduleTask(in: TimeAmount(grace)) { for channel in open { channel.close(promise: nil) } }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(Shutdown()) }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }

    // MARK: Listening

    private static func bind(
        _ bootstrap: ServerBootstrap, _ configuration: Configuration
    ) async throws(HTTPServerError) -> [any Channel] {
        var listeners: [any Channel] = []
        var port = configuration.port
        for address in configuration.addresses {
            do {
                let socket = try SocketAddress(ipAddress: address.description, port: Int(port))
                let listener = try await bind(bootstrap, to: socket, isV6: address.family == .v6)
                listeners.append(listener)
                if port == 0, let chosen = listener.localAddress?.port { port = UInt16(exactly: chosen) ?? 0 }
            } catch {
                for listener in listeners { try? await listener.close() }
                throw HTTPServerError(error, host: address.description, port: port)
            }
        }
        return listeners
    }

    private static func bind(
        _ bootstrap: ServerBootstrap, to address: SocketAddress, isV6: Bool
    ) async throws -> any Channel {
        guard isV6 else { return try await bootstrap.bind(to: address).get() }
        // Without this `::` would take the IPv4 port too, and a second listener at 0.0.0.0 would fail.
        let v6only = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
        return try await bootstrap.serverChannelOption(v6only, value: 1).bind(to: address).get()
    }

    private static func makeBootstrap(
        _ configuration: Configuration, group: any EventLoopGroup, tls: NIOSSLContext?, connections: ConnectionTable,
        endpoints: [WebSocketEndpoint], handler: @escaping Handler
    ) -> ServerBootstrap {
        let policy = RequestPolicy(
            hosts: configuration.hosts, endpoints: endpoints, defaultPort: tls == nil ? 80 : 443,
            proxies: configuration.proxies)
        let limits = configuration.limits
        let incoming = IncomingBytes(limit: limits.incomingBytes)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.add(channel)
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try addHandlers(
                        to: channel, policy: policy, limits: limits, incoming: incoming, isSecure: tls != nil,
                        handler: handler)
                }
            }
    }

    private static func addHandlers(
        to channel: any Channel, policy: RequestPolicy, limits: HTTPLimits, incoming: IncomingBytes, isSecure: Bool,
        handler: @escaping Handler
    ) throws {
        let gate = RequestGate(limits: limits, isSecure: isSecure)
        let http = HTTPConnectionHandler(gate: gate, policy: policy, limits: limits, handler: handler)
        let frameBytes = policy.endpoints.map(\.options.frameBytes).max() ?? 1024
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: frameBytes, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                guard case .upgrade(let endpoint, _) = policy.verdict(for: head, channel: channel) else {
                    return channel.eventLoop.makeSucceededFuture(nil)
                }
                let headers = HTTPHeaders([("Sec-WebSocket-Protocol", endpoint.subprotocol)])
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard case .upgrade(let endpoint, let client) = policy.verdict(for: head, channel: channel) else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let account = incoming.account(of: channel)
                    let handler = try serve(channel, at: endpoint, from: client, account: account)
                    let decoder = try channel.pipeline.syncOperations.handler(
                        type: ByteToMessageHandler<WebSocketFrameDecoder>.self)
                    let gate = IncomingGate(account: account, handler: handler, frameBytes: frameBytes)
                    try channel.pipeline.syncOperations.addHandler(gate, position: .before(decoder))
                }
            })
        let (boundGate, boundHTTP) = (
            NIOLoopBound(gate, eventLoop: channel.eventLoop), NIOLoopBound(http, eventLoop: channel.eventLoop)
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(gate)
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(boundGate.value, promise: nil)
                    context.pipeline.syncOperations.removeHandler(boundHTTP.value, promise: nil)
                }
            ), withErrorHandling: false)
        try pipeline.addHandler(http)
    }

    private static func serve(
        _ channel: any Channel, at endpoint: WebSocketEndpoint, from client: TransportAddress?, account: IncomingAccount
    ) throws -> WebSocketHandler {
        let handler = WebSocketHandler(isServer: true, options: endpoint.options, account: account, channel: channel)
        try channel.pipeline.syncOperations.addHandler(handler)
        let connection = WebSocketConnection(
            channel: channel, handler: handler, subprotocol: endpoint.subprotocol, options: endpoint.options,
            remoteAddress: client)
        Task {
            await endpoint.handler(connection)
            connection.close()
            // Holds the connection until the closing handshake is over.
            _ = await connection.closed()
        }
        return handler
    }
}

extension HTTPServerError {
    init(_ error: any Error, host: String, port: UInt16) {
        guard let failure = error as? IOError else {
            self = .bindFailed(host: host, port: port, reason: "\(error)")
            return
        }
        switch failure.errnoCode {
        case EADDRINUSE: self = .addressInUse(host: host, port: port)
        case EACCES, EPERM: self = .permissionDenied(host: host, port: port)
        case EADDRNOTAVAIL: self = .addressNotAvailable(host: host, port: port)
        default: self = .bindFailed(host: host, port: port, reason: failure.localizedDescription)
        }
    }
}
