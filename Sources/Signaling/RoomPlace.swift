/// A room that its host makes: where, and what those who may come know.
package struct RoomPlace: Sendable, Equatable {
    package var rendezvous: Rendezvous
    package var room: RoomIdentifier
    /// Of the link.
    package var secret: RoomSecret
    /// Of the code; nil where the room has none.
    package var words: CodeWords?
    /// The number to ask for again, as after a restart; the server may give another one.
    package var number: RoomNumber?
    /// By which the server knows that room and number were ours.
    package var token: RoomToken?

    package init(
        rendezvous: Rendezvous, room: RoomIdentifier, secret: RoomSecret, words: CodeWords? = nil,
        number: RoomNumber? = nil, token: RoomToken? = nil
    ) {
        self.rendezvous = rendezvous
        self.room = room
        self.secret = secret
        self.words = words
        self.number = number
        self.token = token
    }

    package init(_ link: RoomLink) {
        self.init(rendezvous: link.rendezvous, room: link.room, secret: link.secret)
    }

    /// The way in for whoever gets a link.
    package var link: RoomLink { RoomLink(rendezvous: rendezvous, room: room, secret: secret) }
}
