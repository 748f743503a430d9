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
    /// What one member may have relayed in all, and in bytes of bodies. A host has it once more for each guest who
    /// enters: it may serve many, and each of them anew after every loss of the connection.
    package var relayedMessageCount = 256
    package var relayedBytes = 4 * 1024 * 1024
    /// Creates and joins of one address (IPv6: one /64): so many a second, after a burst.
    package var entriesPerSecond = 10
    package var entryBurst = 40
    /// Joins by number, and creates that are given a number, of one address: so many of its entries.
    package var numbersPerSecond = 1
    package var numberBurst = 20
    /// Open connections of one address.
    package var connectionsPerAddress = 256
    /// Bytes that wait in all for peers that do not read. Over it, those with the most are dropped.
    package var queuedBytes = 64 * 1024 * 1024
    /// A room without guests in which nobody says anything for so long expires.
    package var idleTimeout: Duration = .seconds(2 * 60 * 60)
    /// How long a connection may take to enter a room.
    package var entryTimeout: Duration = .seconds(30)
    /// How long a number is not given to another room after its own has ended.
    package var numberRest: Duration = .seconds(24 * 60 * 60)
    /// How many numbers may rest. One more and the one that has rested longest may be given out again, so that a flood
    /// of rooms costs neither unbounded memory nor the numbers of all.
    package var restingNumberCount = 200_000
    /// How long a host that was lost, or was told to come back after a restart, gets its room and number back.
    package var returnTimeout: Duration = .seconds(120)

    package init() {}
}
