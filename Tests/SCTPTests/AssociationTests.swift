import TestSupport
import Testing
import Wire

@testable import SCTP

@Suite(.virtualTime, .serialized) struct AssociationTests {
    @Test func `two ends that both connect come up with the agreed streams`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        #expect(pair.events[0] == [.up(outgoingStreams: 1024, incomingStreams: 1024)])
        #expect(pair.events[1] == [.up(outgoingStreams: 1024, incomingStreams: 1024)])
    }

    @Test func `the ends may have different ports`() throws {
        let pair = try AssociationPair(ports: [5000, 6000])
        pair.run(for: .seconds(1))
        #expect(try pair.send([1, 2]))
        pair.run(for: .seconds(1))
        #expect(pair.messages(at: 1).map(\.bytes) == [[1, 2]])
    }

    @Test(arguments: [1, 1163, 1164, 65_536, 262_144]) func `a message arrives whole`(size: Int) throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try pair.send(bytes, stream: 7))
        pair.run(for: .seconds(3))
        #expect(pair.messages(at: 1) == [SCTPMessage(stream: 7, protocolIdentifier: 53, bytes: bytes)])
    }

    @Test func `no packet is longer than the limit and every checksum is right`() throws {
        let pair = try AssociationPair()
        var longest = 0
        pair.passes = { _, packet in
            longest = max(longest, packet.count)
            var zeroed = packet
            zeroed.replaceSubrange(8..<12, with: [0, 0, 0, 0])
            let stored = packet[8..<12].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            #expect(stored == crc32c(zeroed))
            return true
        }
        pair.run(for: .seconds(1))
        for count in [100, 65_536, 900, 3000, 10] {
            #expect(try pair.send([UInt8](repeating: 1, count: count)))
        }
        pair.run(for: .seconds(2))
        #expect(pair.messages(at: 1).count == 5)
        #expect(longest <= 1191)
        #expect(longest > 1180)
    }

    @Test func `a reliable message survives the loss of every third packet`() throws {
        let pair = try AssociationPair()
        var count = 0
        pair.passes = { _, _ in
            count += 1
            return count % 3 != 0
        }
        pair.run(for: .seconds(10))
        for index in 0..<20 { #expect(try pair.send([UInt8(index)])) }
        pair.run(for: .seconds(60))
        #expect(pair.messages(at: 1).map(\.bytes) == (0..<20).map { [UInt8($0)] })
    }

    @Test func `an unordered message without retransmissions that is lost stays lost`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        var drops = false
        pair.passes = { index, _ in !(drops && index == 0) }
        for index in 0..<10 {
            drops = index == 3
            #expect(try pair.send([UInt8(index)], ordered: false, reliability: .maximumRetransmits(0)))
        }
        drops = false
        pair.run(for: .seconds(10))
        #expect(pair.messages(at: 1).map(\.bytes) == [0, 1, 2, 4, 5, 6, 7, 8, 9].map { [UInt8($0)] })
    }

    /// Milliseconds from the sending to the arrival of a message of two packets whose second packet is lost at first.
    private func delay(of pair: AssociationPair, life: UInt16) throws -> Int? {
        pair.run(for: .seconds(1))
        var isLost = false
        pair.passes = { index, packet in
            if index == 0, !isLost, packet[12] == 0, packet[13] & 3 == 1 {
                isLost = true
                return false
            }
            return true
        }
        let message = [UInt8](repeating: 7, count: 2000)
        #expect(try pair.send(message, ordered: false, reliability: .maximumLifetime(life)))
        let start = pair.now
        while pair.messages(at: 1).isEmpty, start.duration(to: pair.now) < .seconds(5) {
            pair.run(for: .milliseconds(1))
        }
        return pair.messages(at: 1).isEmpty ? nil : Int(start.duration(to: pair.now) / .milliseconds(1))
    }

    @Test func `nothing is sent again after its lifetime, and what follows need not wait for it`() throws {
        let pair = try AssociationPair()
        #expect(try delay(of: pair, life: 50) == nil)
        // The association goes on, with messages of several packets too.
        #expect(try pair.send([UInt8](repeating: 8, count: 2000), ordered: false))
        pair.run(for: .milliseconds(100))
        #expect(pair.messages(at: 1).map(\.bytes.first) == [8])
    }

    @Test func `a peer that does not know how to give up gets everything, however late`() throws {
        let pair = try AssociationPair()
        pair.passes = { _, packet in
            SCTPPackets.hideForwardTSN(in: &packet)
            return true
        }
        #expect(try #require(try delay(of: pair, life: 50)) > 200)
    }

    @Test func `what follows one that was given up comes, also with another stream's between them`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        var isLost = false
        pair.passes = { index, packet in
            guard index == 0, packet[12] == 0, packet.count > 28 else { return true }
            // Of the first message the end, always; of the last the beginning, once.
            if packet[28] == 1, packet[13] & 3 == 1 { return false }
            guard packet[28] == 3, packet[13] & 2 != 0, !isLost else { return true }
            isLost = true
            return false
        }
        for (value, size, life, stream) in [(1, 2000, 30, 0), (2, 20, 5000, 1), (3, 2000, 5000, 0)]
            as [(UInt8, Int, UInt16, UInt16)]
        {
            let message = [UInt8](repeating: value, count: size)
            #expect(
                try pair.send(message, stream: stream, ordered: false, reliability: .maximumLifetime(life)))
        }
        pair.run(for: .seconds(4))
        #expect(pair.messages(at: 1).map(\.bytes.first) == [2, 3])
    }

    @Test func `packets that give up messages do not multiply`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        var (dataCount, forwardCount) = (0, 0)
        pair.passes = { index, packet in
            guard index == 0 else { return true }
            if packet[12] == 192 { forwardCount += 1 }
            guard packet[12] == 0 else { return true }
            dataCount += 1
            return dataCount % 10 != 0
        }
        let message = [UInt8](repeating: 7, count: 2000)
        for _ in 0..<200 {
            while try !pair.send(message, ordered: false, reliability: .maximumRetransmits(0)) {
                pair.run(for: .milliseconds(1))
            }
            pair.run(for: .milliseconds(2))
        }
        pair.run(for: .seconds(5))
        #expect(dataCount > 350)
        #expect(pair.messages(at: 1).count > 120)
        // Forty holes, each told a few times.
        #expect(forwardCount < 300, "\(forwardCount)")
    }

    @Test func `a full send buffer refuses and takes more after acknowledgements`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        let block = [UInt8](repeating: 9, count: 65_536)
        var sent = 0
        while try pair.send(block) { sent += 1 }
        #expect(sent >= 8 && sent <= 16)
        pair.run(for: .seconds(2))
        #expect(pair.messages(at: 1).count == sent)
        #expect(try pair.send(block))
    }

    @Test func `a reset stream is reported at both ends and can be used again`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        #expect(try pair.send([1], stream: 3))
        pair.ends[0].resetOutgoing(streams: [3])
        pair.ends[0].resetOutgoing(streams: [4, 5])
        pair.run(for: .seconds(2))
        #expect(pair.events[1].contains(.incomingReset(streams: [3])))
        #expect(pair.events[1].contains(.incomingReset(streams: [4, 5])))
        #expect(pair.events[0].contains(.outgoingResetDone(streams: [3])))
        #expect(pair.events[0].contains(.outgoingResetDone(streams: [4, 5])))
        #expect(try pair.send([2], stream: 3))
        pair.run(for: .seconds(1))
        #expect(pair.messages(at: 1).map(\.bytes) == [[1], [2]])
    }

    @Test func `closing aborts the association at the other end, with its cause`() throws {
        let pair = try AssociationPair()
        pair.run(for: .seconds(1))
        pair.close(0)
        pair.run(for: .seconds(1))
        guard case .lost(.abortedByPeer) = pair.events[1].last else {
            Issue.record("no abort but \(String(describing: pair.events[1].last))")
            return
        }
    }

    @Test func `nothing of an association is left after its close`() throws {
        do {
            let pair = try AssociationPair()
            pair.run(for: .milliseconds(15))
            #expect(SCTPStack.associationCount == 2)
        }
        #expect(SCTPStack.associationCount == 0)
        SCTPStack.advance(to: NetworkTime(nanoseconds: 1_000_000_000_000))
    }

    @Test func `an unread association closes its window and opens it again`() throws {
        let sink = try AssociationPair()
        sink.run(for: .seconds(1))
        let block = [UInt8](repeating: 7, count: 65_536)
        sink.holdsReading = true
        var accepted = 0
        for _ in 0..<400 {
            while try sink.send(block) { accepted += 1 }
            sink.run(for: .milliseconds(20))
        }
        // 4 MiB at the receiver (fragments cost more than their bytes) and 1 MiB at the sender bound what was taken.
        #expect(accepted <= (5 << 20) / 65_536 + 1)
        #expect(accepted >= 16)
        sink.holdsReading = false
        sink.run(for: .seconds(10))
        #expect(sink.messages(at: 1).count == accepted)
    }
}

/// Bit by bit, straight from RFC 9260 appendix A.
func crc32c(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }
}
