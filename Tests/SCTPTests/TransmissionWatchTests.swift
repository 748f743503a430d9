import Testing
import Wire

@testable import SCTP

/// What the watch makes of packets that it sees; lifetimes over whole associations are in the lab's tests.
@Suite struct TransmissionWatchTests {
    /// A watch with its own time in milliseconds.
    final class Bench {
        var watch = TransmissionWatch()
        var milliseconds = 1000
        var now: NetworkTime { .zero.advanced(by: .milliseconds(milliseconds)) }

        /// A message of one packet, or the first of its packets; returns whether it may go out.
        @discardableResult func send(
            _ number: UInt32, bytes: Int = 100, of total: Int? = nil, life: Int? = nil, once: Bool = false,
            ordered: Bool = false, stream: UInt16 = 0
        ) -> Bool {
            watch.handedOver(
                stream: stream, byteCount: total ?? bytes, ordered: ordered,
                expires: life.map { now.advanced(by: .milliseconds($0)) }, sentOnce: once)
            return pass(
                .init(
                    number: number, stream: stream, byteCount: bytes, ends: (total ?? bytes) == bytes,
                    isUnordered: !ordered))
        }

        /// A chunk passes; returns whether it may.
        @discardableResult func pass(_ data: SCTPPackets.Data) -> Bool {
            out(SCTPPackets.packet(SCTPPackets.data(data))).isEmpty
        }

        @discardableResult func out(_ packet: [UInt8]) -> [Range<Int>] {
            packet.withUnsafeBytes { watch.sent($0, at: now) }
        }

        func acknowledge(_ cumulative: UInt32, _ gaps: (UInt16, UInt16)...) {
            SCTPPackets.packet(SCTPPackets.acknowledgement(cumulative, gaps: gaps))
                .withUnsafeBytes { watch.received($0, at: now) }
        }

        /// What the peer is told with this tick.
        func tick() -> [UInt32] {
            milliseconds += 10
            guard let packet = watch.forwardPacket(at: now) else { return [] }
            var numbers: [UInt32] = []
            packet.withUnsafeBytes {
                $0.forEachSCTPChunk { type, _, range, body throws(ByteReaderError) in
                    #expect(type == 192 && range.count == 8)
                    numbers.append(try body.readUInt32())
                }
            }
            return numbers
        }
    }

    // MARK: - Room

    @Test func `there is room while less than the window is in flight`() {
        let bench = Bench()
        #expect(bench.watch.hasRoom(window: 200, at: bench.now))
        bench.send(1)
        #expect(bench.watch.hasRoom(window: 200, at: bench.now))
        bench.send(2)
        #expect(!bench.watch.hasRoom(window: 200, at: bench.now))
        bench.acknowledge(1)
        #expect(bench.watch.hasRoom(window: 200, at: bench.now))
    }

    @Test func `numbers go on behind the highest one`() {
        let bench = Bench()
        for number in [UInt32.max - 1, .max, 0, 1] { bench.send(number) }
        #expect(!bench.watch.hasRoom(window: 400, at: bench.now))
        bench.acknowledge(.max, (2, 2))
        // Only number 0 is out, with 116 bytes.
        #expect(bench.watch.hasRoom(window: 117, at: bench.now))
        #expect(!bench.watch.hasRoom(window: 116, at: bench.now))
    }

    @Test func `a chunk that is sent again is in flight once`() {
        let bench = Bench()
        bench.send(1)
        bench.pass(.init(number: 1))
        #expect(bench.watch.hasRoom(window: 117, at: bench.now))
    }

    @Test func `acknowledgements of what was not sent, twice or backwards count nothing`() {
        let bench = Bench()
        for number in UInt32(1)...4 { bench.send(number) }
        // The second block is before the first, the third is upside down, and the last is beyond what was sent.
        bench.acknowledge(0, (3, 3), (1, 1), (9, 5), (4, 60_000))
        bench.acknowledge(0, (3, 4))
        #expect(bench.watch.hasRoom(window: 233, at: bench.now))
        #expect(!bench.watch.hasRoom(window: 232, at: bench.now))
        bench.acknowledge(900)
        #expect(bench.watch.hasRoom(window: 1, at: bench.now))
    }

