package import NetworkIO

/// Why there is no room, or no room any more.
package enum RoomError: Error, Sendable, Equatable {
    /// The rendezvous server could not be reached.
    case unreachable(WebSocketClientError)
    case noSuchRoom
    case roomExists
    case full
    /// Nobody said anything for long, or the host has left.
    case expired
    /// The server has too much to do, or we asked too often.
    case busy
    /// The server stops and comes back, or the host of the room is not back yet: come again in some seconds.
    case restarting
    /// The host came back over another connection.
    case replaced
    /// The host put us out: it did not know us in time, or does not want us.
    case dropped
    case tooManyMessages
    /// The server did not understand us, and says why.
    case refused(code: String, message: String)
    /// The server did not answer in time.
    case timedOut
    /// The server broke the protocol.
    case protocolViolation(String)
    case connectionLost(WebSocketClosure)
    /// We have left.
    case left
    /// There is nobody of that name to send to, or the hellos are not exchanged.
    case noSuchPeer
    /// The payload does not fit a message.
    case tooLarge
    case cancelled
}

extension RoomError {
    init(code: RoomErrorCode, message: String) {
        self =
            switch code {
            case .noSuchRoom: .noSuchRoom
            case .roomExists: .roomExists
            case .expired: .expired
            case .busy: .busy
            case .restarting: .restarting
            case .replaced: .replaced
            case .dropped: .dropped
            case .tooManyMessages: .tooManyMessages
            default: .refused(code: code.rawValue, message: message)
            }
    }

    /// What the end of the connection says, when no message said it before.
    init(_ closure: WebSocketClosure) {
        guard case .byPeer(let code?, _) = closure else {
            self = .connectionLost(closure)
            return
        }
        self =
            switch code.rawValue {
            case 4001: .noSuchRoom
            case 4002: .full
            case 4003: .roomExists
            case 4005: .tooManyMessages
            case 4006: .expired
            case 4007: .busy
            case 4008: .restarting
            case 4009: .replaced
            case 4010: .dropped
            default: .connectionLost(closure)
            }
    }
}
