/// What a server offers to its own page, which asks for it by `GET /server.json` when no link or code led there.
package struct ServerOffer: Sendable, Equatable {
    /// Whether a page may make a room there, as host, for files of its own. A server inside a command that waits for
    /// one other side is no place for strangers' rooms.
    package let hosting: Bool

    /// The server of `martlet serve`, which is there for others.
    package static let rendezvous = ServerOffer(hosting: true)
    /// The server inside `martlet send` and `martlet receive`.
    package static let embedded = ServerOffer(hosting: false)

    /// The URL path at which the page asks.
    package static let path = "/server.json"

    /// The answer: a JSON object.
    package var json: String { "{\"hosting\":\(hosting)}" }

    /// Headers of the answer beside `Content-Length`.
    package static let headers: [(name: String, value: String)] =
        [("Content-Type", "application/json")] + PageHeaders.common
}
