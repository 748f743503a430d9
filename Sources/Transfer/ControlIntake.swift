internal import Martlet

/// What both sides do with every control message before its meaning counts: the greeting comes first, errors end the
/// transfer, ignorable messages are dropped and counted.
struct ControlIntake: Sendable {
    private let role: ControlMessage.Role
    private(set) var ignoredCount = 0
    /// What the other side calls itself, fit to be shown; nil before its `hello`.
    private(set) var agent: String?
    /// By what the other side is known again on a later connection; nil before its `hello`, or when it says none.
    private(set) var session: String?
    /// The other side said the feature `unordered`.
    private(set) var isUnordered = false
    /// The other side said that nothing more comes.
    private(set) var hasSaidBye = false
    /// What makes the words to compare; nil when this side takes no part.
    private(set) var words: WordExchange?

    /// - Parameters:
    ///   - role: this side's.
    ///   - certificates: of the connection, when words are to be made of them.
    init(role: ControlMessage.Role, certificates: CertificateFingerprints? = nil) {
        self.role = role
        words = certificates.map { WordExchange(role: role, certificates: $0) }
    }

    /// The message if it is for the transfer proper.
    mutating func admit(_ message: ControlMessage) throws(TransferError) -> ControlMessage? {
        switch message {
        case .error(let code, let text, let isResumable):
            throw TransferError(reportedByPeer: code, message: text, isResumable: isResumable)
        case .hello(let version, let role, let agent, let session, let features, let commit):
            guard self.agent == nil else { throw .violation("a second hello") }
            guard role != self.role else {
                throw TransferError(.protocolViolation, "Both sides want to \(role == .sender ? "send" : "receive").")
            }
            guard version >= ControlMessage.version else {
                throw TransferError(.version, "The other side speaks version \(version) of the transfer protocol only.")
            }
            self.agent = Printable.line(agent, columns: 80)
            self.session = session
            isUnordered = features.contains(ControlMessage.unordered)
            words?.take(commit)
            return nil
        case _ where agent == nil: throw .violation("a message before hello")
        case .reveal(let nonce):
            guard words != nil else { throw .violation("a reveal out of place") }
            try words?.open(nonce)
            return nil
        case .bye:
            hasSaidBye = true
            return message
        case _ where words?.isOwed == true: throw .violation("a message before reveal")
        case .working: return nil
        case .ignorable:
            ignoredCount += 1
            guard ignoredCount <= TransferLimits.ignoredMessages else { throw .violation("too many unknown messages") }
            return nil
        default:
            guard !hasSaidBye else { throw .violation("a message after bye") }
            return message
        }
    }
}
