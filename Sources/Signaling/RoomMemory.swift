internal import Digests
internal import Wire

/// What a rendezvous server that is stopped leaves to the one that is started after it: rooms with their numbers and
/// the hashes of their tokens, and the numbers that rest, with a hash of whose they were. There is no secret in it.
package struct RoomMemory: Sendable, Equatable {
    struct Room: Sendable, Equatable {
        var name: RoomIdentifier
        var number: RoomNumber?
        var token: RoomTokenHash
    }

    struct RestingNumber: Sendable, Equatable {
        var number: RoomNumber
        /// Whole seconds from the moment of the memory.
        var secondsLeft: Int
        /// Who gets it back.
        var owner: NumberOwner?
    }

    var rooms: [Room] = []
    /// The first to end first.
    var numbers: [RestingNumber] = []

    package var roomCount: Int { rooms.count }

    /// A text of lines, for a file.
    package var text: String {
        var lines = [Self.title]
        for room in rooms {
            lines.append(
                "room \(room.name) \(room.number.map(\.description) ?? "-") \(Base64URL.encode(room.token.bytes))")
        }
        for resting in numbers {
            lines.append("rests \(resting.number) \(resting.secondsLeft)\(resting.owner.map { " \($0.text)" } ?? "")")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let title = "martlet rooms 2"
    /// More lines than any server can have left.
    private static let mostLines = 2_000_000

    init() {}

    /// - Returns: nil for a text that no server of ours has written.
    package init?(parsing text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)[...]
        guard lines.popFirst() == Self.title[...], lines.count <= Self.mostLines else { return nil }
        for line in lines {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            switch fields.first {
            case "room" where fields.count == 4:
                guard let name = RoomIdentifier(fields[1]), let bytes = Base64URL.decode(fields[3]),
                    let token = RoomTokenHash(bytes: bytes), fields[2] == "-" || RoomNumber(fields[2]) != nil
                else { return nil }
                rooms.append(Room(name: name, number: RoomNumber(fields[2]), token: token))
            case "rests" where (3...4).contains(fields.count):
                guard let number = RoomNumber(fields[1]), let seconds = Int(fields[2]), seconds >= 0 else { return nil }
                let owner = fields.count == 4 ? NumberOwner(fields[3]) : nil
                guard fields.count == 3 || owner != nil else { return nil }
                numbers.append(RestingNumber(number: number, secondsLeft: seconds, owner: owner))
            default: return nil
            }
        }
    }
}

/// All that a server keeps of a token.
struct RoomTokenHash: Sendable, Equatable {
    let bytes: [UInt8]

    init(_ token: RoomToken) {
        bytes = SHA256.hash(Array(token.text.utf8))
    }

    /// - Returns: nil unless there are 32 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == SHA256.digestByteCount else { return nil }
        self.bytes = bytes
    }

    /// In constant time.
    static func == (left: RoomTokenHash, right: RoomTokenHash) -> Bool { HMAC.isEqual(left.bytes, right.bytes) }
}
