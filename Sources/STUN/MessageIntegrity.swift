/// Computes an HMAC: STUN takes it as a parameter, so that this target needs no cryptographic library.
///
/// For MESSAGE-INTEGRITY it must be HMAC-SHA1 (20 bytes), for MESSAGE-INTEGRITY-SHA256 HMAC-SHA256 (32 bytes).
package typealias HMACProvider = @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]

/// The code a received message carries in MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256, not yet believed
/// (RFC 8489 sections 14.5 and 14.6).
package struct MessageIntegrity: Hashable, Sendable {
    package let code: [UInt8]
    /// What the code is computed over: everything before the attribute, with the header's length field as if the
    /// attribute were the last.
    let protectedBytes: [UInt8]

    /// Whether the code is the one `hmac` gives under `key`; the time it takes does not tell where they differ.
    ///
    /// A MESSAGE-INTEGRITY-SHA256 may be cut to any multiple of four bytes from 16 on; the parser has checked that.
    package func holds(underKey key: [UInt8], by hmac: HMACProvider) -> Bool {
        let expected = hmac(key, protectedBytes)
        guard !code.isEmpty, expected.count >= code.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(code, expected) { difference |= left ^ right }
        return difference == 0
    }
}
