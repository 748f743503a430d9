/// What the person at a hosted room is told, besides the guests.
package enum HostedRoomEvent: Sendable, Equatable {
    /// Somebody came with wrong words; after so many more the code is dead. With 0 left, `codeDead` follows.
    case wrongWords(left: Int)
    /// The code opens nothing any more; the link still does.
    case codeDead
    /// Somebody came with a wrong secret.
    case wrongLink
    /// The line to the rendezvous server broke, or it is being started again; the room tries to come back.
    case serverLost
    /// The room is there again. Where the code is another one than before, number and words are.
    ///
    /// - Parameter token: for `RoomPlace`.
    case serverBack(code: RoomCode?, token: RoomToken?)
}
