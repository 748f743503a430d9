internal import Signaling

extension CommandFailure {
    /// Something that was pasted and cannot be used.
    ///
    /// - Parameter awaited: what should have been pasted.
    init(_ error: OfflineError, awaited kind: OfflineKind) {
        let again =
            kind == .offer
            ? "copy the whole offer again, as “martlet send --offline” shows it"
            : "copy the whole answer again, as the other side shows it"
        switch error {
        case .expired: self.init(.nobodyCame, "The \(kind.rawValue) was not accepted: \(error).", remedy: Self.anew)
        case .unknownVersion:
            self.init(
                .protocolMismatch, "The \(kind.rawValue) was not accepted: \(error).",
                remedy: "the same version of Martlet on both sides")
        case .answersAnother: self.init(.usage, "The \(kind.rawValue) was not accepted: \(error).", remedy: Self.anew)
        default: self.init(.usage, "The \(kind.rawValue) was not accepted: \(error).", remedy: again)
        }
    }

    /// Standard input ended before there was one.
    init(_ error: OfflineError, endedBefore kind: OfflineKind) {
        self.init(error, awaited: kind)
        if error == .noDescription { sentence = "Standard input ended without an \(kind.rawValue)." }
    }

    private static let anew = "the same commands again on both sides, with a new offer and a new answer"

    /// The same failure, with what helps where there is no room to meet in again.
    var offline: CommandFailure {
        var failure = self
        switch status {
        case .vanished:
            failure.remedy = isResumable ? "\(Self.anew): what has arrived is kept" : Self.anew
        case .notVerified:
            failure.remedy = "\(Self.anew), carried over a way that nobody can change"
        case .noPath:
            failure.sentence =
                "No network path to the other side was found; nobody helps to find one where there is no server."
            failure.remedy = "both devices on the same network, and no firewall between them that blocks UDP"
        default: if isResumable { failure.remedy = "\(Self.anew): what has arrived is kept" }
        }
        return failure
    }
}
