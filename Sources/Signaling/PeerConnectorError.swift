package import Martlet
package import NetworkIO

/// Why two peers who were to meet in a room are not connected.
package enum PeerConnectorError: Error, Sendable, Equatable {
    /// What the other side sent was not made by a holder of the link: a wrong link, or somebody in between.
    case couldNotVerify
    /// The words of the code were wrong, on one side or the other, or somebody in between guessed; so many looks are
    /// left on this side, as a guest.
    case wrongWords(left: Int)
    /// This side has tried the code as often as it may.
    case codeDead
    /// The other side, or somebody in between, refused: `dead`, `no-code`, `version`, `dropped` where no reason was
    /// given, or what a later version says.
    /// Sanitize it before showing it.
    case refused(code: String)
    case noSuchRoom
    case roomExists
    case roomFull
    /// The room has ended: the host left, or nobody came for long.
    case roomExpired
    case serverBusy
    /// The rendezvous server could not be reached at all.
    case unreachable(WebSocketClientError)
    /// The rendezvous server vanished or misbehaved before the peers were connected.
    case rendezvousFailed(RoomError)
    case peerLeft
    /// The other side did not answer in time.
    case timedOut
    /// The other side gave up and says why. Both texts are the peer's: sanitize them before showing them.
    case peerFailed(code: String, message: String)
    /// The other side said something that does not fit here.
    case protocolViolation(String)
    /// Descriptions were exchanged, but no packet found its way.
    case noNetworkPath
    /// Our own engine failed, or refused the peer's description.
    case connectionFailed(MartletError)
    /// What `prepare` threw.
    case preparationFailed(String)
    case cancelled
}

extension PeerConnectorError {
    init(_ error: RoomError) {
        self =
            switch error {
            case .noSuchRoom: .noSuchRoom
            case .roomExists: .roomExists
            case .full: .roomFull
            case .expired: .roomExpired
            case .busy: .serverBusy
            case .unreachable(let reason): .unreachable(reason)
            case .noSuchPeer: .peerLeft
            case .dropped: .refused(code: "dropped")
            case .cancelled: .cancelled
            default: .rendezvousFailed(error)
            }
    }

    /// An exchange that led to nothing.
    init(_ error: PairingError) {
        self =
            switch error {
            case .wrongWords(let left): .wrongWords(left: left)
            case .codeDead: .codeDead
            case .refused(let code): .refused(code: code)
            case .unknownVersion: .refused(code: "version")
            default: .couldNotVerify
            }
    }

    /// It may be otherwise in a moment: the other side is being started again, or its network is.
    package var mayPass: Bool {
        switch self {
        case .couldNotVerify, .wrongWords, .codeDead, .cancelled, .preparationFailed: false
        // Without a reason: the host's room may be on its way back.
        case .refused(let code): code == "dropped"
        case .peerFailed(let code, _): code != "taken"
        default: true
        }
    }

    /// What the other side is told; nil when it knows already or cannot be reached.
    package var notice: RoomPayload? {
        switch self {
        case .timedOut: .failed(code: "timed-out", message: "no answer came in time")
        case .noNetworkPath: .failed(code: "no-path", message: "no network path was found")
        case .protocolViolation(let text): .failed(code: "protocol", message: text)
        case .connectionFailed(let error): .failed(code: error.code.rawValue, message: error.message)
        case .preparationFailed: .failed(code: "internal", message: "the other side could not prepare")
        case .cancelled: .failed(code: "cancelled", message: "the other side was stopped")
        default: nil
        }
    }
}
