internal import NIOCore
internal import Synchronization
package import Wire

/// One end of a WebSocket connection that carries text messages (RFC 6455).
///
/// Messages come one by one; as long as nobody takes them, the peer is held back. Pings are answered and sent by
/// themselves. When the last reference goes, the connection is dropped.
package final class WebSocketConnection: Sendable {
    /// The other end, as a trusted proxy tells it where there is one; nil when nobody tells.
    package let remoteAddress: TransportAddress?
    package let subprotocol: String
    /// What came and was not yet taken.
    private let messages: Mailbox<String>
    private let account: IncomingAccount?

    let outgoing: OutgoingBytes
    private let options: WebSocketOptions
    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>

    init(
        channel: any Channel, handler: WebSocketHandler, subprotocol: String, options: WebSocketOptions,
        remoteAddress: TransportAddress? = nil
    ) {
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        self.subprotocol = subprotocol
        self.options = options
        self.remoteAddress = remoteAddress ?? TransportAddress(socket: channel.remoteAddress)
        messages = handler.inbox
        account = handler.account
        outgoing = handler.outgoing
    }

    deinit {
        channel.close(promise: nil)
    }

    /// The next message, or nil when the connection has ended, `closed()` then tells why, or the calling task is
    /// cancelled. One caller at a time.
    package func receive() async -> String? {
        guard let message = await messages.next() else { return nil }
        account?.change(by: -message.utf8.count)
        return message
    }

    /// Queues one message. Never suspends, so that one slow peer cannot hold up a loop over many.
    package func send(_ text: String) throws(WebSocketError) {
        let count = text.utf8.count
        guard count <= options.messageBytes else { throw .messageTooBig(limit: options.messageBytes) }
        switch outgoing.reserve(count) {
        case .reserved: perform { $0.write(text) }
        case .closed: throw .closed
        case .full:
            perform { $0.drop(.tooSlow) }
            throw .queueFull(limit: options.queuedBytes)
        }
    }

    /// Sends a ping besides those that the keepalive sends.
    package func ping() {
        perform { $0.ping() }
    }

    /// Sends what is queued and then a Close frame, and drops the connection when the peer has answered it or
    /// `closeTimeout` is over. Idempotent; use `closed()` to wait.
    ///
    /// - Parameter reason: at most 123 bytes of it are sent.
    package func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
        outgoing.refuse()
        perform { $0.close(code, reason: reason) }
    }

    /// Ends the connection at once, for a peer that does not read.
    package func drop() {
        outgoing.refuse()
        perform { $0.drop(.tooSlow) }
    }

    /// Bytes that wait for the peer.
    package var queuedByteCount: Int { outgoing.count }

    /// Waits for the end of the connection and tells how it came.
    package func closed() async -> WebSocketClosure {
        (try? await handler.value(on: channel.eventLoop)) ?? .lost
    }

    private func perform(_ work: @escaping @Sendable (WebSocketHandler) -> Void) {
        let handler = handler
        channel.eventLoop.execute { work(handler.value) }
    }
}

extension NIOLoopBound<WebSocketHandler> {
    fileprivate func value(on loop: any EventLoop) async throws -> WebSocketClosure {
        try await loop.flatSubmit { self.value.closure.futureResult }.get()
    }
}

/// Counts the bytes that wait for the peer, for senders on any thread.
final class OutgoingBytes: Sendable {
    enum Reservation { case reserved, full, closed }

    private struct State {
        var queued = 0
        var isRefusing = false
    }

    private let limit: Int
    private let state = Mutex(State())
    /// What a frame costs beyond its payload, so that many empty messages count too.
    static let frameOverhead = 14

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { state.withLock { $0.queued } }

    func reserve(_ count: Int) -> Reservation {
        state.withLock { state in
            if state.isRefusing { return .closed }
            guard state.queued + count + Self.frameOverhead <= limit else {
                state.isRefusing = true
                return .full
            }
            state.queued += count + Self.frameOverhead
            return .reserved
        }
    }

    func release(_ count: Int) {
        state.withLock { $0.queued -= count + Self.frameOverhead }
    }

    /// From now on nothing is accepted.
    func refuse() {
        state.withLock { $0.isRefusing = true }
    }
}

extension TransportAddress {
    init?(socket address: SocketAddress?) {
        guard let address, let text = address.ipAddress, let ip = IPAddress(text), let port = address.port,
            let port = UInt16(exactly: port)
        else { return nil }
        self.init(ip, port: port)
    }
}
