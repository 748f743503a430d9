internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Answers the requests of one connection, one after the other. Confined to the channel's loop.
final class HTTPConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Exchange {
        var isHead: Bool
        var version: HTTPVersion
        var keepsAlive: Bool
    }

    /// Bytes of a body that are copied and handed to the socket at a time.
    private static let pieceBytes = 64 * 1024

    private let gate: RequestGate
    private let policy: RequestPolicy
    private let limits: HTTPLimits
    private let handler: HTTPServer.Handler
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var accepted: HTTPRequest?
    private var work: Task<Void, Never>?
    private var stall: Scheduled<Void>?
    private var isStopping = false

    init(gate: RequestGate, policy: RequestPolicy, limits: HTTPLimits, handler: @escaping HTTPServer.Handler) {
        self.gate = gate
        self.policy = policy
        self.limits = limits
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        work?.cancel()
        stall?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body: break
        case .end:
            if let request = accepted.take() { answer(request) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is HTTPServer.Shutdown else { return context.fireUserInboundEventTriggered(event) }
        isStopping = true
        if exchange == nil { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError where exchange == nil:
            gate.refuse("400 Bad Request", "This is no valid HTTP request.")
        case is HTTPParserError: context.close(promise: nil)
        // A handshake that was refused goes on as an ordinary request, and `begin` answers it.
        case is ByteToMessageDecoderError: break
        case is ChannelError, is IOError: context.close(promise: nil)
        default: if exchange == nil && gate.isIdle { context.close(promise: nil) }
        }
    }

    // MARK: Requests

    private func begin(_ head: HTTPRequestHead) {
        gate.requestBegan()
        exchange = Exchange(
            isHead: head.method == .HEAD, version: head.version, keepsAlive: head.isKeepAlive && !isStopping)
        switch policy.verdict(for: head, channel: context?.channel) {
        case .serve(let request): accepted = request
        case .refuse(let response): respond(response, thenClose: true)
        // The upgrade itself would have taken this request, had it been the first on its connection.
        case .upgrade: respond(.text(400, "A WebSocket needs a connection of its own."), thenClose: true)
        }
    }

    private func answer(_ request: HTTPRequest) {
        guard let context else { return }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let (loop, handler) = (context.eventLoop, handler)
        work = Task {
            let response = await handler(request)
            loop.execute { me.value.respond(response, thenClose: false) }
        }
    }

    private func respond(_ response: HTTPResponse, thenClose: Bool) {
        guard let context, var exchange, context.channel.isActive else { return }
        let response = response.isWritable ? response : .text(500, "The answer could not be written.")
        if thenClose || isStopping { exchange.keepsAlive = false }
        self.exchange = exchange
        var headers = HTTPHeaders(response.fields.map { ($0.name, $0.value) })
        if response.status != 204, response.status != 304 {
            headers.replaceOrAdd(name: "Content-Length", value: String(response.body.count))
        }
        headers.replaceOrAdd(name: "Connection", value: exchange.keepsAlive ? "keep-alive" : "close")
        let head = HTTPResponseHead(
            version: exchange.version, status: .init(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let hasBody = !exchange.isHead && response.status != 204 && response.status != 304
        sendBody(response.body, from: hasBody ? 0 : response.body.count)
    }

    /// Sends the next piece; the one after it follows when this one has left, so that a body is never in memory twice.
    private func sendBody(_ body: HTTPResponse.Body, from offset: Int) {
        guard let context else { return }
        stall?.cancel()
        guard offset < body.count else { return end() }
        let end = min(offset + Self.pieceBytes, body.count)
        var piece = context.channel.allocator.buffer(capacity: end - offset)
        switch body {
        case .bytes(let bytes): piece.writeBytes(bytes[offset..<end])
        case .static(let bytes): unsafe piece.writeBytes(UnsafeRawBufferPointer(rebasing: bytes.buffer[offset..<end]))
        }
        stall = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.stallTimeout)) { [weak self] in
            self?.context?.close(promise: nil)
        }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).whenSuccess {
            me.value.sendBody(body, from: end)
        }
    }

    private func end() {
        guard let context, let exchange else { return }
        self.exchange = nil
        let keepsAlive = exchange.keepsAlive && !isStopping
        if keepsAlive { gate.responseEnded() }
        let gate = NIOLoopBound(gate, eventLoop: context.eventLoop)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !keepsAlive { written.whenComplete { _ in gate.value.finish() } }
    }
}

extension RequestPolicy {
    func verdict(for head: HTTPRequestHead, channel: (any Channel)?) -> Verdict {
        verdict(
            method: head.method.rawValue, target: head.uri, fields: head.headers.map { HTTPField($0.name, $0.value) },
            localPort: UInt16(exactly: channel?.localAddress?.port ?? 0) ?? 0,
            remoteAddress: TransportAddress(socket: channel?.remoteAddress))
    }
}
