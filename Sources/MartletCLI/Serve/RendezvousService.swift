internal import JSON
internal import NetworkIO
internal import Signaling
internal import Synchronization
internal import Transfer
internal import Wire

/// A rendezvous server from its start to its end in order.
struct RendezvousService: Sendable {
    struct Settings: Sendable {
        var port: UInt16
        var bind: IPAddress?
        /// Which it answers to besides its own addresses, in lower case.
        var names: [String]
        var tls: TLSFiles?
        var proxies: ProxyTrust?
        /// Whether anybody but a proxy on this machine connects.
        var expectsDirectVisits = true
        /// Nil: nothing is remembered.
        var statePath: String?
    }

    /// Two for each room, and some for the page.
    private static let wantedConnections = 24_000
    /// Files that are no connections: logs, event loops, the listeners.
    private static let otherFiles = 128

    let settings: Settings
    let log: ServiceLog
    let console: Console

    /// Serves until the task is cancelled.
    func run() async throws(CommandFailure) {
        OpenFileLimit.raise(to: Self.wantedConnections + Self.otherFiles)
        let connectionCount = min(Self.wantedConnections, max(64, OpenFileLimit.current - Self.otherFiles))
        var limits = RoomLimits()
        limits.roomCount = 10_000
        let state = settings.statePath.map { ServiceState(path: $0) }
        let memory = state?.load(at: ServiceClock.secondsSince1970)
        let log = log
        let rooms = RoomServer(limits: limits, remembering: memory, onRecord: { log.record($0) })
        let isStopping = Latch()
        let site = ServiceSite(rooms: rooms, isStopping: isStopping)
        let server = try await start(rooms, connectionCount: connectionCount) { await site.answer($0) }
        announce(server)
        if connectionCount < Self.wantedConnections {
            log.warn(
                "few-files", [("limit", .number(OpenFileLimit.current)), ("connections", .number(connectionCount))])
        }
        log.info(
            "started",
            [
                ("version", .text(Program.version)), ("port", .number(Int(server.port))),
                ("tls", .truth(settings.tls != nil)), ("remembered_rooms", .number(memory?.rooms.roomCount ?? 0)),
            ])
        await untilCancelled()
        isStopping.set()
        let left = await rooms.stop()
        var isSaved = false
        if let state { isSaved = state.save(left, at: ServiceClock.secondsSince1970) }
        log.info("stopped", [("rooms", .number(left.roomCount)), ("saved", .truth(isSaved))])
        await server.shutdown(grace: .seconds(2))
        log.flush()
    }

    // MARK: Parts

    private func start(
        _ rooms: RoomServer, connectionCount: Int, _ handler: @escaping HTTPServer.Handler
    ) async throws(CommandFailure) -> HTTPServer {
        var configuration = HTTPServer.Configuration(
            addresses: listening, port: settings.port, hosts: hosts, tls: settings.tls, proxies: settings.proxies)
        configuration.limits.connectionCount = connectionCount
        configuration.limits.connectionsPerAddress = RoomLimits().connectionsPerAddress + 64
        configuration.limits.headTimeout = .seconds(10)
        do throws(HTTPServerError) {
            return try await HTTPServer.start(configuration, webSockets: [rooms.endpoint], handler: handler)
        } catch {
            var failure = CommandFailure(error)
            if case .addressInUse = error { failure.remedy = "end that program, or take another --port" }
            throw failure
        }
    }

    private var listening: [IPAddress] {
        if let address = settings.bind { return [address] }
        let interfaces = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        let hasV6 = interfaces.contains { $0.address.family == .v6 }
        if settings.expectsDirectVisits {
            return [IPAddress(v4: 0)] + (hasV6 ? [IPAddress(v6High: 0, low: 0)] : [])
        }
        let hasV6Loopback = interfaces.contains { $0.address.family == .v6 && $0.address.isLoopback }
        return [IPAddress(v4: 0x7F00_0001)] + (hasV6Loopback ? [IPAddress(v6High: 0, low: 1)] : [])
    }

    /// A page of somebody else's may bend its name to our address, but then it stands in the Host field. The port may
    /// be another one than ours where a proxy or a router stands before us.
    private var hosts: HostPolicy {
        let (names, own) = (Set(settings.names), OwnAddressCache())
        return .predicate { authority, _ in
            if names.contains(authority.host) || authority.host == "localhost" { return true }
            return IPAddress(authority.host).map { own.contains($0) } ?? false
        }
    }

    /// The addresses under which others find it, as results.
    private func announce(_ server: HTTPServer) {
        let addresses = addresses(server)
        for address in addresses { console.result(address) }
        console.event(
            "serving",
            ["addresses": .array(addresses.map { .string($0) }), "port": .integer(Int64(server.port))])
        if settings.tls != nil, settings.names.isEmpty {
            log.warn("no-name", [("remedy", .text("--name with the name in the certificate"))])
        }
    }

    private func addresses(_ server: HTTPServer) -> [String] {
        let scheme = settings.tls == nil ? "http" : "https"
        let standard: UInt16 = settings.tls == nil ? 80 : 443
        let port = server.port == standard ? "" : ":\(server.port)"
        // What the proxy's clients open only the proxy knows.
        if settings.proxies == nil, !settings.names.isEmpty {
            return settings.names.map { "\(scheme)://\($0)\(port)/" }
        }
        let places = server.addresses.map(\.ip)
        let interfaces = (try? NetworkInterface.all(includingLoopback: true)) ?? []
        let families = Set(places.filter(\.isUnspecified).map(\.family))
        let route = SystemText.read("/proc/net/route").flatMap { OwnAddresses.routeInterface(in: $0) }
        let outward = OwnAddresses.ranked(
            interfaces.filter { families.contains($0.address.family) }, routeInterface: route)
        let all = places.filter { !$0.isUnspecified } + outward
        let shown = all.isEmpty ? [IPAddress(v4: 0x7F00_0001)] : all
        return shown.map { "\(scheme)://\($0.family == .v4 ? "\($0)" : "[\($0)]")\(port)/" }
    }

    private func untilCancelled() async {
        let end = Mailbox<Never>(capacity: 1)
        await withTaskCancellationHandler {
            _ = await end.next()
        } onCancel: {
            end.finish()
        }
    }
}

/// The machine's addresses, asked for anew every few seconds: they come and go, and each request wants to know them.
private final class OwnAddressCache: Sendable {
    private struct State {
        var addresses: Set<IPAddress> = []
        var end = NetworkTime(nanoseconds: .min)
    }

    private let state = Mutex(State())

    func contains(_ address: IPAddress) -> Bool {
        let now = NetworkClock().now
        return state.withLock { state in
            if now >= state.end {
                let interfaces = (try? NetworkInterface.all(includingLoopback: true)) ?? []
                state = State(addresses: Set(interfaces.map(\.address)), end: now.advanced(by: .seconds(3)))
            }
            return state.addresses.contains(address)
        }
    }
}
