internal import Signaling
internal import Wire

/// How long a guest waits for a server that said that it is being started again, and for the host to be back in its
/// room.
struct RestartWait: Sendable {
    static let patience = Duration.seconds(30)

    /// Nil until a server said so: without that, a server that cannot be reached is not waited for.
    private var deadline: NetworkTime?

    /// Whether it is worth trying again.
    mutating func covers(_ error: PeerConnectorError, at now: NetworkTime) -> Bool {
        if error == .rendezvousFailed(.restarting), deadline == nil { deadline = now.advanced(by: Self.patience) }
        guard let deadline, now < deadline else { return false }
        return switch error {
        // It stops, it is away, it begins and all come at once, and the host comes a moment later than its guests.
        case .rendezvousFailed(.restarting), .rendezvousFailed(.connectionLost), .rendezvousFailed(.timedOut),
            .unreachable, .serverBusy, .noSuchRoom:
            true
        default: false
        }
    }
}
