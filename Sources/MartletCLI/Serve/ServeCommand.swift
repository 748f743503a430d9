internal import ArgumentParser
internal import NetworkIO
internal import Transfer
internal import Wire

/// `martlet serve`: the rendezvous server by itself, with the page.
struct ServeCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a rendezvous server, where senders and receivers find each other.",
        usage: "martlet serve [options]",
        discussion: """
            martlet serve                        at port 4040 of this machine
            martlet serve --port 443 --name example.org \\
                --certificate chain.pem --key key.pem    with TLS
            martlet serve --behind-proxy --name example.org    behind nginx or Caddy

            Others then use it: martlet send --server https://example.org film.mkv
            The server sees who meets whom and when, and nothing of what they send. It
            serves the page at /, rooms at /rooms, /health, and /metrics to private
            addresses. Its log is on standard error, key=value or (--json) JSON, one
            event a line. SIGTERM ends it in order; when another one is started within
            two minutes, those who wait go on waiting.
            """)

    @Option(help: "The port to listen at, 0 for any.")
    var port = ServerOptions.defaultPort

    @Option(
        help: ArgumentHelp(
            "Listen at this address of the machine only. (default: all; with --behind-proxy loopback)",
            valueName: "address"))
    var bind: IPAddress?

    @Option(
        help: ArgumentHelp(
            "A name that the server answers to, besides its own addresses. Can be given several times.",
            valueName: "host"))
    var name: [String] = []

    @Option(
        help: ArgumentHelp("The server's certificate and those above it, PEM: speaks TLS.", valueName: "file"),
        completion: .file())
    var certificate: String?

    @Option(help: ArgumentHelp("The private key of the certificate, PEM.", valueName: "file"), completion: .file())
    var key: String?

    @Flag(help: "Believe a proxy on this machine who the client is (X-Forwarded-For).")
    var behindProxy = false

    @Option(
        help: ArgumentHelp(
            "Believe a proxy at this address too. Can be given several times.", valueName: "address"))
    var proxy: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "What the next server is to know of this one. (default: in the state folder, by port)", valueName: "file"),
        completion: .file())
    var state: String?

    @Flag(help: "Log whole addresses. (default: the first 24 bits, of IPv6 48)")
    var logAddresses = false

    @OptionGroup var output: OutputOptions

    static let environmentFlags =
        [
            EnvironmentFlag("port", .value), EnvironmentFlag("bind", .value), EnvironmentFlag("name", .value),
            EnvironmentFlag("certificate", .value), EnvironmentFlag("key", .value),
            EnvironmentFlag("behind-proxy", .switch), EnvironmentFlag("proxy", .value),
            EnvironmentFlag("state", .value), EnvironmentFlag("log-addresses", .switch),
        ] + OutputOptions.environmentFlags

    var speechOptions: OutputOptions { output }

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key belong together")
        }
        for name in name where HTTPAuthority(name, defaultPort: 1)?.port != 1 {
            throw ValidationError("--name \(Printable.line(name, columns: 60)) is no host name, without a port")
        }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        var settings = RendezvousService.Settings(
            port: port, bind: bind, names: name.map { HTTPAuthority(host: $0, port: 1).host })
        if let certificate, let key { settings.tls = TLSFiles(certificateChain: certificate, privateKey: key) }
        if behindProxy || !proxy.isEmpty { settings.proxies = ProxyTrust(addresses: Set(proxy)) }
        settings.expectsDirectVisits = !behindProxy || !proxy.isEmpty
        settings.statePath = state ?? StateFolder(Environment.value).map { "\($0.path)/rendezvous-\(port).state" }
        let log = ServiceLog(
            isJSON: output.json, isQuiet: output.quiet, hasWholeAddresses: logAddresses,
            write: { StandardStreams.write(.error, $0) })
        try await RendezvousService(settings: settings, log: log, console: console).run()
    }
}
