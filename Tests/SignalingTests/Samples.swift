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

    static func link(_ first: UInt8 = 0, room: String = "abcdefghijkmnpqr") throws -> RoomLink {
        RoomLink(
            rendezvous: Rendezvous(isSecure: false, host: "192.0.2.1", port: 4040), room: try self.room(room),
            secret: try secret(first))
    }

    static func place(words: String? = nil) throws -> RoomPlace {
        var place = RoomPlace(try link())
        place.words = try words.map { text throws(CodeError) in try CodeWords(parsing: text) }
        return place
    }

    /// The certificate of a side for that peer: no two are the same.
    static func certificates(_ side: UInt8) -> RoomSession.Certificates {
        { peer in Array(([side] + Array(peer.text.utf8) + [UInt8](repeating: 7, count: 32)).prefix(32)) }
    }
}
