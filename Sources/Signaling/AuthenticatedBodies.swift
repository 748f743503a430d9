internal import Digests
internal import JSON
internal import Wire

/// Which side of a pairing one is; fixed by who made the room.
package enum RoomRole: Sendable, Equatable {
    case host
    case guest
}

/// Why a body was not believed. Any of them ends the pairing: the other side could not be verified.
package enum PairingError: Error, Sendable, Equatable {
    case notAnObject
    case badMember(String)
    case unknownVersion(Int)
    /// The other side's nonce is our own: our hello came back.
    case reflectedHello
    /// A hello after the hello.
    case secondHello
    /// Something else before the hello.
    case noHello
    case wrongSequence(expected: UInt64, got: Int)
    /// The message authentication code is wrong.
    case wrongCode
    /// Our own body would be larger than a server relays.
    case tooLarge(limit: Int)
    /// The pairing has failed before.
    case failed
}

/// The two keyed, counted streams of bodies between one host and one guest (Docs/Protocols/Rooms.md, Bodies).
struct AuthenticatedBodies: Sendable {
    private let sendingKey: [UInt8]
    private let receivingKey: [UInt8]
    private var nextSent: UInt64 = 0
    private var nextReceived: UInt64 = 0

    init(role: RoomRole, room: RoomIdentifier, secret: RoomSecret, hostNonce: [UInt8], guestNonce: [UInt8]) {
        var transcript = ByteWriter()
        for part in [Array("martlet rooms 1".utf8), Array(room.text.utf8), hostNonce, guestNonce] {
            transcript.write(UInt32(part.count))
            transcript.write(part)
        }
        let key = HMAC.authenticationCode(.sha256, key: secret.bytes, message: transcript.bytes)
        let hostKey = HMAC.authenticationCode(.sha256, key: key, message: Array("host to guest".utf8))
        let guestKey = HMAC.authenticationCode(.sha256, key: key, message: Array("guest to host".utf8))
        sendingKey = role == .host ? hostKey : guestKey
        receivingKey = role == .host ? guestKey : hostKey
    }

    /// Makes the next body of our direction.
    mutating func seal(_ payload: String) throws(PairingError) -> String {
        let code = Self.code(sendingKey, nextSent, payload)
        let object: JSONObject = [
            "seq": .integer(Int64(nextSent)), "payload": .string(payload), "mac": .string(Base64URL.encode(code)),
        ]
        let body = JSONValue.object(object).text
        let limit = RoomLimits().bodyBytes
        guard body.utf8.count <= limit else { throw .tooLarge(limit: limit) }
        nextSent += 1
        return body
    }

    /// Returns the payload of a body that is the next of the other direction and carries the right code.
    mutating func open(_ body: String) throws(PairingError) -> String {
        guard let object = JSONObject(roomText: body) else { throw .notAnObject }
        if object["hello"] != nil { throw .secondHello }
        guard let sequence = object["seq"]?.integer else { throw .badMember("seq") }
        guard let payload = object["payload"]?.string else { throw .badMember("payload") }
        guard let code = object["mac"]?.string.flatMap(Base64URL.decode) else { throw .badMember("mac") }
        guard UInt64(exactly: sequence) == nextReceived else {
            throw .wrongSequence(expected: nextReceived, got: Int(sequence))
        }
        guard HMAC.isEqual(code, Self.code(receivingKey, nextReceived, payload)) else { throw .wrongCode }
        nextReceived += 1
        return payload
    }

    private static func code(_ key: [UInt8], _ sequence: UInt64, _ payload: String) -> [UInt8] {
        var message = ByteWriter(reserving: 8 + payload.utf8.count)
        message.write(sequence)
        message.write(text: payload)
        return HMAC.authenticationCode(.sha256, key: key, message: message.bytes)
    }
}
