internal import NIOCore
internal import NIOWebSocket

/// The network side of one WebSocket connection: frames in, frames out, keepalive and the closing handshake.
/// Confined to the channel's loop.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private enum State {
        case open
        /// Our Close frame is out; what comes is thrown away until the peer's Close frame or the end of the stream.
        case closing
        /// Both Close frames are out, or nothing more can be done.
        case closed
    }

    /// Asks the handler, over the channel, to read on.
    struct Demand: Sendable {}

    let inbox: Mailbox<String>
    let outgoing: OutgoingBytes
    /// Succeeds when the connection has ended.
    let closure: EventLoopPromise<WebSocketClosure>
    /// To which messages that wait are counted; nil for a client, which has few connections.
    let account: IncomingAccount?
    /// Bytes of all whole frames that came, with their headers.
    private(set) var decodedByteCount = 0
    /// What is there of a message whose end is missing.
    var partialByteCount: Int { assembler.partialByteCount }

    /// Of a frame: opcode, length, mask (RFC 6455 section 5.2).
    static let mostHeaderBytes = 14

    private let isServer: Bool
    private let options: WebSocketOptions
    private var assembler: WebSocketMessageAssembler
    private var state = State.open
    /// Why the connection ends; the first cause counts.
    private var cause: WebSocketClosure?
    private var context: ChannelHandlerContext?
    /// The inbox has room.
    private var wantsMore = true
    private var lastHeard = NIODeadline.now()
    private var keepalive: Scheduled<Void>?
    private var closeDeadline: Scheduled<Void>?

    init(isServer: Bool, options: WebSocketOptions, account: IncomingAccount? = nil, channel: any Channel) {
        self.isServer = isServer
        self.account = account
        self.options = options
        assembler = WebSocketMessageAssembler(expectsMask: isServer, messageBytes: options.messageBytes)
        outgoing = OutgoingBytes(limit: options.queuedBytes)
        closure = channel.eventLoop.makePromise(of: WebSocketClosure.self)
        inbox = Mailbox(capacity: options.waitingMessageCount) { [weak channel] in
            channel?.pipeline.fireUserInboundEventTriggered(Demand())
        }
    }

    // MARK: Verbs

    func write(_ text: String) {
        let count = text.utf8.count
        guard state == .open, let context else { return outgoing.release(count) }
        let done = context.eventLoop.makePromise(of: Void.self)
        let outgoing = outgoing
        done.futureResult.whenComplete { _ in outgoing.release(count) }
        send(.text, context.channel.allocator.buffer(string: text), promise: done)
    }

    func ping() {
        if state == .open { sendControl(.ping, ByteBuffer()) }
    }

    func close(_ code: WebSocketCloseCode, reason: String) {
        guard state == .open else { return }
        sendClose(code, reason: reason)
        startClosing(.byUs(code: code))
    }

    /// Ends the connection at once, without a closing handshake.
    func drop(_ cause: WebSocketClosure) {
        guard state != .closed else { return }
        finish(cause)
        context?.close(promise: nil)
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Reading is on demand from here: that is what holds the peer back.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        armKeepalive()
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.lost)
        keepalive?.cancel()
        closeDeadline?.cancel()
        closure.succeed(cause ?? .lost)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.lost)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        decodedByteCount += Self.byteCount(frame)
        guard state != .closed else { return }
        lastHeard = .now()
        let incoming: WebSocketMessageAssembler.Incoming?
        do {
            incoming = try assembler.handle(
                .init(
                    isFinal: frame.fin, hasReservedBits: frame.rsv1 || frame.rsv2 || frame.rsv3,
                    opcode: UInt8(webSocketOpcode: frame.opcode), isMasked: frame.maskKey != nil,
                    payload: Array(buffer: frame.unmaskedData)))
        } catch {
            return violated(error.code, error.reason)
        }
        switch incoming {
        case nil, .pong: break
        case .text(let text):
            guard state == .open else { break }
            account?.change(by: text.utf8.count)
            wantsMore = inbox.offer(text)
        case .ping(let payload):
            if state == .open { sendControl(.pong, ByteBuffer(bytes: payload)) }
        case .close(let code, let reason): peerClosed(code, reason)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        resumeReading()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Demand:
            wantsMore = true
            resumeReading()
        case is HTTPServer.Shutdown: close(.goingAway, reason: "the server is stopping")
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength:
            violated(.messageTooBig, "frames have at most \(options.frameBytes) bytes")
        case is NIOWebSocketError: violated(.protocolError, "control frames are short and whole")
        // After the first bad frame the decoder reports all that follows; the closing handshake is already under way.
        case is ByteToMessageDecoderError: break
        default: drop(.lost)
        }
    }

    // MARK: Closing

    private func violated(_ code: WebSocketCloseCode, _ reason: String) {
        guard state == .open else { return }
        sendClose(code, reason: reason)
        startClosing(.protocolError(code: code, reason: reason))
    }

    private func peerClosed(_ code: WebSocketCloseCode?, _ reason: String) {
        if state == .open {
            sendClose(code, reason: "")
            startClosing(.byPeer(code: code, reason: reason))
        }
        state = .closed
        // The server closes first, so that the client's port does not linger (RFC 6455 section 7.1.1).
        guard isServer, let context else { return resumeReading() }
        context.close(promise: nil)
    }

    private func startClosing(_ cause: WebSocketClosure) {
        state = .closing
        self.cause = self.cause ?? cause
        outgoing.refuse()
        inbox.finish()
        closeDeadline = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(options.closeTimeout)) {
            [weak self] in
            self?.context?.close(promise: nil)
        }
        resumeReading()
    }

    private func finish(_ cause: WebSocketClosure) {
        state = .closed
        self.cause = self.cause ?? cause
        outgoing.refuse()
        inbox.finish()
    }

    // MARK: Frames

    private static func byteCount(_ frame: WebSocketFrame) -> Int {
        let length = frame.length
        return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (frame.maskKey == nil ? 0 : 4) + length
    }

    private func armKeepalive() {
        keepalive = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(options.pingInterval)) {
            [weak self] in self?.keepAlive()
        }
    }

    private func keepAlive() {
        guard state == .open, let context else { return }
        armKeepalive()
        // When it is we who do not read, silence proves nothing.
        if wantsMore, context.channel.isWritable, NIODeadline.now() - lastHeard > TimeAmount(options.silenceLimit) {
            drop(.silent)
        } else {
            ping()
        }
    }

    private func resumeReading() {
        guard let context, state != .open || wantsMore && context.channel.isWritable else { return }
        context.read()
    }

    /// Pings, and pongs that answer a flood of pings, count as queued bytes too.
    private func sendControl(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        guard let context else { return }
        let count = payload.readableBytes
        switch outgoing.reserve(count) {
        case .closed: break
        case .full: drop(.tooSlow)
        case .reserved:
            let done = context.eventLoop.makePromise(of: Void.self)
            let outgoing = outgoing
            done.futureResult.whenComplete { _ in outgoing.release(count) }
            send(opcode, payload, promise: done)
        }
    }

    private func sendClose(_ code: WebSocketCloseCode?, reason: String) {
        var payload = ByteBuffer()
        if let code {
            payload.writeInteger(code.rawValue)
            var reason = reason[...]
            while reason.utf8.count > 123 { reason.removeLast() }
            payload.writeSubstring(reason)
        }
        send(.connectionClose, payload, promise: nil)
    }

    private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, promise: EventLoopPromise<Void>?) {
        let key: WebSocketMaskingKey? = isServer ? nil : .random()
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: payload)
        context?.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }
}
