internal import NetworkIO
internal import Signaling

/// Where a command that waits is met: at a server of its own, which lives as long as it does, or at somebody's.
enum MeetingServer: Sendable {
    case own(EmbeddedServer)
    case other(Rendezvous)

    /// Starts a server of our own unless the options name another. That one is only spoken to: no port is opened for
    /// it.
    ///
    /// - Parameter port: that of the link which is to work again.
    static func open(_ options: ServerOptions, port: UInt16? = nil) async throws(CommandFailure) -> MeetingServer {
        if let rendezvous = try options.rendezvous() { return .other(rendezvous) }
        return .own(try await EmbeddedServer.start(options, port: port))
    }

    /// The address by which this process itself reaches it.
    var rendezvous: Rendezvous {
        switch self {
        case .own(let server): Rendezvous(isSecure: false, host: server.loopbackHost, port: server.port)
        case .other(let rendezvous): rendezvous
        }
    }

    /// Of a server of our own.
    var port: UInt16? {
        if case .own(let server) = self { server.port } else { nil }
    }

    /// A room that nobody has had, with words for a code.
    func freshPlace() -> RoomPlace {
        var generator = SystemRandomNumberGenerator()
        return RoomPlace(
            rendezvous: rendezvous, room: .random(using: &generator), secret: .random(using: &generator),
            words: .random(using: &generator))
    }

    /// Starts as ``open(_:port:)`` does, and stops behind `body`, however that ends.
    static func during(
        _ options: ServerOptions, _ body: (MeetingServer) async throws(CommandFailure) -> Void
    ) async throws(CommandFailure) {
        let meeting = try await open(options)
        var failure: CommandFailure?
        do throws(CommandFailure) { try await body(meeting) } catch { failure = error }
        await meeting.stop()
        if let failure { throw failure }
    }

    /// The ways to a room there.
    ///
    /// - Parameter code: nil where the server has given no number.
    func invitation(_ place: RoomPlace, code: RoomCode?) -> Invitation {
        switch self {
        case .own(let server):
            let servers = server.outwardAddresses.map {
                Rendezvous(isSecure: false, host: "\($0)", port: server.port)
            }
            let local = Rendezvous(isSecure: false, host: "localhost", port: server.port)
            return Invitation(room: place.room, secret: place.secret, code: code, servers: servers, local: local)
        case .other(let rendezvous):
            return Invitation(room: place.room, secret: place.secret, code: code, servers: [rendezvous], local: nil)
        }
    }

    func stop() async {
        if case .own(let server) = self { await server.stop() }
    }
}
