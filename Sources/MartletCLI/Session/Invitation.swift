internal import Signaling
internal import Wire

/// The links by which the other side comes to us, as they are shown.
struct Invitation: Sendable {
    /// For other machines, the best first; may be empty.
    var outward: [RoomLink]
    /// For a browser on this machine, where the page can do more.
    var local: RoomLink

    /// - Parameter addresses: those by which others reach us, the best first.
    init(room: RoomIdentifier, secret: RoomSecret, port: UInt16, addresses: [IPAddress]) {
        let link = { (host: String) in
            RoomLink(rendezvous: Rendezvous(isSecure: false, host: host, port: port), room: room, secret: secret)
        }
        outward = addresses.prefix(Self.mostLinks).map { link("\($0)") }
        local = link("localhost")
    }

    /// A machine with many networks has many addresses, of which few matter.
    private static let mostLinks = 3

    /// The one to hand on.
    var best: RoomLink { outward.first ?? local }

    /// - Parameters:
    ///   - isSending: whether the other side may also be a terminal.
    ///   - columns: of the terminal. Where a line would be wider, each link has a line of its own, indented if it still
    ///     fits: a link that breaks in the middle is one that cannot be clicked.
    func lines(isSending: Bool, columns: Int) -> [String] {
        var lines: [(String, String)] = []
        if isSending {
            lines.append(
                (outward.isEmpty ? "On another terminal:" : "On the other computer:", "martlet receive \(best.text)"))
        }
        let browser = isSending ? "or open in a browser:" : "Open in a browser:"
        for (index, link) in outward.enumerated() {
            lines.append((index == 0 ? browser : "or, on another network:", link.text))
        }
        lines.append((outward.isEmpty ? browser : "on this machine:", local.text))
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
