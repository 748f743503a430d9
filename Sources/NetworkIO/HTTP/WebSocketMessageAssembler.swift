/// Makes messages of incoming frames, and refuses what RFC 6455 forbids (sections 5.2 to 5.6, 7.4 and 8.1).
struct WebSocketMessageAssembler {
    struct Frame {
        var isFinal = true
        /// One of the three reserved bits is set. No extension is ever negotiated, so none may be.
        var hasReservedBits = false
        var opcode: UInt8
        var isMasked = true
        /// Unmasked.
        var payload: [UInt8] = []
    }

    enum Incoming: Equatable {
        case text(String)
        case ping([UInt8])
        case pong
        case close(code: WebSocketCloseCode?, reason: String)
    }

    struct Violation: Error, Equatable {
        var code: WebSocketCloseCode
        var reason: String

        init(_ code: WebSocketCloseCode, _ reason: String) {
            self.code = code
            self.reason = reason
        }
    }

    /// Frames of a client must be masked, those of a server must not be.
    let expectsMask: Bool
    let messageBytes: Int
    /// The text message whose last frame has not come.
    private var partial: [UInt8]?
    var partialByteCount: Int { partial?.count ?? 0 }

    init(expectsMask: Bool, messageBytes: Int) {
        self.expectsMask = expectsMask
        self.messageBytes = messageBytes
    }

    /// - Returns: what the frame completed, or nil when more of a message must follow.
    mutating func handle(_ frame: Frame) throws(Violation) -> Incoming? {
        guard frame.isMasked == expectsMask else {
            throw Violation(.protocolError, expectsMask ? "frames must be masked" : "frames must not be masked")
        }
        guard !frame.hasReservedBits else { throw Violation(.protocolError, "no extension was negotiated") }
        switch frame.opcode {
        case 0x0:
            guard partial != nil else { throw Violation(.protocolError, "nothing to continue") }
            return try append(frame)
        case 0x1:
            guard partial == nil else { throw Violation(.protocolError, "the message before is not complete") }
            partial = []
            return try append(frame)
        case 0x2:
            throw Violation(.unsupportedData, "only text is understood")
        case 0x8, 0x9, 0xA:
            guard frame.isFinal, frame.payload.count <= 125 else {
                throw Violation(.protocolError, "control frames are short and whole")
            }
            if frame.opcode == 0x9 { return .ping(frame.payload) }
            return frame.opcode == 0xA ? .pong : try close(frame.payload)
        default:
            throw Violation(.protocolError, "unknown opcode \(frame.opcode)")
        }
    }

    private mutating func append(_ frame: Frame) throws(Violation) -> Incoming? {
        var message = partial.take() ?? []
        guard message.count + frame.payload.count <= messageBytes else {
            throw Violation(.messageTooBig, "messages have at most \(messageBytes) bytes")
        }
        message.append(contentsOf: frame.payload)
        guard frame.isFinal else {
            partial = message
            return nil
        }
        guard let text = String(validating: message, as: UTF8.self) else {
            throw Violation(.invalidText, "the text is not UTF-8")
        }
        return .text(text)
    }

    private func close(_ payload: [UInt8]) throws(Violation) -> Incoming {
        if payload.isEmpty { return .close(code: nil, reason: "") }
        guard payload.count >= 2 else { throw Violation(.protocolError, "half a close code") }
        let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayTravel else { throw Violation(.protocolError, "close code \(code.rawValue)") }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else {
            throw Violation(.invalidText, "the reason is not UTF-8")
        }
        return .close(code: code, reason: reason)
    }
}
