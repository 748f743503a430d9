internal import JSON
internal import Signaling

/// What a sender must know to go on with a transfer under the same link and code.
struct TransferRecord: Sendable, Equatable {
    /// A record that is older than this is of no use to anybody, in seconds.
    static let lifetime: Int64 = 24 * 3600

    var room: RoomIdentifier
    var secret: RoomSecret
    /// Of our own server; nil where the transfer is met at somebody else's.
    var port: UInt16?
    /// Of the code; its number is known once the server has given it.
    var words: CodeWords
    var number: RoomNumber?
    /// By which the server gives room and number back.
    var token: RoomToken?
    /// Looks at the code that others have used up. Who starts again goes on counting.
    var failedLooks = 0
    /// The transfer's `ID` on the wire.
    var transfer: String
    /// Seconds since 1970.
    var created: Int64
    /// Sessions of the receivers who have everything.
    var finished: [String] = []

    /// - Parameter now: in seconds since 1970.
    func isStale(at now: Int64) -> Bool { !(created...created + Self.lifetime).contains(now) }

    /// After three wrong tries the code opens nothing any more.
    var hasDeadCode: Bool { failedLooks >= LookCount.limit }

    /// The same transfer with another code: whoever starts the command again after the old one died wants one.
    func withNewCode(using generator: inout some RandomNumberGenerator) -> TransferRecord {
        var record = self
        record.words = .random(using: &generator)
        record.number = nil
        record.failedLooks = 0
        return record
    }

    init(
        room: RoomIdentifier, secret: RoomSecret, port: UInt16?, words: CodeWords, transfer: String, created: Int64
    ) {
        self.room = room
        self.secret = secret
        self.port = port
        self.words = words
        self.transfer = transfer
        self.created = created
    }

    /// - Returns: nil for what is no record of this version.
    init?(text: String) {
        guard let object = try? JSONValue(parsing: text, depthLimit: 4, unpairedSurrogates: .refused).object,
            object["version"]?.integer == 2,
            let room = object["room"]?.string.flatMap({ RoomIdentifier($0) }),
            let secret = object["secret"]?.string.flatMap({ RoomSecret(base64URL: $0) }),
            let words = object["words"]?.string.flatMap({ try? CodeWords(parsing: $0) }),
            let looks = object["looks"]?.integer, (0...Int64(LookCount.limit)).contains(looks),
            let transfer = object["transfer"]?.string, (1...64).contains(transfer.count),
            let created = object["created"]?.integer, (0...1 << 52).contains(created)
        else { return nil }
        let port = object["port"]?.integer
        guard port.map({ (1...65_535).contains($0) }) ?? true else { return nil }
        self.init(
            room: room, secret: secret, port: port.flatMap { UInt16(exactly: $0) }, words: words, transfer: transfer,
            created: created)
        number = object["number"]?.integer.flatMap { RoomNumber(Int($0)) }
        token = object["token"]?.string.flatMap { RoomToken($0) }
        failedLooks = Int(looks)
        finished = object["finished"]?.array?.compactMap(\.string) ?? []
    }

    var text: String {
        let object: JSONObject = [
            "version": .integer(2), "room": .string(room.text), "secret": .string(secret.base64URL),
            "port": port.map { .integer(Int64($0)) } ?? .null, "words": .string(words.text),
            "number": number.map { .integer(Int64($0.value)) } ?? .null, "looks": .integer(Int64(failedLooks)),
            "token": token.map { .string($0.text) } ?? .null,
            "transfer": .string(transfer), "created": .integer(created),
            "finished": .array(finished.map { .string($0) }),
        ]
        return JSONValue.object(object).text
    }
}
