/// What one HTTP server is willing to spend on strangers.
package struct HTTPLimits: Sendable, Equatable {
    /// Bytes of one request's first line and header fields together. More is answered with 431.
    package var requestHeadBytes = 16 * 1024
    /// How long a connection may take to deliver a whole request head, counted from its start or from the end of the
    /// response before; TLS counts too. A client that dribbles (slow loris) or idles is closed then.
    package var headTimeout: Duration = .seconds(30)
    /// How long a response may make no progress because the client does not read.
    package var stallTimeout: Duration = .seconds(30)
    /// How long a refused client's remaining bytes are read and thrown away, so that the refusal is not lost to a
    /// reset.
    package var lingerTimeout: Duration = .seconds(1)
    /// Open connections, WebSocket connections included. One more is closed as soon as it is accepted.
    package var connectionCount = 4096
    /// Of which so many of one address; proxies that are trusted excepted.
    package var connectionsPerAddress = Int.max
    /// Whether that concerns those who come from this machine, too.
    package var countsLoopback = true
    /// Bytes of WebSocket messages that came and were not taken, incomplete ones too, over all connections together.
    /// Over it the connections that hold the most are dropped.
    package var incomingBytes = 64 * 1024 * 1024

    package init() {}
}
