/// A small seeded generator: Steele, Lea and Flood's SplitMix64 (OOPSLA 2014). For simulations and tests, never for
/// secrets: one output reveals all later ones.
///
/// The same seed gives the same sequence on every machine and in every version.
package struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number from 0 up to but not including 1, with 53 random bits.
    package mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// True with this probability: never at 0, always at 1.
    package mutating func chance(_ probability: Double) -> Bool { nextUnit() < probability }

    /// Another generator, seeded by this one's next output.
    package mutating func fork() -> SplitMix64 { SplitMix64(seed: next()) }
}
