internal import NIOCore

/// Stands before the HTTP parser: counts the bytes of a request head, watches the clock, and turns away who exceeds
/// either. It answers in raw bytes, because the parser behind it may be in the middle of something.
final class RequestGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case awaitingHead
        case responding
        /// The connection ends; what comes is thrown away.
        case refusing
    }

    private let limits: HTTPLimits
    /// TCP's half-close lets a client read a refusal although its own bytes were not read. TLS has its own farewell.
    private let isSecure: Bool
    private var state = State.awaitingHead
    private var headBytes = 0
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?

    init(limits: HTTPLimits, isSecure: Bool) {
        self.limits = limits
        self.isSecure = isSecure
    }

    /// A whole head has come and its answer will follow.
    func requestBegan() {
        guard state == .awaitingHead else { return }
        state = .responding
        headBytes = 0
        deadline?.cancel()
    }

    /// The answer is on its way; the next head may come.
    func responseEnded() {
        guard state == .responding else { return }
        state = .awaitingHead
        arm()
    }

    var isIdle: Bool { state == .awaitingHead && headBytes == 0 }

    /// Reads and throws away what still comes, for a moment, then closes.
    func finish() {
        guard let context, state != .refusing else { return }
        state = .refusing
        deadline?.cancel()
        guard !isSecure else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.lingerTimeout)) {
            [weak self] in
            self?.context?.close(promise: nil)
        }
    }

    /// Answers without the help of the HTTP encoder, then ends the connection.
    func refuse(_ status: String, _ text: String) {
        guard let context, state != .refusing else { return }
        if state == .awaitingHead {
            let answer =
                "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: \(text.utf8.count + 1)\r\nConnection: close\r\n\r\n\(text)\n"
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: answer)), promise: nil)
        }
        finish()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .refusing else { return }
        headBytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        if headBytes > limits.requestHeadBytes {
            refuse("431 Request Header Fields Too Large", "The request head is too large.")
        }
    }

    private func arm() {
        deadline?.cancel()
        deadline = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.headTimeout)) { [weak self] in
            guard let self else { return }
            if self.isIdle {
                self.context?.close(promise: nil)
            } else {
                self.refuse("408 Request Timeout", "The request took too long to come.")
            }
        }
    }
}
