internal import JSON

/// The bodies of an exchange before anything is sealed: making them, and their members by shape.
struct PairingBody {
    static let version = 2

    private let object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
    }

    // MARK: Reading

    /// Why the other side refuses, at most 100 characters of it. Anybody in between can say it.
    var refusal: String? { object["refused"]?.string.map { String($0.prefix(100)) } }

    func requireVersion() throws(PairingError) {
        guard let hello = object["hello"] else { throw .unexpectedBody }
        guard let version = hello.integer else { throw .badMember("hello") }
        // Check: no other version.
        guard version == Self.version else { throw .unknownVersion(Int(version)) }
    }

    func string(_ name: String) throws(PairingError) -> String {
        guard let value = object[name] else { throw .unexpectedBody }
        guard let text = value.string else { throw .badMember(name) }
        return text
    }

    func bytes(_ name: String, count: Int) throws(PairingError) -> [UInt8] {
        guard let bytes = Base64URL.decode(try string(name)), bytes.count == count else { throw .badMember(name) }
        return bytes
    }

    func part() throws(PairingError) -> ExchangePart {
        ExchangePart(share: try bytes("share", count: 32), certificate: try bytes("certificate", count: 32))
    }

    // MARK: Making

    static func hello(by kind: EntranceKind, nonce: [UInt8]) -> String {
        text(["hello": .integer(Int64(version)), "by": .string(kind.rawValue), "nonce": value(nonce)])
    }

    static func answer(nonce: [UInt8], share: [UInt8], certificate: [UInt8]) -> String {
        text([
            "hello": .integer(Int64(version)), "nonce": value(nonce), "share": value(share),
            "certificate": value(certificate),
        ])
    }

    static func show(_ part: ExchangePart, confirmation: [UInt8]) -> String {
        text([
            "share": value(part.share), "certificate": value(part.certificate), "confirm": value(confirmation),
        ])
    }

    static func confirmation(_ confirmation: [UInt8]) -> String { text(["confirm": value(confirmation)]) }

    static func refused(_ code: String) -> String { text(["refused": .string(code)]) }

    private static func value(_ bytes: [UInt8]) -> JSONValue { .string(Base64URL.encode(bytes)) }

    private static func text(_ object: JSONObject) -> String { JSONValue.object(object).text }
}
