import Lab
import Testing
import Wire

@Suite struct SCTPTraceTests {
    /// A DATA chunk (RFC 9260 section 3.3.1): flags 2 begins a message, 1 ends it.
    private static func data(_ tsn: UInt32, flags: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var chunk: [UInt8] = [0, flags, 0, 0] + bytes(tsn) + [0, 0, 0, 0, 0, 0, 0, 53] + payload
        chunk[2] = UInt8(chunk.count >> 8)
        chunk[3] = UInt8(chunk.count & 0xFF)
        return chunk + [UInt8](repeating: 0, count: -chunk.count & 3)
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func sack(_ tsn: UInt32) -> [UInt8] { [3, 0, 0, 16] + bytes(tsn) + [0, 1, 0, 0, 0, 0, 0, 0] }

    private static func forward(_ tsn: UInt32) -> [UInt8] { [192, 0, 0, 8] + bytes(tsn) }

    private static func message(_ sequence: UInt32, run: UInt32 = 9) -> [UInt8] {
        LabMessage(run: run, sequence: sequence, sentAt: 0).encoded(byteCount: 61)
    }

    private static func handle(
        _ trace: inout SCTPTrace, _ chunks: [[UInt8]], outgoing: Bool = false, at milliseconds: Int64
    ) {
        let packet = [UInt8](repeating: 0, count: 12) + chunks.joined()
        packet.withUnsafeBytes {
            trace.handle(packet: $0, outgoing: outgoing, at: NetworkTime(nanoseconds: milliseconds * 1_000_000))
        }
    }

    private static func at(_ milliseconds: Int64) -> NetworkTime { NetworkTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `what has been sent before is sent again, also where the numbers wrap`() {
        var trace = SCTPTrace(run: 9)
        for tsn: UInt32 in [0xFFFF_FFFE, 0xFFFF_FFFF, 0, 1] {
            Self.handle(&trace, [Self.data(tsn, flags: 3, [1])], outgoing: true, at: 0)
        }
        #expect(trace.packets == LabPackets(dataChunks: 4, retransmitted: 0))
        Self.handle(
            &trace, [Self.data(0xFFFF_FFFF, flags: 3, [1]), Self.data(2, flags: 3, [1])], outgoing: true, at: 5)
        #expect(trace.packets == LabPackets(dataChunks: 6, retransmitted: 1))
        Self.handle(&trace, [Self.data(7, flags: 3, [1])], at: 5)
        #expect(trace.packets.dataChunks == 6, "the peer's are not ours")
    }

    @Test func `a message in one chunk is there with it, and is asked for once`() {
        var trace = SCTPTrace(run: 9)
        Self.handle(
            &trace, [Self.data(10, flags: 3, Self.message(0)), Self.data(11, flags: 3, Self.message(1))], at: 3)
        check(trace.takeArrival(of: 1) == Self.at(3))
        check(trace.takeArrival(of: 0) == Self.at(3))
        check(trace.takeArrival(of: 0) == nil)
    }

    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]])
    func `fragments in any order: the last to come completes the message`(order: [UInt32]) {
        var trace = SCTPTrace(run: 9)
        // Neighbours that are not part of it.
        Self.handle(&trace, [Self.data(19, flags: 1, [0]), Self.data(24, flags: 2, [0])], at: 1)
        for (step, index) in order.enumerated() {
            check(trace.takeArrival(of: 5) == nil)
            let flags: UInt8 = index == 0 ? 2 : index == 3 ? 1 : 0
            Self.handle(
                &trace, [Self.data(20 + index, flags: flags, index == 0 ? Self.message(5) : [7, 7])],
                at: Int64(step) * 10)
        }
        check(trace.takeArrival(of: 5) == Self.at(30))
    }

    @Test func `a fragment that comes twice changes nothing`() {
        var trace = SCTPTrace(run: 9)
        Self.handle(&trace, [Self.data(20, flags: 2, Self.message(5))], at: 1)
        Self.handle(&trace, [Self.data(20, flags: 2, Self.message(5))], at: 2)
        Self.handle(&trace, [Self.data(21, flags: 1, [0])], at: 3)
        Self.handle(&trace, [Self.sack(21)], outgoing: true, at: 3)
        Self.handle(&trace, [Self.data(20, flags: 2, Self.message(5)), Self.data(21, flags: 1, [0])], at: 9)
        check(trace.takeArrival(of: 5) == Self.at(3))
        check(trace.takeArrival(of: 5) == nil)
    }

    @Test func `what the sender gave up is not completed`() {
        var trace = SCTPTrace(run: 9)
        Self.handle(&trace, [Self.data(20, flags: 2, Self.message(5))], at: 1)
        Self.handle(&trace, [Self.forward(22)], at: 2)
        Self.handle(&trace, [Self.data(21, flags: 0, [0]), Self.data(22, flags: 1, [0])], at: 3)
        check(trace.takeArrival(of: 5) == nil)
    }

    @Test func `an acknowledgement inside a message does not forget its beginning`() {
        var trace = SCTPTrace(run: 9)
        Self.handle(&trace, [Self.data(20, flags: 2, Self.message(5))], at: 1)
        Self.handle(&trace, [Self.sack(20)], outgoing: true, at: 1)
        Self.handle(&trace, [Self.data(21, flags: 1, [0])], at: 4)
        check(trace.takeArrival(of: 5) == Self.at(4))
    }

    @Test func `messages of another run, and what is no lab message, are not seen`() {
        var trace = SCTPTrace(run: 9)
        Self.handle(
            &trace, [Self.data(1, flags: 3, Self.message(5, run: 8)), Self.data(2, flags: 3, [1, 2, 3])], at: 1)
        check(trace.takeArrival(of: 5) == nil)
    }

    @Test func `no bytes break it, and its memory ends`() {
        var trace = SCTPTrace(run: 9)
        let packet = [UInt8](repeating: 0, count: 12) + Self.data(1, flags: 3, Self.message(1)) + Self.sack(3)
        for count in 0..<packet.count {
            packet[..<count].withUnsafeBytes { trace.handle(packet: $0, outgoing: count % 2 == 0, at: .zero) }
        }
        Self.handle(&trace, [[0, 3, 0, 0], [0, 3, 0, 3], [0, 3, 0xFF, 0xFF]], at: 0)
        // Beginnings without ends, each apart from the others.
        for tsn: UInt32 in 0..<40_000 { Self.handle(&trace, [Self.data(100 + 2 * tsn, flags: 2, [0])], at: 1) }
        // Whole messages that nobody takes.
        for tsn: UInt32 in 0..<40_000 {
            Self.handle(&trace, [Self.data(200_000 + tsn, flags: 3, Self.message(tsn))], at: 2)
        }
        check(trace.takeArrival(of: 5) == nil, "forgotten")
        check(trace.takeArrival(of: 39_999) == Self.at(2))
    }
}