    @Test func `beside a backlog one message with a lifetime waits for its turn`() {
        let bench = Bench()
        bench.send(1, stream: 1)
        bench.watch.handedOver(stream: 1, byteCount: 100, ordered: true, expires: nil, sentOnce: false)
        #expect(bench.watch.hasRoom(window: 1, at: bench.now))
        bench.watch.handedOver(
            stream: 0, byteCount: 100, ordered: false, expires: bench.now.advanced(by: .milliseconds(50)),
            sentOnce: false)
        #expect(!bench.watch.hasRoom(window: 1, at: bench.now))
        bench.milliseconds += 51
        #expect(bench.watch.hasRoom(window: 1, at: bench.now))
    }

    @Test func `a message with a lifetime that cannot be given up waits for its turn too`() {
        let bench = Bench()
        bench.send(1)
        bench.watch.handedOver(
            stream: 0, byteCount: 5000, ordered: false, expires: bench.now.advanced(by: .milliseconds(100)),
            sentOnce: false, canGiveUp: false)
        #expect(!bench.watch.hasRoom(window: 10_000, at: bench.now))
        // It leaves, however late.
        bench.milliseconds += 500
        #expect(bench.pass(.init(number: 2, byteCount: 5000)))
    }

    @Test func `what the library refuses does not wait in it`() {
        let bench = Bench()
        bench.send(1)
        bench.watch.handedOver(stream: 0, byteCount: 100, ordered: true, expires: nil, sentOnce: false)
        bench.watch.refused(stream: 0)
        // Nothing waits, and the window is full.
        #expect(!bench.watch.hasRoom(window: 1, at: bench.now))
    }

    @Test func `what does not fit into the window leaves round trips later, twice as much in each`() {
        let bench = Bench()
        // With nothing in flight nothing is known.
        #expect(bench.watch.timeToLeave(100_000, window: 1000) == .zero)
        bench.send(1)
        #expect(bench.watch.timeToLeave(884, window: 1000) == .zero)
        #expect(bench.watch.timeToLeave(3884, window: 1000) == .milliseconds(400))
        bench.milliseconds += 40
        bench.acknowledge(1)
        bench.send(2)
        #expect(bench.watch.timeToLeave(1884, window: 1000) == .milliseconds(40))
        bench.milliseconds += 80
        bench.acknowledge(2)
        bench.send(3)
        // An eighth of 80 ms and seven of 40 ms.
        #expect(bench.watch.timeToLeave(1884, window: 1000) == .milliseconds(45))
        #expect(bench.watch.timeToLeave(1884, window: 0) == .zero)
    }

    // MARK: - Lifetimes

    @Test func `what is to leave after its lifetime does not`() {
        let bench = Bench()
        #expect(bench.send(1, life: 100))
        bench.milliseconds += 100
        #expect(bench.pass(.init(number: 1)))
        bench.milliseconds += 1
        #expect(!bench.pass(.init(number: 1)))
    }

    @Test func `of a message that is over before all of it has left, one packet stays behind`() {
        let bench = Bench()
        #expect(bench.send(1, bytes: 1000, of: 3000, life: 100))
        bench.milliseconds += 101
        #expect(!bench.pass(.init(number: 2, byteCount: 1000, begins: false, ends: false)))
        // This shows the peer that something is missing, and so the library that the message is over: it drops the
        // rest.
        #expect(bench.pass(.init(number: 3, byteCount: 500, begins: false, ends: false)))
        #expect(bench.tick() == [])
        // What is sent again is not sent.
        #expect(!bench.pass(.init(number: 2, byteCount: 1000, begins: false, ends: false)))
        #expect(!bench.pass(.init(number: 1, byteCount: 1000, ends: false)))
        // The next message has another lifetime.
        #expect(bench.send(5, life: 100))
        #expect(bench.tick() == [4])
    }

