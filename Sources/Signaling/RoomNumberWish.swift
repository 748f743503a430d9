/// What a host asks for besides its room.
package enum RoomNumberWish: Sendable, Equatable {
    case none
    /// Whichever is free.
    case any
    /// This one if it is free, else any.
    case preferred(RoomNumber)
}
