import Signaling
import Testing
import Wire

/// The same numbers in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Gives the bytes of a counter, so that a nonce can be written down.
struct CountingGenerator: RandomNumberGenerator {
    var byte: UInt8

    mutating func next() -> UInt64 {
        defer { byte &+= 1 }
        return UInt64(byte) << 56
    }
}

enum Samples {
    static func room(_ text: String = "abcdefghijkmnpqr") throws -> RoomIdentifier {
        try #require(RoomIdentifier(text))
    }

    static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    static func peer(_ text: String) throws -> PeerIdentifier { try #require(PeerIdentifier(text)) }

    static func secret(_ first: UInt8 = 0) throws -> RoomSecret {
        try #require(RoomSecret(bytes: (0..<16).map { first &+ $0 }))
    }
}
