/// The map from field elements to Curve25519 and its twist (RFC 9380 section 6.7.1, with Z = 2).
enum Elligator2 {
    /// A of the curve v^2 = u^3 + A u^2 + u.
    private static let coefficient: UInt32 = 486_662

    /// The u coordinate for 32 bytes, which are read as X25519 reads a coordinate. In constant time.
    static func coordinate(for bytes: [UInt8]) -> [UInt8] {
        let one = FieldElement(1)
        let a = FieldElement(coefficient)
        let r = FieldElement(decoding: bytes)
        // 2 r^2 is never -1, for -1 is a square and 2 is none.
        let candidate = -a * (one + FieldElement(2) * (r * r)).inverse
        let right = candidate * (candidate * (candidate + a) + one)
        return FieldElement.select(candidate, -(candidate + a), mask: right.nonsquareMask).bytes
    }
}
