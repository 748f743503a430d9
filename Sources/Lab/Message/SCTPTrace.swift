internal import SCTP
package import Wire

/// Reads the SCTP packets of a measured connection as they pass: what was sent again, and when a message was there.
///
/// DATA chunks are those of RFC 9260 section 3.3.1. The fragments of a message have transmission sequence numbers (TSN)
/// in a row, and the first carries the header of the lab message. Whatever the packets hold, the memory is bounded.
package struct SCTPTrace: Sendable {
    /// The most pieces of messages that are remembered, and the most arrivals that nobody asked for; beyond them all
    /// are forgotten, and of those messages it is not known how long they waited.
    private static let memory = 16_384

    /// Consecutive fragments of a message that have come.
    private struct Piece {
        let first: UInt32
        let last: UInt32
        /// The message's number, where the first fragment is among them; nil where it is none of this run.
        let message: UInt32?
        let hasBeginning: Bool
        let hasEnd: Bool
    }

    /// DATA chunks sent, and sent again: those whose transmission sequence number had been sent before.
    package private(set) var packets = LabPackets()

    private let run: UInt32
    private var highestSent: UInt32?
    /// Everything up to this TSN has come, by our own acknowledgements or the peer's word that it gave up the rest.
    private var cumulative: UInt32?
    /// Each by its first and by its last TSN.
    private var pieces: [UInt32: Piece] = [:]
    private var pieceEnding: [UInt32: UInt32] = [:]
    private var arrivals: [UInt32: NetworkTime] = [:]

    /// - Parameter run: the number of the run whose messages count.
    package init(run: UInt32) {
        self.run = run
    }

    /// A packet on its way: one that is sent, or one that has come. What is no SCTP is passed over from there on.
    package mutating func handle(packet: UnsafeRawBufferPointer, outgoing: Bool, at now: NetworkTime) {
        packet.forEachSCTPChunk { type, flags, _, body throws(ByteReaderError) in
            switch (type, outgoing) {
            case (0, true): countSent(try body.readUInt32())
            case (0, false): try readData(&body, flags: flags, at: now)
            case (3, true): advance(to: try body.readUInt32())
            case (192, false): advance(to: try body.readUInt32())
            default: break
            }
        }
    }

    /// When the last fragment of a message came, which is forgotten with the answer; nil when that was not seen.
    package mutating func takeArrival(of sequence: UInt32) -> NetworkTime? { arrivals.removeValue(forKey: sequence) }

    private mutating func countSent(_ tsn: UInt32) {
        packets.dataChunks += 1
        if let highestSent, !Self.isAfter(tsn, highestSent) {
            packets.retransmitted += 1
        } else {
            highestSent = tsn
        }
    }

    /// A SACK that we send, or a FORWARD TSN that comes (RFC 3758): nothing up to there completes a message any more.
    private mutating func advance(to tsn: UInt32) {
        if let cumulative, !Self.isAfter(tsn, cumulative) { return }
        cumulative = tsn
        // What ends right there may go on behind it.
        let passed = pieces.values.filter { $0.last != tsn && !Self.isAfter($0.last, tsn) }
        for piece in passed { forget(piece) }
    }

    private mutating func readData(
        _ body: inout ByteReader, flags: UInt8, at now: NetworkTime
    ) throws(ByteReaderError) {
        let tsn = try body.readUInt32()
        // Stream, its sequence number, payload protocol identifier.
        try body.skip(8)
        if let cumulative, !Self.isAfter(tsn, cumulative) { return }
        let hasBeginning = flags & 2 != 0
        var message: UInt32?
        if hasBeginning, body.remaining >= LabMessage.headerBytes {
            let header = LabMessage(header: try body.readBytes(LabMessage.headerBytes)[...])
            if let header, header.run == run { message = header.sequence }
        }
        join(
            Piece(first: tsn, last: tsn, message: message, hasBeginning: hasBeginning, hasEnd: flags & 1 != 0), at: now)
    }

    /// Puts a fragment to its neighbours; a message that is whole then has come.
    private mutating func join(_ fragment: Piece, at now: NetworkTime) {
        guard pieces[fragment.first] == nil, pieceEnding[fragment.first] == nil else { return }
        var piece = fragment
        if !piece.hasBeginning, let start = pieceEnding[piece.first &- 1], let before = pieces[start], !before.hasEnd {
            forget(before)
            piece = Piece(
                first: before.first, last: piece.last, message: before.message, hasBeginning: before.hasBeginning,
                hasEnd: piece.hasEnd)
        }
        if !piece.hasEnd, let behind = pieces[piece.last &+ 1], !behind.hasBeginning {
            forget(behind)
            piece = Piece(
                first: piece.first, last: behind.last, message: piece.message, hasBeginning: piece.hasBeginning,
                hasEnd: behind.hasEnd)
        }
        guard piece.hasBeginning, piece.hasEnd else {
            if pieces.count >= Self.memory {
                pieces = [:]
                pieceEnding = [:]
            }
            pieces[piece.first] = piece
            pieceEnding[piece.last] = piece.first
            return
        }
        guard let message = piece.message, arrivals[message] == nil else { return }
        if arrivals.count >= Self.memory { arrivals = [:] }
        arrivals[message] = now
    }

    private mutating func forget(_ piece: Piece) {
        pieces[piece.first] = nil
        pieceEnding[piece.last] = nil
    }

    /// Serial number arithmetic (RFC 1982), as RFC 9260 section 1.6 asks for.
    private static func isAfter(_ tsn: UInt32, _ other: UInt32) -> Bool {
        tsn != other && tsn &- other < 1 << 31
    }
}
