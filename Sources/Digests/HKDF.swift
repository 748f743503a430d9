/// Keys out of a key (RFC 5869).
package enum HKDF {
    /// The pseudorandom key: as long as the algorithm's codes.
    package static func extract(_ algorithm: HMAC.Algorithm, salt: [UInt8], key: [UInt8]) -> [UInt8] {
        HMAC.authenticationCode(algorithm, key: salt, message: key)
    }

    /// - Parameters:
    ///   - key: what `extract` returned.
    ///   - count: of bytes, at most 255 times the length of the algorithm's codes; of more only so many are returned.
    package static func expand(
        _ algorithm: HMAC.Algorithm, key: [UInt8], info: [UInt8], count: Int
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var block: [UInt8] = []
        for number in 1...255 as ClosedRange<UInt8> where bytes.count < count {
            block = HMAC.authenticationCode(algorithm, key: key, message: block + info + [number])
            bytes += block
        }
        return Array(bytes.prefix(count))
    }
}
