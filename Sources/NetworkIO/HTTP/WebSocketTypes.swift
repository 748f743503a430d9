/// Why a WebSocket closes (RFC 6455 section 7.4). 4000 to 4999 belong to the application.
package struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let normal = WebSocketCloseCode(rawValue: 1000)
    package static let goingAway = WebSocketCloseCode(rawValue: 1001)
    package static let protocolError = WebSocketCloseCode(rawValue: 1002)
    package static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    package static let invalidText = WebSocketCloseCode(rawValue: 1007)
    package static let messageTooBig = WebSocketCloseCode(rawValue: 1009)

    /// Whether a peer may send it in a Close frame. 1004 to 1006 and 1015 never travel.
    var mayTravel: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// How one WebSocket connection behaves.
package struct WebSocketOptions: Sendable, Equatable {
    /// Payload bytes of one incoming frame.
    package var frameBytes = 256 * 1024
    /// Bytes of one message, in as many frames as it takes; outgoing ones too.
    package var messageBytes = 256 * 1024
    /// Outgoing bytes that may wait for a peer that does not read. One more and the connection is dropped.
    package var queuedBytes = 1024 * 1024
    /// Incoming messages that may wait for our own side before the peer is held back.
    package var waitingMessageCount = 32
    package var pingInterval: Duration = .seconds(20)
    /// A peer from which nothing came for so long is taken for dead.
    package var silenceLimit: Duration = .seconds(60)
    /// How long the peer may take to answer a Close frame.
    package var closeTimeout: Duration = .seconds(5)

    package init() {}
}

/// Where a server accepts WebSocket connections.
package struct WebSocketEndpoint: Sendable {
    package var path: String
    /// The client must offer it (RFC 6455 section 1.9).
    package var subprotocol: String
    package var options: WebSocketOptions
    /// Runs for each connection; when it returns, the connection is closed.
    package var handler: @Sendable (WebSocketConnection) async -> Void

    package init(
        path: String, subprotocol: String, options: WebSocketOptions = .init(),
        handler: @escaping @Sendable (WebSocketConnection) async -> Void
    ) {
        self.path = path
        self.subprotocol = subprotocol
        self.options = options
        self.handler = handler
    }
}

/// How a WebSocket connection came to its end.
package enum WebSocketClosure: Sendable, Equatable {
    /// The peer sent a Close frame; `code` is nil when it gave none.
    case byPeer(code: WebSocketCloseCode?, reason: String)
    /// We sent the first Close frame.
    case byUs(code: WebSocketCloseCode)
    /// The peer broke RFC 6455 or a limit; `code` is what we told it.
    case protocolError(code: WebSocketCloseCode, reason: String)
    /// The peer did not read what we sent.
    case tooSlow
    /// Nothing came from the peer for `silenceLimit`.
    case silent
    /// The network connection ended without a Close frame.
    case lost
}

/// Why a message could not be sent.
package enum WebSocketError: Error, Sendable, Equatable {
    case closed
    case messageTooBig(limit: Int)
    /// More than `limit` bytes wait for the peer; the connection has been dropped.
    case queueFull(limit: Int)
}
