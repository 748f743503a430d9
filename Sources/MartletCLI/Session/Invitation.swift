internal import Signaling

/// The ways by which the other side comes to us, as they are shown: a code with the server that knows it, and links.
struct Invitation: Sendable {
    let room: RoomIdentifier
    let secret: RoomSecret
    /// Nil where the server has given no number.
    let code: RoomCode?
    /// How other machines reach the server, the best first; may be empty.
    let servers: [Rendezvous]
    /// For a browser on this machine, where the page can do more; nil for somebody else's server.
    let local: Rendezvous?
    /// The command of the other side.
    var verb = "receive"

    /// A machine with many networks has many addresses, of which few matter.
    private static let mostLinks = 3

    init(room: RoomIdentifier, secret: RoomSecret, code: RoomCode?, servers: [Rendezvous], local: Rendezvous?) {
        self.room = room
        self.secret = secret
        self.code = code
        self.servers = Array(servers.prefix(Self.mostLinks))
        self.local = local
    }

    /// All links, the best first.
    var links: [RoomLink] { (servers + [local].compactMap(\.self)).map(link) }

    /// The one to hand on.
    var best: RoomLink { link(bestServer) }

    /// That for this machine.
    var localLink: RoomLink { link(local ?? bestServer) }

    /// One of both is always there.
    var bestServer: Rendezvous { servers.first ?? local ?? Rendezvous(isSecure: false, host: "localhost", port: 80) }

    private func link(_ server: Rendezvous) -> RoomLink { RoomLink(rendezvous: server, room: room, secret: secret) }

    /// What is typed on another terminal.
    var command: String {
        code.map { "martlet \(verb) \($0.text) --server \(bestServer.address)" } ?? "martlet \(verb) \(best.text)"
    }

    /// - Parameters:
    ///   - isSending: whether the other side may also be a terminal.
    ///   - columns: of the terminal. Where a line would be wider, each link has a line of its own, indented if it still
    ///     fits: a link that breaks in the middle is one that cannot be clicked.
    func lines(isSending: Bool, columns: Int) -> [String] {
        let isAlone = servers.isEmpty
        var lines: [(String, String)] = []
        if isSending { lines.append((isAlone ? "On another terminal:" : "On the other computer:", command)) }
        let browser = isSending ? "or open in a browser:" : "Open in a browser:"
        for (index, server) in servers.enumerated() {
            lines.append((index == 0 ? browser : "or, on another network:", link(server).text))
        }
        if let local { lines.append((isAlone ? browser : "on this machine:", link(local).text)) }
        if let code {
            // The command above shows it.
            lines.append((isSending ? "or type the code at:" : "or type \(code.text) at:", bestServer.pageAddress))
        }
        let width = lines.map(\.0.count).max() ?? 0
        guard lines.allSatisfy({ width + 2 + $0.1.count <= columns }) else {
            let indent = lines.allSatisfy { 2 + $0.1.count <= columns } ? "  " : ""
            return lines.flatMap { [$0.0, indent + $0.1] }
        }
        return lines.map { label, text in
            label + String(repeating: " ", count: width - label.count + 2) + text
        }
    }
}
