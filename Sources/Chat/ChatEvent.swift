package import Transfer

/// Why somebody is no longer there.
package enum ChatParting: Sendable, Equatable {
    /// The person has left.
    case left
    /// The connection was lost, and nobody came back in time.
    case gaveUp
    /// The talk with that side cannot go on.
    case failed(ChatError)
}

/// What happens in a talk, in order. Texts of people are as they came, not fit for a terminal without `Printable`;
/// names and agents are fit to be shown.
package enum ChatEvent: Sendable {
    case joined(ChatMember)
    /// The connection to somebody is lost; the place is kept.
    case lost(ChatMember)
    case back(ChatMember)
    case left(ChatMember, ChatParting)
    case renamed(ChatMember, from: String)
    /// Somebody is in the room, but no connection to them comes about.
    case notConnected(name: String, reason: String)
    /// `age`: how long ago it was written; at most 366 days.
    case message(ChatMember, text: String, age: Duration)
    /// What we said under this number and all before it is on its way to somebody.
    case sent(number: Int)
    /// What we said under this number and all before it was shown to `to` of `of` people.
    case delivered(number: Int, to: Int, of: Int)
    case typing(ChatMember, Bool)
    /// Somebody wants to send files; the number is for `accept` and `decline`.
    case fileOffered(Int, ChatMember, IncomingOffer)
    /// What happens with files that are sent or received under this number.
    case fileProgress(Int, ChatMember, TransferEvent)
    /// These files are over, as far as this member is concerned.
    case fileEnded(Int, ChatMember, Result<TransferReport, TransferError>)
}
