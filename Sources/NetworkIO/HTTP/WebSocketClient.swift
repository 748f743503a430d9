package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import NIOWebSocket
internal import Synchronization
internal import Wire

/// Why a WebSocket connection could not be made.
package enum WebSocketClientError: Error, Sendable, Equatable {
    /// The name has no address.
    case unknownHost(String)
    /// Nobody listens there.
    case refused(host: String, port: UInt16)
    case timedOut
    case unreachable(host: String, port: UInt16, reason: String)
    /// The TLS handshake failed: most often a certificate that is not trusted, or no TLS on the other side.
    case tlsFailed(reason: String)
    /// The server answered with another HTTP status than 101.
    case rejected(status: Int)
    /// What answered is no WebSocket server, or not one for this subprotocol.
    case notWebSocket
}

/// Makes WebSocket connections.
package struct WebSocketClient: Sendable {
    private let group: any EventLoopGroup
    private let trust: TLSTrust
    private let options: WebSocketOptions

    package init(
        on group: any EventLoopGroup = NetworkLoop.shared.group, trust: TLSTrust = .system,
        options: WebSocketOptions = .init()
    ) {
        self.group = group
        self.trust = trust
        self.options = options
    }

    /// Connects and shakes hands.
    ///
    /// - Parameters:
    ///   - subprotocol: the only one offered; the server must choose it.
    ///   - timeout: for everything: name, TCP, TLS and HTTP.
    package func connect(
        to url: WebSocketURL, subprotocol: String, timeout: Duration = .seconds(10)
    ) async throws(WebSocketClientError) -> WebSocketConnection {
        let tls: NIOSSLContext?
        do { tls = url.isSecure ? try trust.makeContext() : nil } catch { throw .tlsFailed(reason: "\(error)") }
        let failure = FirstFailure()
        do {
            let upgraded: EventLoopFuture<WebSocketConnection> = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(timeout))
                .connect(host: url.host, port: Int(url.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                            failure.note(.timedOut)
                            channel.close(promise: nil)
                        }
                        let result = try Self.addHandlers(
                            to: channel, url: url, subprotocol: subprotocol, tls: tls, failure: failure,
                            options: options)
                        result.whenComplete { _ in deadline.cancel() }
                        return result
                    }
                }
            return try await upgraded.get()
        } catch {
            throw failure.first ?? WebSocketClientError(error, url: url)
        }
    }

    private static func addHandlers(
        to channel: any Channel, url: WebSocketURL, subprotocol: String, tls: NIOSSLContext?, failure: FirstFailure,
        options: WebSocketOptions
    ) throws -> EventLoopFuture<WebSocketConnection> {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // An address has no place in the server name extension (RFC 6066 section 3).
            let name = IPAddress(url.host) == nil ? url.host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
            try pipeline.addHandler(TLSFailureNote(failure: failure))
        }
        // A future of a future: a refusal is known only when its head has been read, which comes after this handler.
        let upgrader = NIOTypedWebSocketClientUpgrader<EventLoopFuture<WebSocketConnection>>(
            maxFrameSize: options.frameBytes, enableAutomaticErrorHandling: false,
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard head.headers["sec-websocket-protocol"] == [subprotocol],
                        head.headers["sec-websocket-extensions"].isEmpty
                    else { throw WebSocketClientError.notWebSocket }
                    let handler = WebSocketHandler(isServer: false, options: options, channel: channel)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    let connection = WebSocketConnection(
                        channel: channel, handler: handler, subprotocol: subprotocol, options: options)
                    return channel.eventLoop.makeSucceededFuture(connection)
                }
            })
        let headers = HTTPHeaders([("Host", url.authority), ("Sec-WebSocket-Protocol", subprotocol)])
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.path, headers: headers)
        let configuration = NIOTypedHTTPClientUpgradeConfiguration(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    let rejected = RejectionReader(channel: channel)
                    try channel.pipeline.syncOperations.addHandler(rejected)
                    return rejected.result.futureResult
                }
            })
        var pipelineConfiguration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
        // The first frames may come with the answer to the handshake.
        pipelineConfiguration.leftOverBytesStrategy = .forwardBytes
        let result = try pipeline.configureUpgradableHTTPClientPipeline(configuration: pipelineConfiguration)
            .flatMap { $0 }
        result.whenFailure { _ in channel.close(promise: nil) }
        return result
    }
}

/// Remembers what went wrong first; later errors are its echoes.
private final class FirstFailure: Sendable {
    private let stored = Mutex<WebSocketClientError?>(nil)

    var first: WebSocketClientError? { stored.withLock { $0 } }

    func note(_ error: WebSocketClientError) {
        stored.withLock { if $0 == nil { $0 = error } }
    }
}

private final class TLSFailureNote: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let failure: FirstFailure

    init(failure: FirstFailure) {
        self.failure = failure
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            failure.note(.tlsFailed(reason: "\(error)"))
        }
        context.fireErrorCaught(error)
    }
}

/// Takes the status of an answer that is no upgrade, and closes.
private final class RejectionReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    let result: EventLoopPromise<WebSocketConnection>

    init(channel: any Channel) {
        result = channel.eventLoop.makePromise()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let isSwitch = head.status == .switchingProtocols
        result.fail(
            isSwitch ? WebSocketClientError.notWebSocket : WebSocketClientError.rejected(status: Int(head.status.code)))
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        result.fail(WebSocketClientError.notWebSocket)
    }
}

extension WebSocketClientError {
    fileprivate init(_ error: any Error, url: WebSocketURL) {
        switch error {
        case let error as WebSocketClientError: self = error
        case let error as NIOConnectionError: self.init(error, url: url)
        case ChannelError.connectTimeout: self = .timedOut
        case is SocketAddressError: self = .unknownHost(url.host)
        case let error as IOError: self.init(error, url: url)
        default: self = .notWebSocket
        }
    }

    private init(_ error: NIOConnectionError, url: WebSocketURL) {
        if let failed = error.connectionErrors.last?.error {
            self.init(failed, url: url)
        } else {
            self = .unknownHost(url.host)
        }
    }

    private init(_ error: IOError, url: WebSocketURL) {
        if error.errnoCode == ECONNREFUSED {
            self = .refused(host: url.host, port: url.port)
        } else {
            self = .unreachable(host: url.host, port: url.port, reason: error.localizedDescription)
        }
    }
}
