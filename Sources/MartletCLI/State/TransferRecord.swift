internal import JSON
internal import Signaling

/// What a sender must know to go on with a transfer under the same link.
struct TransferRecord: Sendable, Equatable {
    /// A record that is older than this is of no use to anybody, in seconds.
    static let lifetime: Int64 = 24 * 3600

    var room: RoomIdentifier
    var secret: RoomSecret
    var port: UInt16
    /// The transfer's `ID` on the wire.
    var transfer: String
    /// Seconds since 1970.
    var created: Int64
    /// Sessions of the receivers who have everything.
    var finished: [String] = []

    /// - Parameter now: in seconds since 1970.
    func isStale(at now: Int64) -> Bool { !(created...created + Self.lifetime).contains(now) }

    init(room: RoomIdentifier, secret: RoomSecret, port: UInt16, transfer: String, created: Int64) {
        self.room = room
        self.secret = secret
        self.port = port
        self.transfer = transfer
        self.created = created
    }

    /// - Returns: nil for what is no record of this version.
    init?(text: String) {
        guard let object = try? JSONValue(parsing: text, depthLimit: 4, unpairedSurrogates: .refused).object,
            object["version"]?.integer == 1,
            let room = object["room"]?.string.flatMap({ RoomIdentifier($0) }),
            let secret = object["secret"]?.string.flatMap({ RoomSecret(base64URL: $0) }),
            let port = object["port"]?.integer.flatMap({ UInt16(exactly: $0) }), port > 0,
            let transfer = object["transfer"]?.string, (1...64).contains(transfer.count),
            let created = object["created"]?.integer, (0...1 << 52).contains(created)
        else { return nil }
        self.init(room: room, secret: secret, port: port, transfer: transfer, created: created)
        finished = object["finished"]?.array?.compactMap(\.string) ?? []
    }

    var text: String {
        let object: JSONObject = [
            "version": .integer(1), "room": .string(room.text), "secret": .string(secret.base64URL),
            "port": .integer(Int64(port)), "transfer": .string(transfer), "created": .integer(created),
            "finished": .array(finished.map { .string($0) }),
        ]
        return JSONValue.object(object).text
    }
}
