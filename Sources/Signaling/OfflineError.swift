/// What is wrong with something that a person pasted (Docs/Protocols/Offline.md).
package enum OfflineError: Error, Sendable, Equatable {
    /// There is neither of the two forms in it.
    case noDescription
    /// The end is missing. `characters` of a compact one are there, of `needed` when its length is known.
    case cutOff(characters: Int, needed: Int?)
    /// Characters were lost or changed on the way.
    case damaged
    /// Made by a version of the format that is not known here.
    case unknownVersion
    /// It is whole, and describes nothing that can be connected to; or it is far too long.
    case unusable
    /// The compact form cannot say it; the complete one can.
    case notCompact
    /// An offer stands where an answer belongs.
    case offerForAnswer
    /// Our own offer has come back.
    case ownOffer
    /// An answer stands where an offer belongs.
    case answerForOffer
    /// An answer to another offer than ours.
    case answersAnother
    /// Whoever made it has stopped waiting, so many seconds ago by the clock of this machine.
    case expired(secondsAgo: Int64)
}

extension OfflineError: CustomStringConvertible {
    /// One sentence, which repeats nothing of what was pasted.
    package var description: String {
        switch self {
        case .noDescription: "this is neither an offer nor an answer of Martlet or of a browser"
        case .cutOff(let characters, let needed?):
            "it is cut off: \(characters) of its \(needed) characters are there"
        case .cutOff(_, nil): "it is cut off: its end is missing"
        case .damaged: "it is damaged: characters were lost or changed on the way"
        case .unknownVersion: "it was made by a version of Martlet that this one does not understand"
        case .unusable: "it describes nothing that this program can connect to"
        case .notCompact: "it does not fit the compact form"
        case .offerForAnswer: "this is an offer, and what belongs here is the answer to ours"
        case .ownOffer: "this is our own offer; what belongs here is the answer that the other side makes of it"
        case .answerForOffer: "this is an answer, and what belongs here is an offer"
        case .answersAnother: "this answers another offer: each offer has answers of its own"
        case .expired(let seconds):
            "it has expired, \(Self.duration(seconds)) ago by the clock of this computer: nobody waits behind it"
        }
    }

    private static func duration(_ seconds: Int64) -> String {
        seconds < 120 ? "\(seconds) seconds" : seconds < 7200 ? "\(seconds / 60) minutes" : "\(seconds / 3600) hours"
    }
}
