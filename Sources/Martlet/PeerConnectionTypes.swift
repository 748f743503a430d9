/// A server that helps to find a path; W3C `RTCIceServer`. Only `stun:` is used so far; others are ignored.
public struct ICEServer: Hashable, Sendable {
    /// `stun:HOST` or `stun:HOST:PORT`, port 3478 if missing.
    public var urls: [String]

    public init(urls: [String]) {
        self.urls = urls
    }

    /// The hosts of `stun:` URLs (RFC 7064) with their ports. An IPv6 address stands in brackets.
    var stunHosts: [(host: String, port: UInt16)] {
        urls.compactMap { url in
            guard url.lowercased().hasPrefix("stun:") else { return nil }
            let authority = url.dropFirst("stun:".count).prefix { $0 != "?" }
            if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
                let port = authority[authority.index(after: end)...].dropFirst()
                return (String(authority[..<end].dropFirst()), UInt16(port) ?? 3478)
            }
            let parts = authority.split(separator: ":", maxSplits: 1)
            guard let host = parts.first else { return nil }
            return (String(host), parts.count == 2 ? UInt16(parts[1]) ?? 3478 : 3478)
        }
    }
}

/// How a connection looks for paths.
public struct PeerConnectionConfiguration: Sendable {
    public var iceServers: [ICEServer]
    /// Whether 127.0.0.1 and ::1 are offered as candidates: peers on the same machine then connect without a network.
    public var includeLoopback: Bool
    /// How long a path is looked for after both descriptions are known, before the connection fails; nil is about 40
    /// seconds, the life of a check. Longer where a person carries the answer back (RFC 8863 section 4 sets no bound).
    public var patience: Duration?
    /// Leads the whole connection through a relay on this machine; nil, the default, does not.
    package var detour: ConnectionDetour?

    public init(iceServers: [ICEServer] = [], includeLoopback: Bool = true, patience: Duration? = nil) {
        self.iceServers = iceServers
        self.includeLoopback = includeLoopback
        self.patience = patience
    }
}

/// Where offer and answer stand; W3C `RTCSignalingState`.
public enum PeerSignalingState: String, Sendable {
    case stable
    case haveLocalOffer = "have-local-offer"
    case haveRemoteOffer = "have-remote-offer"
    case closed
}

/// W3C `RTCIceGatheringState`.
public enum ICEGatheringState: String, Sendable {
    case new
    case gathering
    case complete
}

/// W3C `RTCIceConnectionState`.
public enum ICEConnectionState: String, Sendable {
    case new
    case checking
    case connected
    case completed
    case disconnected
    case failed
    case closed
}

/// The state of ICE and DTLS together; W3C `RTCPeerConnectionState`.
public enum ConnectionState: String, Sendable {
    case new
    case connecting
    case connected
    /// Nothing is heard from the peer for some seconds; it may come back.
    case disconnected
    case failed
    case closed
}

/// What happens to a connection.
public enum PeerConnectionEvent: Sendable {
    /// A local candidate to be sent to the peer; nil when there will be no more.
    case iceCandidate(ICECandidate?)
    /// The peer opened a channel; it is open already.
    case dataChannel(DataChannel)
    /// A first channel was made: an offer is needed.
    case negotiationNeeded
    case signalingStateChange(PeerSignalingState)
    case iceGatheringStateChange(ICEGatheringState)
    case iceConnectionStateChange(ICEConnectionState)
    /// `PeerConnection.failure` has the reason of `failed`.
    case connectionStateChange(ConnectionState)
}

/// The pair of addresses that carries a connection.
public struct SelectedPath: Hashable, Sendable {
    /// `address:port`.
    public var localAddress: String
    public var remoteAddress: String
    /// `host`, `srflx`, `prflx` or `relay` (RFC 8445 section 4).
    public var localType: String
    public var remoteType: String
    /// The last measured round trip of a connectivity check.
    public var roundTripTime: Duration?
}

/// The two certificates of a connection (RFC 8122), each as 32 bytes of SHA-256 over its DER.
public struct CertificateFingerprints: Hashable, Sendable {
    /// Of this side's.
    public var local: [UInt8]
    /// Of the peer's.
    public var remote: [UInt8]

    public init(local: [UInt8], remote: [UInt8]) {
        self.local = local
        self.remote = remote
    }
}
