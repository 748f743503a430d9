internal import ArgumentParser
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// How a command speaks.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print results and errors only.")
    var quiet = false

    @Flag(help: "Print events as JSON on standard output, one a line.")
    var json = false

    static let environmentFlags = [EnvironmentFlag("quiet", .switch), EnvironmentFlag("json", .switch)]
}

/// Where the two sides meet: at the small server of the command that waits (page and rooms on one port), or at
/// somebody's.
struct ServerOptions: ParsableArguments {
    static let defaultPort: UInt16 = 4040
    /// So many ports after the default one are tried.
    static let portAttempts: UInt16 = 20

    @Option(
        name: .customLong("server"),
        help: ArgumentHelp(
            "Meet at this server, which runs “martlet serve”, in place of one of our own: https://rooms.example.org",
            valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "For https servers: trust the certificate authority in this file (PEM), and no other.", valueName: "file"),
        completion: .file())
    var ca: String?

    @Option(help: "The port to listen at, 0 for any. (default: 4040, or the next free one)")
    var port: UInt16?

    @Option(help: ArgumentHelp("Listen at this address of the machine only.", valueName: "address"))
    var bind: IPAddress?

    @Flag(help: "Listen on this machine only: no one else can connect.")
    var local = false

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Draw the link as a QR code. (default: on a terminal)")
    var qr: Bool?

    @Option(help: ArgumentHelp("How long to wait for somebody: 90s, 15m, 2h.", valueName: "duration"))
    var expire = DurationArgument(duration: .seconds(7200))

    static let environmentFlags = [
        EnvironmentFlag("server", .value), EnvironmentFlag("ca", .value), EnvironmentFlag("port", .value),
        EnvironmentFlag("bind", .value), EnvironmentFlag("local", .switch),
        EnvironmentFlag("qr", .invertible), EnvironmentFlag("expire", .value),
    ]

    func validate() throws {
        guard expire.duration > .zero else { throw ValidationError("--expire is at least 1s") }
        let own = [port.map { _ in "--port" }, bind.map { _ in "--bind" }, local ? "--local" : nil].compactMap(\.self)
        if let url, !url.isEmpty, let flag = own.first {
            throw ValidationError(
                "\(flag) is for a server of our own, and --server names another one "
                    + "(both may stand in the environment or the configuration too)")
        }
        if local, let bind, !bind.isLoopback {
            throw ValidationError("--local and --bind \(bind) exclude each other")
        }
    }

    /// The server that `--server` names; nil is one of our own.
    ///
    /// - Throws: a failure that says what an address looks like, where this is none. It does not repeat a link, which
    ///   is a secret.
    func rendezvous() throws(CommandFailure) -> Rendezvous? {
        guard let url, !url.isEmpty else { return nil }
        do throws(RoomLinkError) { return try Rendezvous(parsing: url) } catch {
            if url.contains("#") {
                throw CommandFailure(
                    .usage, "--server is the address of a server, and this is a whole link.",
                    remedy: "martlet receive LINK; or what stands before #")
            }
            let shown = Printable.line(url, columns: 100, cut: .middle)
            guard !url.contains("://"), let guess = Self.withScheme(url) else {
                throw CommandFailure(
                    .usage,
                    "“\(shown)” is no address of a server: it is http:// or https://, a name and perhaps a port.",
                    remedy: "--server https://rooms.example.org")
            }
            throw CommandFailure(
                .usage, "“\(shown)” is no address of a server: http:// or https:// is missing.",
                remedy: "--server \(guess)")
        }
    }

    /// What was meant by an address without a scheme: names have certificates, addresses and ports of one's own seldom.
    private static func withScheme(_ text: String) -> String? {
        guard let guess = try? Rendezvous(parsing: "http://\(text)") else { return nil }
        let isOwn = IPAddress(guess.host) != nil || guess.host == "localhost" || ![80, 443].contains(guess.port)
        return isOwn ? guess.address : (try? Rendezvous(parsing: "https://\(text)"))?.address
    }

    /// Connects to servers, with the trust that `--ca` says.
    ///
    /// - Throws: a failure when the file cannot be read.
    func client() throws(CommandFailure) -> WebSocketClient {
        guard let ca, !ca.isEmpty else { return WebSocketClient() }
        guard let text = SystemText.read(ca), text.contains("-----BEGIN CERTIFICATE-----") else {
            throw CommandFailure(
                .usage, "\(Printable.line(ca, columns: 200)) holds no certificate in PEM, or cannot be read.",
                remedy: "--ca FILE with “-----BEGIN CERTIFICATE-----”")
        }
        return WebSocketClient(trust: .certificates(path: ca))
    }
}

/// Whether two people make sure that nobody stands between them.
struct VerifyOptions: ParsableArguments {
    @Flag(
        help: """
            Show three words to compare with the other side, and ask before anything is sent or saved. A page always \
            shows them; another terminal does with --verify.
            """)
    var verify = false

    static let environmentFlags = [EnvironmentFlag("verify", .switch)]
}

/// What happens when the connection breaks.
struct WaitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to wait for the other side when it is lost: 90s, 10m; 0s ends at once.", valueName: "duration"))
    var wait = DurationArgument(duration: .seconds(600))

    static let environmentFlags = [EnvironmentFlag("wait", .value)]

    func validate() throws {
        guard wait.duration <= .seconds(24 * 3600) else { throw ValidationError("--wait is at most 24h") }
    }
}

/// A duration on the command line: `90s`, `15m`, `1h30m`.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
    var duration: Duration

    init(duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        if ["0", "0s"].contains(argument) {
            duration = .zero
        } else {
            guard let duration = DurationText.parse(argument) else { return nil }
            self.duration = duration
        }
    }

    var description: String {
        let seconds = duration.components.seconds
        if seconds > 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        return seconds > 0 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    var defaultValueDescription: String { description }
}

extension IPAddress: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}
