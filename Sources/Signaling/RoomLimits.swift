/// What a rendezvous server is willing to spend on strangers (Docs/Protocols/Rooms.md).
package struct RoomLimits: Sendable, Equatable {
    static let largestRoom = 32

    package var roomCount = 1000
    /// Members of one room, the host included.
    package var memberCount = RoomLimits.largestRoom
    /// UTF-8 bytes of one WebSocket message.
    package var messageBytes = 256 * 1024
    /// UTF-8 bytes of one relayed body.
    package var bodyBytes = 128 * 1024
    /// What one member may have relayed in all, and in bytes of bodies. A host has it once more for each guest who enters:
    /// it may serve many, and each of them anew after every loss of the connection.
    package var relayedMessageCount = 256
    package var relayedBytes = 4 * 1024 * 1024
    /// Creates and joins of one address (IPv6: one /64): so many a second, after a burst.
    package var entriesPerSecond = 10
    package var entryBurst = 40
    /// A room without guests in which nobody says anything for so long expires.
    package var idleTimeout: Duration = .seconds(2 * 60 * 60)
    /// How long a connection may take to enter a room.
    package var entryTimeout: Duration = .seconds(30)

    package init() {}
}
