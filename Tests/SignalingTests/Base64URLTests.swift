import Signaling
import Testing

struct Base64URLTests {
    @Test func `base64url has one text for each array of bytes`() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
        for bad in ["A", "AAAAA", "AB", "AAB", "A=", "AA==", "A+", "A/", "ä", "AA AA"] {
            #expect(Base64URL.decode(bad) == nil, "\(bad)")
        }
        #expect(Base64URL.decode("AA") == [0])
    }
}
