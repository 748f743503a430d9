internal import Wire

/// The 96 bits that pair a STUN response with its request (RFC 8489 section 5).
///
/// Uniformly random, they are also what an attacker who does not see our packets would have to guess.
package struct TransactionID: Hashable, Sendable {
    let high: UInt32
    let low: UInt64

    /// - Parameters:
    ///   - high: bytes 0 to 3, big-endian.
    ///   - low: bytes 4 to 11, big-endian.
    package init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> TransactionID {
        TransactionID(high: generator.next(), low: generator.next())
    }

    /// Masks, or unmasks, an address as XOR-MAPPED-ADDRESS carries it (RFC 8489 section 14.2): with the magic cookie
    /// for IPv4, with cookie and transaction identifier for IPv6.
    func masking(_ address: TransportAddress) -> TransportAddress {
        let cookie = UInt64(STUNMessage.magicCookie)
        let ip =
            switch address.ip.family {
            case .v4: IPAddress(v4: UInt32(truncatingIfNeeded: address.ip.low ^ cookie))
            case .v6: IPAddress(v6High: address.ip.high ^ (cookie << 32 | UInt64(high)), low: address.ip.low ^ low)
            }
        return TransportAddress(ip, port: address.port ^ UInt16(STUNMessage.magicCookie >> 16))
    }
}
