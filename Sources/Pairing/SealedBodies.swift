internal import JSON
internal import Sealing
internal import Wire

/// The two sealed, counted streams of bodies between one host and one guest.
struct SealedBodies: Sendable {
    /// UTF-8 bytes of a body that a server relays.
    static let bodyByteLimit = 128 * 1024

    private let sendingKey: KeyMaterial
    private let receivingKey: KeyMaterial
    private var nextSent: UInt64 = 0
    private var nextReceived: UInt64 = 0

    init(role: RoomRole, keys: PairingKeys) {
        sendingKey = keys.key("seal \(role.rawValue)")
        receivingKey = keys.key("seal \(role.other.rawValue)")
    }

    /// Makes the next body of our direction.
    mutating func seal(_ payload: String) throws(PairingError) -> String {
        let box = SecretBox.seal(Array(payload.utf8), key: sendingKey, nonce: Self.nonce(nextSent))
        guard let box, let number = Int64(exactly: nextSent) else { throw .failed }
        let object: JSONObject = ["seq": .integer(number), "sealed": .string(Base64URL.encode(box))]
        let body = JSONValue.object(object).text
        guard body.utf8.count <= Self.bodyByteLimit else { throw .tooLarge(limit: Self.bodyByteLimit) }
        nextSent += 1
        return body
    }

    /// The payload of a body that is the next of the other direction and was sealed by the other side.
    mutating func open(_ object: JSONObject) throws(PairingError) -> String {
        guard let text = object["sealed"]?.string else { throw .unexpectedBody }
        guard let box = Base64URL.decode(text) else { throw .badMember("sealed") }
        guard let integer = object["seq"]?.integer, let sequence = UInt64(exactly: integer) else {
            throw .badMember("seq")
        }
        // Check: every body once and in order.
        guard sequence == nextReceived else { throw .wrongSequence(expected: nextReceived, got: Int(integer)) }
        // Check: sealed under the key of the other side's direction.
        guard let payload = SecretBox.open(box, key: receivingKey, nonce: Self.nonce(sequence)) else { throw .wrongBox }
        guard let text = String(validating: payload, as: UTF8.self) else { throw .badMember("sealed") }
        nextReceived += 1
        return text
    }

    /// 16 zero bytes and the number, big-endian.
    private static func nonce(_ sequence: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([UInt8](repeating: 0, count: 16))
        writer.write(sequence)
        return writer.bytes
    }
}
