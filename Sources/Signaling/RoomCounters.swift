package import Wire

/// What a rendezvous server has done since it started; only ever more.
package struct RoomCounters: Sendable, Equatable {
    package internal(set) var connections = 0
    package internal(set) var roomsMade = 0
    /// Of which their hosts came back to.
    package internal(set) var roomsTakenBack = 0
    package internal(set) var joins = 0
    /// Of which by number.
    package internal(set) var joinsByNumber = 0
    package internal(set) var relayedMessages = 0
    package internal(set) var relayedBytes = 0
    /// By what the answer said: a `RoomErrorCode`, or `full`.
    package internal(set) var refusals: [String: Int] = [:]
    package internal(set) var endings: [RoomEnding: Int] = [:]
}

/// How a room came to its end.
package enum RoomEnding: String, Sendable, CaseIterable {
    /// The host said so.
    case left
    /// The host's connection ended.
    case lost
    /// Nobody came.
    case expired
    /// The host broke the protocol or a limit.
    case refused
    /// The host came back over another connection, to a room that goes on under the same name.
    case replaced
    /// The server is being stopped.
    case stopped
}

/// Something for the log of a rendezvous server.
package enum RoomRecord: Sendable, Equatable {
    case made(RoomIdentifier, hasNumber: Bool, from: IPAddress)
    case takenBack(RoomIdentifier, from: IPAddress)
    case joined(RoomIdentifier, byNumber: Bool, from: IPAddress)
    /// `code` as in `RoomCounters.refusals`.
    case refused(code: String, from: IPAddress)
    case ended(RoomIdentifier, RoomEnding, lifetime: Duration, guests: Int, messages: Int, bytes: Int)
}
