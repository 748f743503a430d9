/// An element of GF(2^255 - 19), in five limbs of 51 bits.
///
/// No operation branches on or indexes by a value: their running times tell nothing.
struct FieldElement: Sendable {
    static let byteCount = 32

    /// Little-endian; each below 2^52 between operations.
    private var limbs: Limbs = (0, 0, 0, 0, 0)

    private typealias Limbs = (UInt64, UInt64, UInt64, UInt64, UInt64)

    private static let mask: UInt64 = 1 << 51 - 1

    init(_ small: UInt32) {
        limbs = (UInt64(small), 0, 0, 0, 0)
    }

    private init(limbs: Limbs) {
        self.limbs = limbs
    }

    /// Reads 32 bytes, little-endian. The top bit is ignored, and values from 2^255 - 19 on are taken modulo that
    /// (RFC 7748 section 5, decodeUCoordinate).
    ///
    /// - Precondition: there are 32 bytes.
    init(decoding bytes: [UInt8]) {
        let words = [0, 8, 16, 24].map { Self.word(bytes, at: $0) }
        limbs.0 = words[0] & Self.mask
        limbs.1 = (words[0] >> 51 | words[1] << 13) & Self.mask
        limbs.2 = (words[1] >> 38 | words[2] << 26) & Self.mask
        limbs.3 = (words[2] >> 25 | words[3] << 39) & Self.mask
        limbs.4 = words[3] >> 12 & Self.mask
    }

    /// The one encoding in 32 bytes, little-endian.
    var bytes: [UInt8] {
        var (a, b, c, d, e) = carried.carried.limbs
        // One if the value is 2^255 - 19 or more: then adding 19 carries into bit 255.
        var excess = (a &+ 19) >> 51
        for limb in [b, c, d, e] { excess = (limb &+ excess) >> 51 }
        a &+= 19 &* excess
        b &+= a >> 51
        c &+= b >> 51
        d &+= c >> 51
        e &+= d >> 51
        (a, b, c, d, e) = (a & Self.mask, b & Self.mask, c & Self.mask, d & Self.mask, e & Self.mask)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for word in [a | b << 51, b >> 13 | c << 38, c >> 26 | d << 25, d >> 39 | e << 12] as [UInt64] {
            for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }

    static func + (left: FieldElement, right: FieldElement) -> FieldElement {
        let (a, b) = (left.limbs, right.limbs)
        return FieldElement(limbs: (a.0 &+ b.0, a.1 &+ b.1, a.2 &+ b.2, a.3 &+ b.3, a.4 &+ b.4)).carried
    }

    static prefix func - (value: FieldElement) -> FieldElement {
        // Four times the prime, so that no limb goes below zero.
        let (low, high): (UInt64, UInt64) = (4 * (1 << 51 - 19), 4 * (1 << 51 - 1))
        let a = value.limbs
        return FieldElement(limbs: (low &- a.0, high &- a.1, high &- a.2, high &- a.3, high &- a.4)).carried
    }

    static func * (left: FieldElement, right: FieldElement) -> FieldElement {
        let (a, b) = (left.limbs, right.limbs)
        // 2^255 is 19: what goes beyond the fifth limb comes back at the first.
        let c = (b.1 &* 19, b.2 &* 19, b.3 &* 19, b.4 &* 19)
        let product0 = sum(wide(a.0, b.0), wide(a.1, c.3), wide(a.2, c.2), wide(a.3, c.1), wide(a.4, c.0))
        let product1 = sum(wide(a.0, b.1), wide(a.1, b.0), wide(a.2, c.3), wide(a.3, c.2), wide(a.4, c.1))
        let product2 = sum(wide(a.0, b.2), wide(a.1, b.1), wide(a.2, b.0), wide(a.3, c.3), wide(a.4, c.2))
        let product3 = sum(wide(a.0, b.3), wide(a.1, b.2), wide(a.2, b.1), wide(a.3, b.0), wide(a.4, c.3))
        let product4 = sum(wide(a.0, b.4), wide(a.1, b.3), wide(a.2, b.2), wide(a.3, b.1), wide(a.4, b.0))
        let second = product1 &+ product0 >> 51
        let third = product2 &+ second >> 51
        let fourth = product3 &+ third >> 51
        let fifth = product4 &+ fourth >> 51
        let first = low(product0) &+ 19 &* UInt64(truncatingIfNeeded: fifth >> 51)
        return FieldElement(
            limbs: (first & mask, low(second) &+ first >> 51, low(third), low(fourth), low(fifth)))
    }

    /// - Parameter exponent: 32 bytes, little-endian. It is public: the running time tells it.
    func raised(to exponent: [UInt8]) -> FieldElement {
        var result = FieldElement(1)
        for byte in exponent.reversed() {
            for bit in (0..<8).reversed() {
                result = result * result
                if byte >> UInt8(bit) & 1 == 1 { result = result * self }
            }
        }
        return result
    }

    /// One over the value; of zero it is zero.
    var inverse: FieldElement {
        raised(to: [0xEB] + [UInt8](repeating: 0xFF, count: 30) + [0x7F])
    }

    /// Whether the value has no square root, as a mask: all ones if so, else zero.
    var nonsquareMask: UInt64 {
        // Euler's criterion: 1 or 0 for squares, else 2^255 - 20, of which the second byte is 255.
        let power = raised(to: [0xF6] + [UInt8](repeating: 0xFF, count: 30) + [0x3F])
        return 0 &- UInt64(power.bytes[1] & 1)
    }

    /// - Parameter mask: all ones for the second, zero for the first.
    static func select(_ first: FieldElement, _ second: FieldElement, mask: UInt64) -> FieldElement {
        func pick(_ one: UInt64, _ other: UInt64) -> UInt64 { one ^ (mask & (one ^ other)) }
        let (a, b) = (first.limbs, second.limbs)
        return FieldElement(
            limbs: (pick(a.0, b.0), pick(a.1, b.1), pick(a.2, b.2), pick(a.3, b.3), pick(a.4, b.4)))
    }

    /// The same value with limbs below 2^51 and little more in the first.
    private var carried: FieldElement {
        var (a, b, c, d, e) = limbs
        b &+= a >> 51
        c &+= b >> 51
        d &+= c >> 51
        e &+= d >> 51
        a = a & Self.mask &+ 19 &* (e >> 51)
        return FieldElement(limbs: (a, b & Self.mask, c & Self.mask, d & Self.mask, e & Self.mask))
    }

    private static func wide(_ left: UInt64, _ right: UInt64) -> UInt128 { UInt128(left) &* UInt128(right) }

    private static func sum(
        _ first: UInt128, _ second: UInt128, _ third: UInt128, _ fourth: UInt128, _ fifth: UInt128
    ) -> UInt128 {
        let half = first &+ second &+ third
        return half &+ fourth &+ fifth
    }

    /// Eight bytes, little-endian.
    private static func word(_ bytes: [UInt8], at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for byte in bytes[start..<start + 8].reversed() { word = word << 8 | UInt64(byte) }
        return word
    }

    private static func low(_ product: UInt128) -> UInt64 { UInt64(truncatingIfNeeded: product) & mask }
}
