internal import JSON

/// What is wrong with a message of the room protocol.
package enum RoomMessageError: Error, Sendable, Equatable {
    /// No JSON object at all.
    case notAnObject
    case unknownType(String)
    /// A member is missing or has the wrong shape.
    case badMember(String)
}

/// A message to the rendezvous server (Docs/Protocols/Rooms.md).
package enum RoomRequest: Sendable, Equatable {
    /// `size` counts the host. `token` is what `created` said when the room was made.
    case create(room: RoomIdentifier, size: Int, number: RoomNumberWish = .none, token: RoomToken? = nil)
    case join(room: RoomIdentifier)
    case joinNumber(RoomNumber)
    case message(to: PeerIdentifier, body: String)
    /// The host puts a guest out.
    case drop(PeerIdentifier)
    case bye

    package init(parsing text: String) throws(RoomMessageError) {
        let message = try JSONMessage(text)
        switch message.type {
        case "create":
            self = .create(
                room: try message.room("room"), size: try message.integer("size"),
                number: try message.numberWish("number"), token: try message.optionalToken("token"))
        case "join":
            if message.has("room") {
                self = .join(room: try message.room("room"))
            } else if let number = try message.optionalNumber("number") {
                self = .joinNumber(number)
            } else {
                throw .badMember("room")
            }
        case "message": self = .message(to: try message.peer("to"), body: try message.string("body"))
        case "drop": self = .drop(try message.peer("peer"))
        case "bye": self = .bye
        default: throw .unknownType(message.type)
        }
    }

    package var text: String {
        let object: JSONObject =
            switch self {
            case .create(let room, let size, let number, let token):
                JSONObject(
                    type: "create", ("room", .string(room.text)), ("size", .integer(Int64(size))),
                    ("number", number.json), ("token", token.map { .string($0.text) }))
            case .join(let room): ["type": .string("join"), "room": .string(room.text)]
            case .joinNumber(let number): ["type": .string("join"), "number": number.json]
            case .message(let peer, let body):
                ["type": .string("message"), "to": .string(peer.text), "body": .string(body)]
            case .drop(let peer): ["type": .string("drop"), "peer": .string(peer.text)]
            case .bye: ["type": .string("bye")]
            }
        return JSONValue.object(object).text
    }
}

/// A message from the rendezvous server (Docs/Protocols/Rooms.md).
package enum RoomNotice: Sendable, Equatable {
    /// `number` only where one was asked for.
    case created(
        room: RoomIdentifier, peer: PeerIdentifier, number: RoomNumber? = nil, token: RoomToken,
        iceServers: [RoomICEServer])
    /// `peers` are all the others, the host among them.
    case joined(
        room: RoomIdentifier, peer: PeerIdentifier, host: PeerIdentifier, peers: [PeerIdentifier],
        iceServers: [RoomICEServer])
    case peerJoined(PeerIdentifier)
    case peerLeft(PeerIdentifier)
    case message(from: PeerIdentifier, body: String)
    case full
    case error(code: RoomErrorCode, message: String)

    package init(parsing text: String) throws(RoomMessageError) {
        let message = try JSONMessage(text)
        switch message.type {
        case "created":
            self = .created(
                room: try message.room("room"), peer: try message.peer("peer"),
                number: try message.optionalNumber("number"), token: try message.token("token"),
                iceServers: message.iceServers)
        case "joined":
            self = .joined(
                room: try message.room("room"), peer: try message.peer("peer"), host: try message.peer("host"),
                peers: try message.peers("peers"), iceServers: message.iceServers)
        case "peer-joined": self = .peerJoined(try message.peer("peer"))
        case "peer-left": self = .peerLeft(try message.peer("peer"))
        case "message": self = .message(from: try message.peer("from"), body: try message.string("body"))
        case "full": self = .full
        case "error":
            self = .error(
                code: RoomErrorCode(rawValue: try message.string("code")), message: try message.string("message"))
        default: throw .unknownType(message.type)
        }
    }

    package var text: String {
        let object: JSONObject =
            switch self {
            case .created(let room, let peer, let number, let token, let servers):
                JSONObject(
                    type: "created", ("room", .string(room.text)), ("peer", .string(peer.text)),
                    ("number", number?.json), ("token", .string(token.text)),
                    ("iceServers", .array(servers.map(\.json))))
            case .joined(let room, let peer, let host, let peers, let servers):
                [
                    "type": .string("joined"), "room": .string(room.text), "peer": .string(peer.text),
                    "host": .string(host.text), "peers": .array(peers.map { .string($0.text) }),
                    "iceServers": .array(servers.map(\.json)),
                ]
            case .peerJoined(let peer): ["type": .string("peer-joined"), "peer": .string(peer.text)]
            case .peerLeft(let peer): ["type": .string("peer-left"), "peer": .string(peer.text)]
            case .message(let peer, let body):
                ["type": .string("message"), "from": .string(peer.text), "body": .string(body)]
            case .full: ["type": .string("full")]
            case .error(let code, let message):
                ["type": .string("error"), "code": .string(code.rawValue), "message": .string(message)]
            }
        return JSONValue.object(object).text
    }
}

