internal import NetworkIO
internal import Signaling
internal import Web
internal import Wire

/// The server of a command that waits for the other side: the page and the rooms, on one port of this machine.
final class EmbeddedServer: Sendable {
    private let server: HTTPServer
    private let rooms: RoomServer
    /// Addresses by which others reach it, the best first; empty when it listens on loopback only.
    let outwardAddresses: [IPAddress]

    private init(server: HTTPServer, rooms: RoomServer, outwardAddresses: [IPAddress]) {
        self.server = server
        self.rooms = rooms
        self.outwardAddresses = outwardAddresses
    }

    var port: UInt16 { server.port }

    /// The address by which this process itself reaches it.
    var loopbackHost: String { server.addresses.contains { $0.ip.family == .v4 } ? "127.0.0.1" : "::1" }

    func stop() async {
        await server.shutdown(grace: .milliseconds(300))
    }

    /// Starts it where the options say.
    ///
    /// - Parameter fixedPort: that of the link which is to work again; no other will do.
    static func start(_ options: ServerOptions, port fixedPort: UInt16? = nil) async throws(CommandFailure)
        -> EmbeddedServer
    {
        let interfaces = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        let places = listening(options, interfaces: interfaces)
        var limits = RoomLimits()
        // We end the waiting ourselves, with words of our own.
        limits.idleTimeout = .seconds(400 * 86_400)
        let rooms = RoomServer(limits: limits)
        var port = fixedPort ?? options.port ?? ServerOptions.defaultPort
        while true {
            do throws(HTTPServerError) {
                var configuration = HTTPServer.Configuration(
                    addresses: places, port: port, hosts: .predicate(isOurs))
                configuration.limits = limitsForStrangers
                let server = try await HTTPServer.start(configuration, webSockets: [rooms.endpoint]) { request in
                    PageResponse.answer(request, offer: .embedded)
                }
                return EmbeddedServer(
                    server: server, rooms: rooms, outwardAddresses: outward(places, interfaces: interfaces))
            } catch {
                guard case .addressInUse = error, options.port == nil, fixedPort == nil,
                    port < ServerOptions.defaultPort + ServerOptions.portAttempts
                else {
                    var failure = CommandFailure(error)
                    if fixedPort != nil, case .addressInUse = error {
                        failure.sentence += " The link of the transfer that is to be resumed leads there."
                        failure.remedy = "end that program, or --new for a new link"
                    }
                    throw failure
                }
                port = Self.port(after: port)
            }
        }
    }

    /// The port to be tried next. 4045 is one that browsers refuse (lockd; the Fetch standard's list of bad ports).
    static func port(after port: UInt16) -> UInt16 { port == 4044 ? 4046 : port + 1 }

    /// The server lives as long as the transfer beside it: strangers may use up a quarter of the file descriptors,
    /// each of them a part of that, and none for long without saying anything.
    static var limitsForStrangers: HTTPLimits {
        var limits = HTTPLimits()
        limits.connectionCount = min(256, max(16, OpenFileLimit.current / 4))
        limits.connectionsPerAddress = 64
        limits.countsLoopback = false
        limits.headTimeout = .seconds(10)
        return limits
    }

    /// The addresses to listen at. Loopback always: its link is a secure context for a browser on this machine.
    private static func listening(_ options: ServerOptions, interfaces: [NetworkInterface]) -> [IPAddress] {
        let hasV6 = interfaces.contains { $0.address.family == .v6 }
        let loopback = IPAddress("127.0.0.1").map { [$0] } ?? []
        if options.local { return loopback + (hasV6 ? IPAddress("::1").map { [$0] } ?? [] : []) }
        if let address = options.bind {
            return address.isUnspecified || address == loopback.first ? [address] : [address] + loopback
        }
        return [IPAddress(v4: 0)] + (hasV6 ? [IPAddress(v6High: 0, low: 0)] : [])
    }

    private static func outward(_ places: [IPAddress], interfaces: [NetworkInterface]) -> [IPAddress] {
        let specific = places.filter { !$0.isUnspecified && !$0.isLoopback }
        guard specific.isEmpty, places.contains(where: \.isUnspecified) else { return specific }
        let families = Set(places.map(\.family))
        let route = SystemText.read("/proc/net/route").flatMap { OwnAddresses.routeInterface(in: $0) }
        return OwnAddresses.ranked(interfaces.filter { families.contains($0.address.family) }, routeInterface: route)
    }

    /// A page of somebody else's may bend its name to our address, but then it stands in the Host field.
    private static let isOurs: @Sendable (HTTPAuthority, UInt16) -> Bool = { authority, port in
        guard authority.port == port else { return false }
        if authority.host == "localhost" { return true }
        guard let address = IPAddress(authority.host) else { return false }
        // Asked anew each time: addresses come and go.
        let own = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        return own.contains { $0.address == address }
    }
}
