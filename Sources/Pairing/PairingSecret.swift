/// Which side of a pairing one is; fixed by who made the room.
package enum RoomRole: String, Sendable, Equatable {
    case host
    case guest

    var other: RoomRole { self == .host ? .guest : .host }
}

/// What a guest comes with.
package enum PairingSecret: Sendable {
    case link(RoomSecret)
    /// - Parameter looks: how often this side has tried the code.
    case code(RoomCode, looks: LookCount)
}

/// What lets guests into a host's room.
package struct HostSecrets: Sendable {
    /// The secret of the room's link.
    package var secret: RoomSecret
    /// The room's code; nil where it has none.
    package var code: RoomCode?
    /// How often the code was tried, by all guests together.
    package var looks: LookCount

    package init(secret: RoomSecret, code: RoomCode? = nil, looks: LookCount = LookCount()) {
        self.secret = secret
        self.code = code
        self.looks = looks
    }
}
