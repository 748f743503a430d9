internal import JSON

/// What host and guest say to each other under the pairing's authentication (Docs/Protocols/Rooms.md, Payloads).
package enum RoomPayload: Sendable, Equatable {
    case offer(sdp: String)
    case answer(sdp: String)
    /// `line` as `RTCIceCandidateInit.candidate` has it; empty at the end of candidates.
    case candidate(line: String, mid: String?)
    /// The sender gave up. Both texts came from the peer: they pass the sanitizer before a person sees them.
    case failed(code: String, message: String)
    /// Something that a later version says; to be ignored.
    case unknown(type: String)

    package init(parsing text: String) throws(RoomMessageError) {
        let message = try JSONMessage(text)
        switch message.type {
        case "offer": self = .offer(sdp: try message.string("sdp"))
        case "answer": self = .answer(sdp: try message.string("sdp"))
        case "candidate":
            self = .candidate(line: try message.string("candidate"), mid: try message.optionalString("mid"))
        case "failed": self = .failed(code: try message.string("code"), message: try message.string("message"))
        default: self = .unknown(type: message.type)
        }
    }

    package var text: String {
        let object: JSONObject =
            switch self {
            case .offer(let sdp): ["type": .string("offer"), "sdp": .string(sdp)]
            case .answer(let sdp): ["type": .string("answer"), "sdp": .string(sdp)]
            case .candidate(let line, let mid):
                [
                    "type": .string("candidate"), "candidate": .string(line),
                    "mid": mid.map { .string($0) } ?? .null,
                ]
            case .failed(let code, let message):
                ["type": .string("failed"), "code": .string(code), "message": .string(message)]
            case .unknown(let type): ["type": .string(type)]
            }
        return JSONValue.object(object).text
    }
}
