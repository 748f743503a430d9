import Digests
import Testing

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

@Suite struct DigestTests {
    // FIPS 180-4's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func `SHA-256 of known texts`(text: String, digest: String) {
        #expect(hex(SHA256.hash(Array(text.utf8))) == digest)
    }

    @Test func `pieces hash like the whole, and a finished hash starts over`() {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 333) {
            hash.update(Array(bytes[start..<min(start + 333, bytes.count)]))
        }
        #expect(hash.finish() == SHA256.hash(bytes))
        #expect(hash.finish() == SHA256.hash([]))
    }

    // RFC 4231 test cases 1, 2 and 6 (a key longer than a block).
    @Test func `HMAC-SHA256 of known messages`() {
        let one = HMAC.authenticationCode(
            .sha256, key: [UInt8](repeating: 0x0B, count: 20), message: Array("Hi There".utf8))
        #expect(hex(one) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let two = HMAC.authenticationCode(
            .sha256, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(hex(two) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let six = HMAC.authenticationCode(
            .sha256, key: [UInt8](repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        #expect(hex(six) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    // RFC 2202 test case 2.
    @Test func `HMAC-SHA1 of a known message`() {
        let code = HMAC.authenticationCode(
            .sha1, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(hex(code) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }

    // RFC 4231 test cases 1, 2 and 6.
    @Test func `HMAC-SHA512 of known messages`() {
        let one = HMAC.authenticationCode(
            .sha512, key: [UInt8](repeating: 0x0B, count: 20), message: Array("Hi There".utf8))
        #expect(
            hex(one) == "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854")
        let two = HMAC.authenticationCode(
            .sha512, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(
            hex(two) == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")
        let six = HMAC.authenticationCode(
            .sha512, key: [UInt8](repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        #expect(
            hex(six) == "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598")
    }

    // RFC 5869 appendix A, test cases 1 and 3.
    @Test func `HKDF of known keys`() {
        let key = [UInt8](repeating: 0x0B, count: 22)
        let first = HKDF.extract(.sha256, salt: Array(0x00...0x0C), key: key)
        #expect(hex(first) == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        #expect(
            hex(HKDF.expand(.sha256, key: first, info: Array(0xF0...0xF9), count: 42))
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        let third = HKDF.extract(.sha256, salt: [], key: key)
        #expect(
            hex(HKDF.expand(.sha256, key: third, info: [], count: 42))
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
        #expect(HKDF.expand(.sha512, key: first, info: [], count: 20_000).count == 255 * 64)
    }

    @Test func `an empty key is a key`() {
        let code = HMAC.authenticationCode(.sha256, key: [], message: [])
        #expect(hex(code) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `comparison wants equal lengths and bytes`() {
        #expect(HMAC.isEqual([1, 2, 3], [1, 2, 3]))
        #expect(!HMAC.isEqual([1, 2, 3], [1, 2, 4]))
        #expect(!HMAC.isEqual([1, 2, 3], [1, 2]))
        #expect(HMAC.isEqual([], []))
    }
}
