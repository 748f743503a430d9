internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension CommandFailure {
    /// What a transfer, or one item of it, died of. The sentence is the transfer's own.
    init(_ error: TransferError) {
        let peer = error.isReportedByPeer
        switch error.code {
        case .unreadable, .changed:
            self.init(peer ? .other : .source, error.message, remedy: peer ? nil : Self.remedy(error.systemError))
        case .declined: self.init(.declined, error.message)
        case .peerVanished:
            self.init(.vanished, error.message, remedy: "the same command again, on both sides")
        case .unverified:
            self.init(
                .notVerified, error.message,
                remedy: "a new link, given over a way that you trust, and martlet of this version on both sides")
        case .taken: self.init(.nobodyCame, "The link is for other receivers, or serves somebody else at the moment.")
        case .integrity: self.init(.integrity, error.message, remedy: "send it again")
        case .exists:
            self.init(
                peer ? .declined : .localResource, error.message, remedy: peer ? nil : "--overwrite, --rename or --skip"
            )
        case .storage:
            self.init(
                peer ? .declined : .localResource, error.message,
                remedy: peer ? nil : "a folder with room that you may write to: -o DIR")
        case .name: self.init(peer ? .declined : .localResource, error.message)
        case .talk where !peer:
            self.init(
                .protocolMismatch, "This leads to a talk, not to files.",
                remedy: "martlet chat, with the same link or code")
        case .lab where !peer:
            self.init(
                .protocolMismatch, "This leads to experiments, not to files.",
                remedy: "martlet lab join, with the same link or code")
        case .protocolViolation, .version:
            self.init(.protocolMismatch, error.message, remedy: "the same version of Martlet on both sides")
        // Our own cancellation is told by the signal that caused it.
        case .canceled: self.init(peer ? .declined : .interrupted, error.message)
        default: self.init(.other, error.message)
        }
        isResumable = error.isResumable
        let hasLeft = error.code == .peerVanished || error.code == .canceled
        if isResumable, error.code == .storage, !peer {
            remedy = "make room, then the same command again, which resumes"
        }
        if isResumable, hasLeft { remedy = "the same command again, which resumes" }
    }

    /// For a file that could not be opened.
    private static func remedy(_ systemError: Int32?) -> String? {
        switch systemError {
        case ENOENT: "check the name; it is looked for in the folder that you are in"
        case EACCES, EPERM: "“ls -l” shows who may read it"
        default: nil
        }
    }
}

extension TransferError {
    /// The same, of a transfer that another connection can go on with.
    var resumable: TransferError {
        var error = self
        error.isResumable = true
        return error
    }
}
