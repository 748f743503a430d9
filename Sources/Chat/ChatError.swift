/// Why a talk, or a connection of it, ended or could not begin. Remote text in it has been through `Printable`.
package enum ChatError: Error, Sendable, Equatable {
    /// The other side broke the rules of Docs/Protocols/Chat.md; says how.
    case protocolViolation(String)
    /// The other side says that this one broke the rules; what it said.
    case refused(String)
    /// What both sides remember of each other does not fit together, and it is this side on which an old state was put
    /// back: it has to come as somebody new.
    case outdated
    /// The room has as many people as it is for.
    case taken
    /// The two sides speak no common version.
    case version
    /// The other side, or this one, revealed something else than it committed to: somebody may stand in between.
    case unverified
    /// The other side is not there to talk; the protocol that it speaks ("martlet.transfer" where it is there for
    /// files).
    case notAChat(String)
    /// The connection ended without a word, or nothing came.
    case vanished
    /// More is kept for the other side than it has room for; nothing of what was to be said was taken.
    case full
    /// The other side could not go on; what it said.
    case failed(String)
    /// The task was cancelled, or the talk left.
    case cancelled
    /// The room could not be had, or the way back to it failed; a sentence for the person.
    case unreachable(String)
    case `internal`(String)

    /// A connection that ended by this is not tried again.
    package var isFinal: Bool {
        switch self {
        case .protocolViolation, .refused, .taken, .version, .unverified, .notAChat, .cancelled: true
        case .outdated, .vanished, .full, .failed, .unreachable, .internal: false
        }
    }

    /// The message that tells the other side; nil where it knows, is gone, or need not know.
    package var notice: ChatMessage? {
        switch self {
        case .protocolViolation(let what): .error(code: "protocol", message: what)
        case .notAChat: .error(code: "protocol", message: "This side is there to talk.")
        case .taken: .error(code: "taken", message: "This room is full.")
        case .version: .error(code: "version", message: "There is no common version.")
        case .unverified: .error(code: "cannot-verify", message: "The words were not the same on both sides.")
        case .internal: .error(code: "internal", message: "The talk could not go on.")
        case .refused, .outdated, .vanished, .full, .failed, .cancelled, .unreachable: nil
        }
    }
}
