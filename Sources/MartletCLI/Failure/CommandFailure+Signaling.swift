internal import NetworkIO
internal import Signaling
internal import Transfer

extension CommandFailure {
    /// Two who were to meet by a link and did not.
    init(_ error: PeerConnectorError) {
        let newLink = "a new link: the sender starts the command again"
        switch error {
        case .couldNotVerify:
            self.init(
                .notVerified, "The other side could not be verified: it does not hold the same link.",
                remedy: "copy the whole link again; if it was right, somebody may be in between")
        case .wrongWords(let left):
            self.init(
                .notVerified, "The words of the code were wrong.",
                remedy: left > 0 ? "the code again, as it was said" : "a new code: the sender starts the command again")
        case .codeDead:
            self.init(.notVerified, "The code was tried too often and opens nothing any more.", remedy: newLink)
        case .refused:
            self.init(.notVerified, "The other side, or somebody in between, refused the exchange.", remedy: newLink)
        case .noSuchRoom:
            self.init(
                .nobodyCame, "The link is stale: nobody waits behind it any more, or it was used already.",
                remedy: newLink)
        case .roomExpired: self.init(.nobodyCame, "The link is stale: the other side has ended it.", remedy: newLink)
        case .roomFull:
            self.init(
                .nobodyCame, "Somebody else is using this link at the moment.", remedy: "again later, or \(newLink)")
        case .roomExists, .serverBusy:
            self.init(.other, "The rendezvous server has no place at the moment.", remedy: "again in a minute")
        case .unreachable(let reason): self.init(reason, remedy: newLink)
        case .rendezvousFailed:
            self.init(.vanished, "The rendezvous server ended the connection.", remedy: "start it again")
        case .peerLeft:
            self.init(.vanished, "The other side left before the connection stood.", remedy: "start it again")
        case .timedOut:
            self.init(.vanished, "The other side did not answer in time.", remedy: "start it again on both sides")
        case .peerFailed(let code, let message): self.init(peerCode: code, message)
        case .protocolViolation:
            self.init(
                .protocolMismatch, "The other side said something that this version does not understand.",
                remedy: "the same version of Martlet on both sides")
        case .noNetworkPath:
            self.init(
                .noPath, "No network path to the other side was found, though the link works.",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case .connectionFailed(let error): self.init(error)
        case .preparationFailed(let reason):
            self.init(.other, "The connection could not be prepared: \(Printable.line(reason, columns: 200)).")
        case .cancelled: self.init(.interrupted, "It was canceled.")
        }
    }

    /// What the other side says why it gave up; `message` is the peer's.
    private init(peerCode code: String, _ message: String) {
        let text = Printable.line(message, columns: 200)
        let said = text.isEmpty ? "" : ": \(text)"
        switch code {
        case "cannot-verify":
            self.init(
                .notVerified, "Somebody came with a wrong link and could not be verified.",
                remedy: "copy the whole link again")
        case "no-path", "no-network-path":
            self.init(
                .noPath, "The other side found no network path.",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case "taken": self.init(.nobodyCame, "This link already serves somebody else.")
        case "cancelled": self.init(.declined, "The other side was stopped.")
        case "protocol":
            self.init(
                .protocolMismatch, "The other side did not understand this one\(said).",
                remedy: "the same version of Martlet on both sides")
        case "timed-out":
            self.init(
                .vanished, "The other side waited too long\(said).", remedy: "the same commands again, on both sides")
        default: self.init(.other, "The other side gave up\(said).")
        }
    }

    /// A rendezvous server that did not answer.
    private init(_ error: WebSocketClientError, remedy: String) {
        switch error {
        case .unknownHost(let host):
            self.init(
                .nobodyCame, "There is no computer called \(Printable.line(host, columns: 100)).",
                remedy: "check the link")
        case .refused(let host, let port):
            self.init(
                .nobodyCame,
                "The link is stale: nobody listens at \(Printable.line(host, columns: 100)), port \(port).",
                remedy: remedy)
        case .timedOut:
            self.init(
                .noPath, "The computer in the link did not answer.",
                remedy: "both devices on the same network, and no firewall that blocks the link's port")
        case .unreachable(let host, _, let reason):
            self.init(
                .noPath,
                "\(Printable.line(host, columns: 100)) cannot be reached: \(Printable.line(reason, columns: 200)).",
                remedy: "both devices on the same network")
        case .tlsFailed(let reason):
            self.init(
                .notVerified, "The server's certificate was not accepted: \(Printable.line(reason, columns: 200)).")
        case .rejected, .notWebSocket:
            self.init(
                .protocolMismatch, "What answers at the link's address is no Martlet.", remedy: "check the link")
        }
    }
}
