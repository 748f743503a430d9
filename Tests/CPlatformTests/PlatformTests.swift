import CPlatform
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ChecksumTests {
    /// One bit at a time, from RFC 9260 appendix A.
    private func reference(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
        }
    }

    // RFC 3720 appendix B.4.
    @Test func `CRC32c of known bytes`() {
        #expect(martlet_crc32c([UInt8](repeating: 0, count: 32), 32) == 0x8A91_36AA)
        #expect(martlet_crc32c([UInt8](repeating: 0xFF, count: 32), 32) == 0x62A8_AB43)
        #expect(martlet_crc32c((0..<32).map { UInt8($0) }, 32) == 0x46DD_794E)
    }

    @Test(arguments: Array(0...64) + [335, 336, 1007, 1008, 1009, 1191, 2016, 2100, 65_536])
    func `CRC32c of every length agrees with the definition`(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
        #expect(martlet_crc32c(bytes, length) == reference(bytes[...]))
    }
}

@Suite struct CopyTests {
    @Test(arguments: [0, 1, 1023, 1024, 1025, 5000]) func `a copy is complete and stays inside`(length: Int) {
        let source = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        var target = [UInt8](repeating: 0xEE, count: length + 2)
        target.withUnsafeMutableBytes { martlet_copy($0.baseAddress.map { $0 + 1 }, source, length) }
        #expect(target == [0xEE] + source + [0xEE])
    }
}
