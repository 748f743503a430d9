internal import Wire

/// Whether the other side is still there, from what a connection shows: a lost one is to be noticed in seconds, not
/// only when ICE gives up after half a minute (RFC 7675).
struct Vitality: Sendable {
    /// After silence of five seconds ICE calls a connection disconnected; so much longer, and it is lost.
    static let disconnectedPatience = Duration.seconds(3)
    /// How long nothing may come once the other side has left the room. What was on its way arrives in the beginning.
    static let partedPatience = Duration.seconds(3)
    static let partedGrace = Duration.milliseconds(500)

    private var disconnected: NetworkTime?
    private var parted: NetworkTime?
    /// Something must come all the time: the transfer is running, and nobody is asked anything.
    private var isRunning = false

    /// ICE has not heard from the other side for a while, or has again.
    mutating func note(isDisconnected: Bool, at now: NetworkTime) {
        if !isDisconnected { disconnected = nil } else if disconnected == nil { disconnected = now }
    }

    /// The other side has left the room, which alone means nothing: a page may do so.
    mutating func notePartedFromRoom(at now: NetworkTime) {
        if parted == nil { parted = now }
    }

    /// Something came from the other side, or it said yes.
    mutating func noteProgress(at now: NetworkTime) {
        isRunning = true
        if let parted, parted.duration(to: now) > Self.partedGrace { self.parted = .distantFuture }
    }

    func isLost(at now: NetworkTime) -> Bool {
        if let disconnected, disconnected.duration(to: now) >= Self.disconnectedPatience { return true }
        guard let parted, parted != .distantFuture else { return false }
        return disconnected != nil || isRunning && parted.duration(to: now) >= Self.partedPatience
    }
}
