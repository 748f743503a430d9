/// The hash of a certificate, `a=fingerprint` (RFC 8122 section 5).
package struct SDPFingerprint: Hashable, Sendable {
    /// The hash functions that may authenticate a peer, by the names they have in a description.
    package enum HashFunction: String, CaseIterable, Sendable {
        case sha256 = "sha-256"
        case sha384 = "sha-384"
        case sha512 = "sha-512"

        package var digestByteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    package let hashFunction: HashFunction
    package let digest: [UInt8]

    /// Returns nil when the digest has not the length of its hash function.
    package init?(_ hashFunction: HashFunction, digest: [UInt8]) {
        guard digest.count == hashFunction.digestByteCount else { return nil }
        self.hashFunction = hashFunction
        self.digest = digest
    }

    /// What follows `a=fingerprint:`; hex pairs are upper case, as the grammar has them.
    package var text: String {
        let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        return "\(hashFunction.rawValue) \(hex.joined(separator: ":"))"
    }

    /// Reads an attribute's value. Upper and lower case count the same.
    ///
    /// - Returns: nil for a hash function that is not trusted here (SHA-1, MD5, or one we do not know).
    /// - Throws: ``SDPError/malformedAttribute(name:line:expected:)`` for a trusted one with bad or too few hex pairs.
    init?(_ attribute: SDPAttribute) throws(SDPError) {
        let words = attribute.words
        guard let name = words.first else { throw Self.malformed(attribute, "a hash function and hex pairs") }
        guard let function = HashFunction(rawValue: name.lowercased()) else { return nil }
        guard words.count == 2, let digest = Self.bytes(hexPairs: words[1], count: function.digestByteCount) else {
            throw Self.malformed(attribute, "\(function.digestByteCount) hex pairs joined by colons")
        }
        hashFunction = function
        self.digest = digest
    }

    private static func malformed(_ attribute: SDPAttribute, _ expected: String) -> SDPError {
        .malformedAttribute(name: "fingerprint", line: attribute.lineNumber, expected: expected)
    }

    private static func bytes(hexPairs text: Substring, count: Int) -> [UInt8]? {
        guard text.utf8.count == 3 * count - 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for pair in text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            guard pair.count == 2, let high = pair.first.flatMap(nibble), let low = pair.last.flatMap(nibble) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes.count == count ? bytes : nil
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