/// Why the rendezvous server refuses. The set is open: a later server may know more.
package struct RoomErrorCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let noSuchRoom = RoomErrorCode(rawValue: "no-such-room")
    package static let roomExists = RoomErrorCode(rawValue: "room-exists")
    package static let badMessage = RoomErrorCode(rawValue: "bad-message")
    package static let tooManyMessages = RoomErrorCode(rawValue: "too-many-messages")
    package static let expired = RoomErrorCode(rawValue: "expired")
    package static let busy = RoomErrorCode(rawValue: "busy")
    /// The server is being stopped and comes back, or the room's host has not yet come back to it.
    package static let restarting = RoomErrorCode(rawValue: "restarting")
    /// The host came back over another connection.
    package static let replaced = RoomErrorCode(rawValue: "replaced")
    /// The host put this guest out.
    package static let dropped = RoomErrorCode(rawValue: "dropped")
    /// The only one after which the connection stays.
    package static let noSuchPeer = RoomErrorCode(rawValue: "no-such-peer")
}

/// A STUN or TURN server that the rendezvous server recommends, in the shape of `RTCIceServer`.
package struct RoomICEServer: Sendable, Equatable {
    package var urls: [String]
    package var username: String?
    package var credential: String?

    package init(urls: [String], username: String? = nil, credential: String? = nil) {
        self.urls = urls
        self.username = username
        self.credential = credential
    }

    /// The STUN servers that a connection asks. The rendezvous is not trusted: a few are of use, thousands would only
    /// keep the resolver busy. At most four, each of at most 260 bytes.
    static func usableURLs(of servers: [RoomICEServer]) -> [String] {
        Array(servers.lazy.flatMap(\.urls).filter { $0.hasPrefix("stun:") && $0.utf8.count <= 260 }.prefix(4))
    }

    init?(_ value: JSONValue) {
        guard let object = value.object, let urls = object["urls"] else { return nil }
        // W3C allows one text in place of an array.
        let texts = urls.string.map { [$0] } ?? (urls.array ?? []).compactMap(\.string)
        guard !texts.isEmpty else { return nil }
        self.init(urls: texts, username: object["username"]?.string, credential: object["credential"]?.string)
    }

    var json: JSONValue {
        var object: JSONObject = ["urls": .array(urls.map { .string($0) })]
        if let username { object.insert(.string(username), as: "username") }
        if let credential { object.insert(.string(credential), as: "credential") }
        return .object(object)
    }
}

/// A JSON object with a `type`, and its members by shape.
struct JSONMessage {
    let type: String
    private let object: JSONObject

    init(_ text: String) throws(RoomMessageError) {
        guard let object = JSONObject(roomText: text) else { throw .notAnObject }
        self.object = object
        guard let type = object["type"]?.string else { throw .badMember("type") }
        self.type = type
    }

    func string(_ name: String) throws(RoomMessageError) -> String {
        guard let value = object[name]?.string else { throw .badMember(name) }
        return value
    }

    /// A string, or nil when the member is missing or null.
    func optionalString(_ name: String) throws(RoomMessageError) -> String? {
        guard let value = object[name], value != .null else { return nil }
        guard let text = value.string else { throw .badMember(name) }
        return text
    }

    func integer(_ name: String) throws(RoomMessageError) -> Int {
        guard let value = object[name]?.integer, let integer = Int(exactly: value) else { throw .badMember(name) }
        return integer
    }

    func has(_ name: String) -> Bool { object[name].map { $0 != .null } ?? false }

    /// A number, or nil when the member is missing or null.
    func optionalNumber(_ name: String) throws(RoomMessageError) -> RoomNumber? {
        guard has(name) else { return nil }
        guard let number = RoomNumber(try integer(name)) else { throw .badMember(name) }
        return number
    }

    /// True for any number, an integer for that one; missing, null and false for none.
    func numberWish(_ name: String) throws(RoomMessageError) -> RoomNumberWish {
        if case .bool(let isWanted) = object[name] { return isWanted ? .any : .none }
        return try optionalNumber(name).map { .preferred($0) } ?? .none
    }

    func token(_ name: String) throws(RoomMessageError) -> RoomToken {
        guard let token = RoomToken(try string(name)) else { throw .badMember(name) }
        return token
    }

    func optionalToken(_ name: String) throws(RoomMessageError) -> RoomToken? {
        has(name) ? try token(name) : nil
    }

    func room(_ name: String) throws(RoomMessageError) -> RoomIdentifier {
        guard let room = RoomIdentifier(try string(name)) else { throw .badMember(name) }
        return room
    }

    func peer(_ name: String) throws(RoomMessageError) -> PeerIdentifier {
        guard let peer = PeerIdentifier(try string(name)) else { throw .badMember(name) }
        return peer
    }

    func peers(_ name: String) throws(RoomMessageError) -> [PeerIdentifier] {
        guard let values = object[name]?.array, values.count < RoomLimits.largestRoom else { throw .badMember(name) }
        let peers = values.compactMap { value in value.string.flatMap { PeerIdentifier($0) } }
        guard peers.count == values.count else { throw .badMember(name) }
        return peers
    }

    /// What of the list is understood, at most 16 entries.
    var iceServers: [RoomICEServer] {
        (object["iceServers"]?.array ?? []).prefix(16).compactMap { RoomICEServer($0) }
    }
}

extension RoomNumber {
    var json: JSONValue { .integer(Int64(value)) }
}

extension RoomNumberWish {
    /// Nil for a member that is left out.
    var json: JSONValue? {
        switch self {
        case .none: nil
        case .any: .bool(true)
        case .preferred(let number): number.json
        }
    }
}

extension JSONObject {
    /// A message whose members are left out where they are nil.
    init(type: String, _ members: (name: String, value: JSONValue?)...) {
        self.init()
        insert(.string(type), as: "type")
        for case (let name, let value?) in members { insert(value, as: name) }
    }
}
