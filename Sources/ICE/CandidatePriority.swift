/// The arithmetic of candidate and pair priorities (RFC 8445 sections 5.1.2.1 and 6.1.2.3).
enum CandidatePriority {
    /// `2^24 * type preference + 2^8 * local preference + (256 - component)`, for the only component there is.
    static func candidate(_ type: CandidateType, localPreference: UInt16) -> UInt32 {
        type.preference << 24 | UInt32(localPreference) << 8 | 255
    }

    /// `2^32 * min(G, D) + 2 * max(G, D) + (G > D ? 1 : 0)` with G the controlling and D the controlled side's.
    ///
    /// Candidate priorities end at 2^31 - 1 (RFC 8839 section 5.1); a larger claim counts as that, so that 64 unsigned
    /// bits always hold the result.
    static func pair(controlling: UInt32, controlled: UInt32) -> UInt64 {
        let (g, d) = (UInt64(min(controlling, maximum)), UInt64(min(controlled, maximum)))
        return min(g, d) << 32 + 2 * max(g, d) + (g > d ? 1 : 0)
    }

    private static let maximum: UInt32 = 0x7FFF_FFFF

    /// The local preference of the `ordinal`-th address of its family, 0 being the driver's favourite.
    ///
    /// Families alternate with IPv6 ahead, so that neither waits for all of the other (RFC 8421 section 4).
    /// Addresses that only this machine or this link can use come after all others.
    static func localPreference(ordinal: Int, isIPv6: Bool, isLocalScope: Bool) -> UInt16 {
        let steps = min(ordinal, 0x1FFF) * 2 + (isIPv6 ? 0 : 1)
        return UInt16(0xFFFF - steps - (isLocalScope ? 0x4000 : 0))
    }
}