    @Test func `of one whose last packet stays behind the peer is told`() {
        let bench = Bench()
        #expect(bench.send(1, bytes: 1000, of: 1500, life: 100))
        bench.milliseconds += 101
        #expect(!bench.pass(.init(number: 2, byteCount: 500, begins: false)))
        #expect(bench.tick() == [2])
    }

    @Test func `of a packet only that is taken out`() {
        let bench = Bench()
        bench.send(1, bytes: 101, life: 100)
        bench.milliseconds += 101
        bench.watch.handedOver(stream: 1, byteCount: 51, ordered: true, expires: nil, sentOnce: false)
        var packet = SCTPPackets.packet(
            SCTPPackets.acknowledgement(7), SCTPPackets.data(.init(number: 1, byteCount: 101)),
            SCTPPackets.data(.init(number: 2, stream: 1, byteCount: 51, isUnordered: false)))
        let held = bench.out(packet)
        let left = packet.withUnsafeMutableBytes { [UInt8]($0.closing(held)) }
        #expect(
            left
                == SCTPPackets.packet(
                    SCTPPackets.acknowledgement(7),
                    SCTPPackets.data(.init(number: 2, stream: 1, byteCount: 51, isUnordered: false))))
    }

    @Test func `reliable and ordered messages always leave`() {
        let bench = Bench()
        bench.send(1)
        bench.send(2, life: 100, ordered: true, stream: 1)
        bench.milliseconds += 10_000
        #expect(bench.pass(.init(number: 1)))
        #expect(bench.pass(.init(number: 2, stream: 1, isUnordered: false)))
        bench.acknowledge(0, (2, 2))
        #expect(bench.tick() == [])
    }

    // MARK: - Telling the peer

    @Test func `the peer is told of a message in three ticks, and again after a round trip`() {
        let bench = Bench()
        bench.send(1, bytes: 1000, of: 1500, life: 30)
        bench.pass(.init(number: 2, byteCount: 500, begins: false))
        bench.send(3)
        bench.acknowledge(0, (2, 3))
        // Ticks 10 ms apart; nothing is known of the path, whose round trip is taken for 200 ms.
        let ticks = (0..<30).map { _ in bench.tick() }
        #expect(ticks.enumerated().filter { !$0.element.isEmpty }.map(\.offset) == [3, 4, 5, 25])
        #expect(ticks.allSatisfy { $0.isEmpty || $0 == [3] })
        bench.acknowledge(3)
        #expect((0..<30).allSatisfy { _ in bench.tick().isEmpty })
    }

    @Test func `what the library tells once is told again until the peer has answered`() {
        let bench = Bench()
        // Of the rest of a message, which has a number of its own, when nothing else is in flight.
        bench.send(1, bytes: 1000, of: 9000, life: 30)
        bench.acknowledge(1)
        bench.out(SCTPPackets.packet(SCTPPackets.forward(2)))
        let ticks = (0..<12).map { _ in bench.tick() }
        #expect(ticks.enumerated().filter { !$0.element.isEmpty }.map(\.offset) == [4, 9])
        #expect(ticks.allSatisfy { $0.isEmpty || $0 == [2] })
        bench.acknowledge(2)
        #expect((0..<12).allSatisfy { _ in bench.tick().isEmpty })
    }

    @Test func `it is told when something behind it has come, and not before`() {
        let bench = Bench()
        for number in UInt32(1)...4 { bench.send(number, life: 30) }
        bench.milliseconds += 31
        #expect(bench.tick() == [])
        bench.acknowledge(0, (3, 3))
        // With what has come behind it in one packet.
        #expect(bench.tick() == [1, 3])
        bench.milliseconds -= 9
        #expect(bench.tick() == [])
        bench.acknowledge(3)
        #expect(bench.tick() == [])
    }

    @Test func `what was to be sent again is known to be lost`() {
        let bench = Bench()
        bench.send(1, life: 30)
        bench.milliseconds += 31
        #expect(bench.tick() == [])
        #expect(!bench.pass(.init(number: 1)))
        #expect(bench.tick() == [1])
    }

    @Test func `every hole has a number of its own, and none is beyond a reliable message`() {
        let bench = Bench()
        for number in UInt32(1)...8 {
            if number == 7 { bench.send(number, stream: 1) } else { bench.send(number, life: 30) }
        }
        bench.milliseconds += 31
        bench.acknowledge(0, (2, 3), (5, 6), (8, 8))
        #expect(bench.tick() == [3, 6])
        bench.acknowledge(6, (2, 2))
        #expect(bench.tick() == [])
    }

    @Test func `a message that is sent once is given up after three reports without it`() {
        let bench = Bench()
        for number in UInt32(1)...6 { bench.send(number, once: true) }
        for gap in UInt16(2)...3 {
            bench.acknowledge(0, (2, gap))
            // What says nothing new is no report.
            bench.acknowledge(0, (2, gap))
            #expect(bench.tick() == [])
        }
        bench.acknowledge(0, (2, 4))
        #expect(bench.tick() == [4])
    }

    @Test func `numbers that the library passes over belong to the message that it gave up`() {
        let bench = Bench()
        bench.send(1, bytes: 1000, of: 9000, life: 30)
        bench.send(3, life: 100)
        bench.acknowledge(0, (3, 3))
        bench.milliseconds += 31
        #expect(bench.tick() == [3])
        bench.acknowledge(3)
        // The count goes on behind it.
        bench.send(4)
        #expect(!bench.watch.hasRoom(window: 116, at: bench.now))
        bench.acknowledge(4)
        #expect(bench.watch.hasRoom(window: 1, at: bench.now))
    }

    @Test func `what the library gives up is not in flight, and it says so four times in a round trip`() {
        let bench = Bench()
        for number in UInt32(1)...4 { bench.send(number) }
        #expect(bench.out(SCTPPackets.packet(SCTPPackets.forward(2))).isEmpty)
        #expect(bench.watch.hasRoom(window: 233, at: bench.now))
        #expect(!bench.watch.hasRoom(window: 232, at: bench.now))
        let passed = (0..<100).filter { _ in
            bench.milliseconds += 1
            return bench.out(SCTPPackets.packet(SCTPPackets.forward(2))).isEmpty
        }
        #expect(passed == [49, 99])
        #expect(bench.out(SCTPPackets.packet(SCTPPackets.forward(3))).isEmpty)
    }

    @Test func `what the library says of ordered messages always passes`() {
        let bench = Bench()
        bench.send(1, ordered: true)
        var forward = SCTPPackets.forward(1)
        forward[3] = 12
        forward += [0, 0, 0, 1]
        for _ in 0..<3 { #expect(bench.out(SCTPPackets.packet(forward)).isEmpty) }
    }

    @Test func `what is given up says nothing about the round trip`() {
        let bench = Bench()
        bench.send(1, life: 30)
        bench.milliseconds += 5000
        bench.out(SCTPPackets.packet(SCTPPackets.forward(1)))
        bench.acknowledge(1)
        bench.send(2)
        #expect(bench.watch.timeToLeave(1884, window: 1000) == .milliseconds(200))
    }

    @Test func `a length that does not fit ends what is known of a stream`() {
        let bench = Bench()
        for _ in 0..<2 {
            bench.watch.handedOver(
                stream: 0, byteCount: 100, ordered: false, expires: bench.now.advanced(by: .milliseconds(30)),
                sentOnce: false)
        }
        bench.pass(.init(number: 1, byteCount: 99))
        bench.pass(.init(number: 2))
        bench.milliseconds += 1000
        // Of the second nothing is known: it is left to the library.
        #expect(bench.pass(.init(number: 2)))
        #expect(!bench.pass(.init(number: 1)))
    }
}
