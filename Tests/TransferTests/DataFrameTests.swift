import Testing

@testable import Transfer

struct DataFrameTests {
    // kind 1, flags 0, reserved 0 | item 7 | offset 0x0000000112345678 | "ab"
    private let captured: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0x12, 0x34, 0x56, 0x78, 0x61, 0x62]

    @Test func `a frame is read as it is drawn`() throws {
        let frame = try DataFrame(captured)
        #expect(frame.item == 7)
        #expect(frame.offset == 0x1_1234_5678)
        #expect(frame.payload == [0x61, 0x62])
        #expect(frame.payloadByteCount == 2)
    }

    @Test func `a frame is written as it is drawn`() throws {
        let message = try DataFrame.message(item: 7, offset: 0x1_1234_5678, payloadByteCount: 2) { buffer in
            buffer.copyBytes(from: [0x61, 0x62])
            return 2
        }
        #expect(message == captured)
    }

    @Test func `a part of a frame is a frame at its own offset`() throws {
        let part = try DataFrame(DataFrame.part(of: captured, item: 7, offset: 0x1_1234_5678, start: 1, count: 1))
        #expect(part.item == 7)
        #expect(part.offset == 0x1_1234_5679)
        #expect(part.payload == [0x62])
    }

    @Test func `every truncation without payload throws`() {
        for count in 0...DataFrame.headerByteCount {
            #expect(throws: MessageError.truncatedFrame(byteCount: count)) {
                try DataFrame(Array(captured.prefix(count)))
            }
        }
    }

    @Test func `other kinds, flags, reserved bits and offsets above 2^53-1 throw`() {
        func changed(_ index: Int, to value: UInt8) -> [UInt8] {
            var bytes = captured
            bytes[index] = value
            return bytes
        }
        #expect(throws: MessageError.unknownFrameKind(2)) { try DataFrame(changed(0, to: 2)) }
        #expect(throws: MessageError.reservedBits) { try DataFrame(changed(1, to: 1)) }
        #expect(throws: MessageError.reservedBits) { try DataFrame(changed(2, to: 0x80)) }
        #expect(throws: MessageError.reservedBits) { try DataFrame(changed(3, to: 1)) }
        #expect(throws: MessageError.invalidMember("offset")) { try DataFrame(changed(8, to: 0x80)) }
        #expect(throws: MessageError.invalidMember("offset")) { try DataFrame(changed(9, to: 0x20)) }
    }

    @Test func `a mutated frame throws or keeps within the ranges`() {
        var random = SplitMix64(seed: 1)
        var acceptedCount = 0
        for _ in 0..<20_000 {
            var bytes = captured
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let frame = try? DataFrame(bytes) else { continue }
            acceptedCount += 1
            #expect(frame.item >= 0 && frame.offset >= 0 && frame.offset < 1 << 53)
        }
        #expect(acceptedCount > 1_000)
    }
}
