internal import Chat
internal import Transfer

extension CommandFailure {
    /// Why a talk ended, or did not begin.
    init(_ error: ChatError) {
        let sameVersion = "the same version of Martlet on both sides"
        switch error {
        case .protocolViolation(let what):
            self.init(
                .protocolMismatch, "The other side said something that this version does not understand: \(what).",
                remedy: sameVersion)
        case .refused(let what):
            self.init(
                .protocolMismatch,
                "The other side did not understand this one\(what.isEmpty ? "" : ": \(what)").", remedy: sameVersion)
        case .outdated:
            self.init(
                .protocolMismatch, "The two sides remember different talks.", remedy: "start the command again")
        case .version: self.init(.protocolMismatch, "The two sides speak no common version.", remedy: sameVersion)
        case .taken:
            self.init(
                .nobodyCame, "The room has as many people as it is for.",
                remedy: "whoever made it starts again with a larger --people")
        case .unverified:
            self.init(
                .notVerified, "The other side could not be verified: somebody may stand in between.",
                remedy: "a new link or code, given over a way that you trust")
        case .notAChat(let name):
            let (sentence, remedy) =
                switch name {
                case _ where name.hasPrefix("martlet.transfer"):
                    ("This leads to files, not to a talk.", "martlet receive, with the same link or code")
                case "martlet.lab":
                    ("This leads to experiments, not to a talk.", "martlet lab join, with the same link or code")
                default:
                    ("The other side is not there to talk (\(Printable.line(name, columns: 60))).", sameVersion)
                }
            self.init(.protocolMismatch, sentence, remedy: remedy)
        case .vanished:
            self.init(.vanished, "The other side vanished.", remedy: "the same link or code again, if it still waits")
        case .full:
            self.init(.other, "Too much waits to be delivered.", remedy: "again when the other side is there")
        case .failed(let what):
            self.init(.vanished, "The other side could not go on\(what.isEmpty ? "" : ": \(what)").")
        case .cancelled: self.init(.interrupted, "It was canceled.")
        case .unreachable(let sentence): self.init(.vanished, sentence, remedy: "start it again on both sides")
        case .internal(let what): self.init(.other, "Something went wrong: \(Printable.line(what, columns: 200)).")
        }
    }
}
