/// Username fragment and password of one side, for one generation of ICE (RFC 8445 section 5.3).
///
/// Everything checks depend on hangs on this one value, so that a restart exchanges one value for another.
package struct ICECredentials: Hashable, Sendable {
    /// 4 to 256 ice-chars.
    package let ufrag: String
    /// 22 to 256 ice-chars.
    package let password: String

    /// - Throws: ``ICEError/invalidCredentials`` for lengths and characters that RFC 8839 section 5.4 does not allow.
    package init(ufrag: String, password: String) throws(ICEError) {
        guard (4...256).contains(ufrag.utf8.count), (22...256).contains(password.utf8.count),
            ufrag.utf8.allSatisfy(\.isICECharacter), password.utf8.allSatisfy(\.isICECharacter)
        else { throw .invalidCredentials }
        self.ufrag = ufrag
        self.password = password
    }

    /// Fresh credentials: 48 bits of fragment and 144 bits of password, where 24 and 128 are asked for.
    package init(random generator: inout some RandomNumberGenerator) {
        ufrag = Self.text(8, using: &generator)
        password = Self.text(24, using: &generator)
    }

    /// The key of MESSAGE-INTEGRITY in requests to whom these belong, and in their responses.
    var integrityKey: [UInt8] { Array(password.utf8) }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func text(_ count: Int, using generator: inout some RandomNumberGenerator) -> String {
        let bytes = (0..<count).map { _ in alphabet[Int(UInt8.random(in: 0..<64, using: &generator))] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    /// ALPHA / DIGIT / "+" / "/" (RFC 8839 section 5.1).
    var isICECharacter: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
        default: false
        }
    }
}
