internal import ArgumentParser
internal import Signaling

/// A connection without any server: two texts are carried by hand.
struct OfflineOptions: ParsableArguments {
    @Flag(help: "No server at all: exchange an offer and an answer by copy and paste, then compare three words.")
    var offline = false

    @Flag(
        help: "With --offline: write offer or answer completely, as JSON that browsers and other programs read.")
    var complete = false

    static let environmentFlags = [EnvironmentFlag("offline", .switch), EnvironmentFlag("complete", .switch)]

    var form: OfflinePaste.Form { complete ? .complete : .compact }

    /// - Parameter server: what else was said.
    func validate(with server: ServerOptions) throws {
        guard offline else {
            if complete { throw ValidationError("--complete is for --offline") }
            return
        }
        guard server.port == nil, server.bind == nil, !server.local else {
            throw ValidationError("--port, --bind and --local are for a server, and with --offline there is none")
        }
    }
}
