/// What happens in a pair, for whoever leads the talk.
package enum ChatPairEvent: Sendable, Equatable {
    /// A connection stands, and both sides know what the other has. `isNew`: it is somebody else than before, or
    /// somebody for the first time. The names are fit to be shown.
    case begun(name: String, agent: String, isNew: Bool)
    /// As it came: not fit to be shown. `age`: how long ago it was written, 366 days at most.
    case message(text: String, age: Duration)
    /// What was said under this number of ``ChatPair/say(_:numbers:at:)`` and before it was shown.
    case delivered(through: Int)
    /// Holds until it is false, or a message comes.
    case typing(Bool)
    /// Fit to be shown.
    case renamed(String)
    /// The host says that another guest is there. `name` is fit to be shown.
    case introduced(peer: Int64, attempt: Int64, name: String, calls: Bool)
    /// A message by which two guests connect; `payload` is the text of a JSON object.
    case signal(peer: Int64, attempt: Int64, payload: String)
    /// The host says that another guest is gone for good.
    case parted(peer: Int64)
    /// A guest is not connected to another guest, and asks to be introduced again.
    case again(peer: Int64)
    /// The person has left for good. The last event of a pair.
    case left
}
