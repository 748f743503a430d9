internal import NetworkIO
internal import Signaling
internal import Transfer

/// By what two were to meet: what went wrong is told in its words.
enum Meeting: Sendable {
    case link
    case code(RoomNumber, at: Rendezvous)
    /// Nobody else yet: we make a room there.
    case server(Rendezvous)

    init(_ entrance: RoomEntrance) {
        switch entrance {
        case .link: self = .link
        case .code(let code, let server): self = .code(code.number, at: server)
        }
    }

    var noun: String {
        if case .code = self { "code" } else { "link" }
    }

    /// What helps where this one is of no use any more.
    var newOne: String {
        if case .code = self { return "the link, or a new code: whoever made it starts the command again" }
        return "a new link: whoever made it starts the command again"
    }

    /// The server's address where a person has named it by itself, fit to be shown.
    var address: String? {
        switch self {
        case .link: nil
        case .code(_, let server), .server(let server): Printable.line(server.address, columns: 100)
        }
    }
}

extension CommandFailure {
    /// Two who were to meet and did not.
    init(_ error: PeerConnectorError, by meeting: Meeting = .link) {
        switch error {
        case .couldNotVerify:
            if case .code = meeting {
                self.init(
                    .notVerified, "The other side could not be verified.",
                    remedy: "again; if the code was right, somebody may be in between")
            } else {
                self.init(
                    .notVerified, "The other side could not be verified: it does not hold the same link.",
                    remedy: "copy the whole link again; if it was right, somebody may be in between")
            }
        case .wrongWords(let left) where left > 0:
            self.init(
                .notVerified, "The words are not those of the other side; \(counted(left, "try", "tries")) left.",
                remedy: "the code again, as it was said; if it was right, somebody may be in between")
        case .wrongWords:
            self.init(
                .notVerified,
                "The words are not those of the other side. It was the last of three tries: this code is not used any more.",
                remedy: meeting.newOne)
        case .codeDead:
            self.init(
                .notVerified,
                "This code was tried three times in vain from here, and is not used any more (for 24 hours).",
                remedy: meeting.newOne)
        case .refused(let code): self.init(refusal: code, meeting)
        case .noSuchRoom, .roomExpired, .roomFull: self.init(noRoom: error, meeting)
        case .roomExists:
            self.init(
                .other, "Somebody else has made a room of this one's name at the server.",
                remedy: "the same command again in some minutes; or with --new, which makes another link and code")
        case .serverBusy:
            self.init(.other, "The rendezvous server has no place at the moment.", remedy: "again in a minute")
        case .unreachable(let reason): self.init(reason, meeting)
        case .rendezvousFailed(.restarting):
            self.init(.other, "The rendezvous server is being started again.", remedy: "again in a minute")
        case .rendezvousFailed:
            self.init(.vanished, "The rendezvous server ended the connection.", remedy: "start it again")
        case .peerLeft:
            self.init(.vanished, "The other side left before the connection stood.", remedy: "start it again")
        case .timedOut:
            self.init(.vanished, "The other side did not answer in time.", remedy: "start it again on both sides")
        case .peerFailed(let code, let message): self.init(peerCode: code, message, meeting)
        case .protocolViolation:
            self.init(
                .protocolMismatch, "The other side said something that this version does not understand.",
                remedy: "the same version of Martlet on both sides")
        case .noNetworkPath:
            self.init(
                .noPath, "No network path to the other side was found, though the \(meeting.noun) works.",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case .connectionFailed(let error): self.init(error)
        case .preparationFailed(let reason):
            self.init(.other, "The connection could not be prepared: \(Printable.line(reason, columns: 200)).")
        case .cancelled: self.init(.interrupted, "It was canceled.")
        }
    }

    /// The room is not there, or not for us.
    private init(noRoom error: PeerConnectorError, _ meeting: Meeting) {
        if case .code(let number, let server) = meeting, error == .noSuchRoom {
            self.init(
                .nobodyCame,
                "Nobody waits behind the number \(number) at \(Printable.line(server.address, columns: 100)).",
                remedy: "check number and server; or \(meeting.newOne)")
            return
        }
        let noun = meeting.noun
        switch error {
        case .roomFull:
            self.init(
                .nobodyCame, "Somebody else is using this \(noun) at the moment.",
                remedy: "again later, or \(meeting.newOne)")
        case .roomExpired:
            self.init(.nobodyCame, "The \(noun) is stale: the other side has ended it.", remedy: meeting.newOne)
        default:
            self.init(
                .nobodyCame, "The \(noun) is stale: nobody waits behind it any more, or it was used already.",
                remedy: meeting.newOne)
        }
    }

    /// Why the other side does not even try. It has not proved who it is.
    private init(refusal code: String, _ meeting: Meeting) {
        switch code {
        case "dead":
            self.init(
                .notVerified,
                "The other side says that the code is dead: it was tried three times with wrong words.",
                remedy: meeting.newOne)
        case "no-code":
            self.init(.notVerified, "The other side says that it has no code.", remedy: meeting.newOne)
        case "busy":
            self.init(
                .vanished, "The other side says that too many come to it at the moment.", remedy: "again in a minute")
        case "dropped":
            self.init(.notVerified, "The other side refused.", remedy: "start it again")
        case "version":
            self.init(
                .protocolMismatch, "The other side says that it speaks another version.",
                remedy: "the same version of Martlet on both sides")
        default:
            self.init(
                .notVerified, "The other side refused the exchange: \(Printable.line(code, columns: 60)).",
                remedy: meeting.newOne)
        }
    }

    /// What the other side says why it gave up; `message` is the peer's.
    private init(peerCode code: String, _ message: String, _ meeting: Meeting) {
        let text = Printable.line(message, columns: 200)
        let said = text.isEmpty ? "" : ": \(text)"
        switch code {
        case "cannot-verify":
            self.init(
                .notVerified, "The other side could not verify this one.", remedy: "the whole \(meeting.noun) again")
        case "no-path", "no-network-path":
            self.init(
                .noPath, "The other side found no network path.",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case "taken": self.init(.nobodyCame, "This \(meeting.noun) already serves somebody else.")
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
    private init(_ error: WebSocketClientError, _ meeting: Meeting) {
        let address = meeting.address
        let check = address == nil ? "check the link" : "check --server"
        // Without a server there is no way to anybody; a link whose server is gone is a stale one.
        let status: CommandStatus = if case .server = meeting { .noPath } else { .nobodyCame }
        switch error {
        case .unknownHost(let host):
            self.init(status, "There is no computer called \(Printable.line(host, columns: 100)).", remedy: check)
        case .refused(let host, let port):
            let place = "\(Printable.line(host, columns: 100)), port \(port)"
            if address != nil {
                self.init(status, "The server does not run: nobody listens at \(place).", remedy: check)
            } else {
                self.init(
                    status, "The link is stale: nobody listens at \(place).", remedy: meeting.newOne)
            }
        case .timedOut:
            let who = address.map { "The server \($0)" } ?? "The computer in the link"
            self.init(
                .noPath, "\(who) did not answer.",
                remedy: address == nil
                    ? "both devices on the same network, and no firewall that blocks the link's port" : check)
        case .unreachable(let host, _, let reason):
            self.init(
                .noPath,
                "\(Printable.line(host, columns: 100)) cannot be reached: \(Printable.line(reason, columns: 200)).",
                remedy: address == nil ? "both devices on the same network" : check)
        case .tlsFailed(let reason):
            self.init(
                .notVerified, "The server's certificate was not accepted: \(Printable.line(reason, columns: 200)).",
                remedy: "--ca FILE, where the server has a certificate authority of its own")
        case .rejected, .notWebSocket:
            let place = address.map { "at \($0)" } ?? "at the link's address"
            self.init(.protocolMismatch, "What answers \(place) is no Martlet of this version.", remedy: check)
        }
    }
}
