internal import Digests
internal import JSON
internal import Sealing

/// The first message of each side on the control channel: it shows that the certificates which DTLS really used are
/// those of the exchange (Docs/Protocols/Rooms.md, The proof on the channel).
package struct ChannelProof: Sendable, Equatable {
    private let ownKey: KeyMaterial
    private let theirKey: KeyMaterial

    init(role: RoomRole, keys: PairingKeys) {
        ownKey = keys.key("channel \(role.rawValue)")
        theirKey = keys.key("channel \(role.other.rawValue)")
    }

    /// What we send.
    ///
    /// - Parameters:
    ///   - local: SHA-256 of our certificate, as DTLS used it.
    ///   - remote: of the other side's, as DTLS has seen it.
    package func message(local: [UInt8], remote: [UInt8]) -> String {
        let proof = authenticationCode(ownKey, lengthValues(local, remote))
        return JSONValue.object(["type": .string("proof"), "proof": .string(Base64URL.encode(proof))]).text
    }

    /// Whether a message is the other side's proof: that it has seen the same two certificates as we.
    package func isRight(_ message: String, local: [UInt8], remote: [UInt8]) -> Bool {
        guard message.utf8.count <= Self.longest, let object = JSONObject(roomText: message) else { return false }
        guard object["type"]?.string == "proof" else { return false }
        guard let proof = object["proof"]?.string.flatMap(Base64URL.decode) else { return false }
        let expected = authenticationCode(theirKey, lengthValues(remote, local))
        // Check: the certificates of the connection.
        guard HMAC.isEqual(proof, expected) else { return false }
        return true
    }

    /// A proof has about 70 characters.
    private static let longest = 1000
}
