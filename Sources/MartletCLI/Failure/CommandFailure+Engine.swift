internal import Martlet
internal import NetworkIO
internal import Transfer

extension CommandFailure {
    /// A connection that did not come about, or ended in disorder.
    init(_ error: MartletError) {
        let reason = Printable.line(error.message, columns: 300)
        switch error.code {
        case .networkFailed:
            self.init(
                .noPath, "No network path to the other side was found: \(reason).",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case .dtlsFailed:
            self.init(.notVerified, "The other side could not be verified: \(reason).", remedy: "a new link")
        case .closed: self.init(.vanished, "The connection ended: \(reason).", remedy: "start it again on both sides")
        default: self.init(.other, "The connection failed: \(reason).")
        }
    }

    /// A server of ours that could not start.
    init(_ error: HTTPServerError) {
        switch error {
        case .addressInUse(_, let port): self = PortHolder.failure(port: port, holder: PortHolder.find(port: port))
        case .permissionDenied(_, let port):
            self.init(
                .localResource, "Listening at port \(port) is not permitted.",
                remedy: "a port above 1023, such as --port 4040")
        case .addressNotAvailable(let host, _):
            self.init(
                .localResource, "\(Printable.line(host)) is no address of this machine.",
                remedy: "one of those that “ip address” lists, or leave --bind out")
        default:
            self.init(.localResource, "The server could not start: \(Printable.line("\(error)", columns: 300)).")
        }
    }

    /// Whatever was thrown, in words of ours.
    init(any error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as TransferError: self.init(error)
        case let error as MartletError: self.init(error)
        case let error as HTTPServerError: self.init(error)
        case is CancellationError:
            self.init(.interrupted, "It was canceled.")
            isResumable = true
        default: self.init(.other, "Something went wrong: \(Printable.line("\(error)", columns: 300)).")
        }
    }
}
