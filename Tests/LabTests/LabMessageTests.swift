import Lab
import Testing

@Suite struct LabMessageTests {
    @Test func `a message is laid out as the document says`() {
        let message = LabMessage(run: 0x0102_0304, sequence: 0xFE, sentAt: 0x0005_0607_0809_0A0B)
        #expect(
            message.encoded(byteCount: 28) == [
                0x4D, 0x4C, 0x41, 0x42,  // MLAB
                1, 0, 0, 0,  // version 1
                1, 2, 3, 4,  // run
                0, 0, 0, 0xFE,  // sequence number
                0, 5, 6, 7, 8, 9, 10, 11,  // when it was sent
                0x16, 0x17, 0x18, 0x19,  // 254 + 24 = 278 = 256 + 0x16
            ])
    }

    @Test(arguments: [24, 25, 300, 1_200, 262_144]) func `what is encoded reads the same`(byteCount: Int) {
        let message = LabMessage(run: 7, sequence: 999_999, sentAt: 1 << 53 - 1)
        let bytes = message.encoded(byteCount: byteCount)
        #expect(bytes.count == byteCount)
        #expect(LabMessage(bytes) == message)
    }

    @Test func `no byte can be wrong without being noticed, but those of the run and of the time`() {
        let bytes = LabMessage(run: 7, sequence: 12, sentAt: 5).encoded(byteCount: 300)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            // The filling knows the last byte of the sequence number; its other bytes nobody has accepted.
            let isNoticed = !(8..<15).contains(index) && !(16..<24).contains(index)
            #expect((LabMessage(damaged) == nil) == isNoticed, "byte \(index)")
        }
    }

    @Test func `a message that is cut short inside its header, or longer than any, is none`() {
        let bytes = LabMessage(run: 7, sequence: 12, sentAt: 5).encoded(byteCount: 24)
        for count in 0..<24 { #expect(LabMessage(Array(bytes[..<count])) == nil) }
        let longest = LabMessage(run: 7, sequence: 12, sentAt: 5).encoded(byteCount: 262_144)
        #expect(LabMessage(longest + [UInt8(truncatingIfNeeded: 12)]) == nil)
    }
}
