internal import ArgumentParser
internal import Wire

/// How a command speaks.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print results and errors only.")
    var quiet = false

    @Flag(help: "Print events as JSON on standard output, one a line.")
    var json = false

    static let environmentFlags = [EnvironmentFlag("quiet", .switch), EnvironmentFlag("json", .switch)]
}

/// The small server of a command that waits for the other side: page and rooms on one port.
struct ServerOptions: ParsableArguments {
    static let defaultPort: UInt16 = 4040
    /// So many ports after the default one are tried.
    static let portAttempts: UInt16 = 20

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

    @Option(help: ArgumentHelp("How long the link waits for somebody: 90s, 15m, 2h.", valueName: "duration"))
    var expire = DurationArgument(duration: .seconds(7200))

    static let environmentFlags = [
        EnvironmentFlag("port", .value), EnvironmentFlag("bind", .value), EnvironmentFlag("local", .switch),
        EnvironmentFlag("qr", .invertible), EnvironmentFlag("expire", .value),
    ]

    func validate() throws {
        guard expire.duration > .zero else { throw ValidationError("--expire is at least 1s") }
        if local, let bind, !bind.isLoopback {
            throw ValidationError("--local and --bind \(bind) exclude each other")
        }
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
