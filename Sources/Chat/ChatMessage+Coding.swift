internal import JSON
internal import Transfer

extension ChatMessage {
    /// Reads a text message of the talk channel. Unknown members are ignored.
    ///
    /// - Throws: `protocolViolation` for anything that the protocol does not have.
    package init(_ text: String) throws(ChatError) {
        do throws(MessageError) { self = try Self.read(try MessageMembers(parsing: text)) } catch {
            throw .protocolViolation("\(error)")
        }
    }

    private static func read(_ object: MessageMembers) throws(MessageError) -> ChatMessage {
        switch try object.string("type") {
        case "hello": return try hello(object)
        case "reveal": return .reveal(nonce: try object.bytes("nonce", count: WordExchange.nonceByteCount))
        case "begin": return .begin(session: try session(object), have: try object.count("have"))
        case "message":
            let text = try object.string("text")
            guard (1...ChatLimits.textBytes).contains(text.utf8.count) else { throw .invalidMember("text") }
            return .message(seq: try positive("seq", object), text: text, age: try object.count("age"))
        case "ack": return .ack(seq: try object.count("seq"))
        case "typing": return .typing(try object.bool("is"))
        case "name": return .name(try name(object))
        case "bye": return .bye
        case "error": return .error(code: try object.string("code"), message: try object.remark("message"))
        case "introduce":
            return .introduce(
                peer: try positive("peer", object), attempt: try positive("attempt", object), name: try name(object),
                calls: try object.bool("calls"))
        case "signal":
            let payload = JSONValue.object(try object.object("payload")).text
            guard payload.utf8.count <= ChatLimits.payloadBytes else { throw .invalidMember("payload") }
            return .signal(
                peer: try positive("peer", object), attempt: try positive("attempt", object), payload: payload)
        case "parted": return .parted(peer: try positive("peer", object))
        case "again": return .again(peer: try positive("peer", object))
        default:
            guard try object.optionalBool("optional") == true else { throw .unknownType }
            return .ignorable
        }
    }

    private static func hello(_ object: MessageMembers) throws(MessageError) -> ChatMessage {
        let spoken = try object.string("protocol")
        guard spoken == protocolName else { return .otherHello(protocol: Printable.line(spoken, columns: 40)) }
        var people: Int?
        if let count = try object.optionalCount("people") {
            guard let count = Int(exactly: count), ChatLimits.people.contains(count) else {
                throw .invalidMember("people")
            }
            people = count
        }
        return .hello(
            Hello(
                version: try object.count("version"), agent: try object.remark("agent"), name: try name(object),
                people: people, session: try session(object), commit: try object.optionalDigest("commit")))
    }

    private static func session(_ object: MessageMembers) throws(MessageError) -> ChatSession? {
        guard let text = try object.optionalString("session") else { return nil }
        guard let session = ChatSession(text) else { throw .invalidMember("session") }
        return session
    }

    private static func name(_ object: MessageMembers) throws(MessageError) -> String {
        let name = try object.string("name")
        // A character may have any number of marks, a scalar has at most four bytes.
        guard (1...ChatLimits.nameCharacters).contains(name.unicodeScalars.count) else { throw .invalidMember("name") }
        return name
    }

    private static func positive(_ name: String, _ object: MessageMembers) throws(MessageError) -> Int64 {
        let number = try object.count(name)
        guard number > 0 else { throw .invalidMember(name) }
        return number
    }

    /// The message as JSON text.
    package var encoded: String {
        // The payload is JSON already.
        if case .signal(let peer, let attempt, let payload) = self {
            return #"{"type":"signal","peer":\#(peer),"attempt":\#(attempt),"payload":\#(payload)}"#
        }
        return JSONValue.object(object).text
    }

    private var object: JSONObject {
        switch self {
        case .hello(let hello): return hello.object
        case .otherHello(let name): return ["type": .string("hello"), "protocol": .string(name)]
        case .reveal(let nonce):
            return ["type": .string("reveal"), "nonce": .string(MessageMembers.hexadecimal(nonce))]
        case .begin(let session, let have):
            var object: JSONObject = ["type": .string("begin"), "have": .integer(have)]
            if let session { object.insert(.string(session.text), as: "session") }
            return object
        case .message(let seq, let text, let age):
            return ["type": .string("message"), "seq": .integer(seq), "text": .string(text), "age": .integer(age)]
        case .ack(let seq): return ["type": .string("ack"), "seq": .integer(seq)]
        case .typing(let isTyping): return ["type": .string("typing"), "is": .bool(isTyping)]
        case .name(let name): return ["type": .string("name"), "name": .string(name)]
        case .bye: return ["type": .string("bye")]
        case .error(let code, let message):
            return ["type": .string("error"), "code": .string(code), "message": .string(message)]
        case .introduce(let peer, let attempt, let name, let calls):
            return [
                "type": .string("introduce"), "peer": .integer(peer), "attempt": .integer(attempt),
                "name": .string(name), "calls": .bool(calls),
            ]
        case .signal(let peer, let attempt, _):
            return ["type": .string("signal"), "peer": .integer(peer), "attempt": .integer(attempt)]
        case .parted(let peer): return ["type": .string("parted"), "peer": .integer(peer)]
        case .again(let peer): return ["type": .string("again"), "peer": .integer(peer)]
        case .ignorable: return ["type": .string("ignorable"), "optional": .bool(true)]
        }
    }
}

extension ChatMessage.Hello {
    fileprivate var object: JSONObject {
        var object: JSONObject = [
            "type": .string("hello"), "protocol": .string(ChatMessage.protocolName), "version": .integer(version),
            "agent": .string(agent), "name": .string(name),
        ]
        if let people { object.insert(.integer(Int64(people)), as: "people") }
        if let session { object.insert(.string(session.text), as: "session") }
        if let commit { object.insert(.string(commit.description), as: "commit") }
        return object
    }
}
