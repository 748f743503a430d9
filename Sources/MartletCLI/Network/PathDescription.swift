internal import Martlet
internal import NetworkIO
internal import Wire

/// The path of a connection in words: `direct, local network`.
struct PathDescription: Sendable, Equatable {
    enum Reach: String, Sendable {
        /// Both ends are this machine.
        case machine = "this machine"
        case local = "local network"
        case internet
    }

    var isRelayed: Bool
    var reach: Reach
    var roundTripTime: Duration?

    /// - Parameter ownAddresses: of this machine, to tell a peer on it.
    init(_ path: SelectedPath, ownAddresses: [IPAddress] = []) {
        isRelayed = path.localType == "relay" || path.remoteType == "relay"
        roundTripTime = path.roundTripTime
        guard let remote = HTTPAuthority(path.remoteAddress, defaultPort: 1).flatMap({ IPAddress($0.host) }) else {
            reach = .internet
            return
        }
        if remote.isLoopback || ownAddresses.contains(remote) {
            reach = .machine
        } else {
            reach = Self.isPrivate(remote) ? .local : .internet
        }
    }

    /// Two words on the way, and the round trip where it is known.
    var text: String {
        let way = "\(isRelayed ? "relayed" : "direct"), \(reach.rawValue)"
        return roundTripTime.map { "\(way) · \(DurationText.milliseconds($0))" } ?? way
    }

    /// Addresses that are never routed on the internet: RFC 1918, RFC 4193, and link-local ones.
    private static func isPrivate(_ address: IPAddress) -> Bool {
        if address.isLinkLocal { return true }
        let bytes = address.bytes
        switch address.family {
        case .v4:
            return bytes[0] == 10 || bytes[0] == 172 && bytes[1] & 0xF0 == 16 || bytes[0] == 192 && bytes[1] == 168
        case .v6: return bytes[0] & 0xFE == 0xFC
        }
    }
}
