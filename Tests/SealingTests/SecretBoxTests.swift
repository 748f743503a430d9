import Testing

@testable import Sealing

struct SecretBoxTests {
    // The example of NaCl's own tests, tests/secretbox.c.
    private static let key = bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
    private static let nonce = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")

    private func key(_ changed: UInt8 = 0) -> KeyMaterial {
        var key = Self.key
        key[0] ^= changed
        return KeyMaterial(taking: &key)
    }

    @Test func `a box is NaCl's`() throws {
        let message = bytes(
            """
            be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01
            233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd
            4924ca1c60902e52f0a089bc76897040e082f937763848645e0705
            """)
        let box = try #require(SecretBox.seal(message, key: key(), nonce: Self.nonce))
        #expect(
            box
                == bytes(
                    """
                    f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0df
                    c17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368
                    517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5
                    """))
        #expect(SecretBox.open(box, key: key(), nonce: Self.nonce) == message)
    }

    @Test func `every length goes through, and every changed bit and cut is noticed`() throws {
        for count in [0, 1, 15, 16, 17, 63, 64, 65, 1000] {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let box = try #require(SecretBox.seal(message, key: key(), nonce: Self.nonce))
            #expect(box.count == count + SecretBox.overheadByteCount)
            #expect(SecretBox.open(box, key: key(), nonce: Self.nonce) == message)
            #expect(SecretBox.open(box, key: key(1), nonce: Self.nonce) == nil)
            guard count <= 17 else { continue }
            for index in box.indices {
                #expect(SecretBox.open(Array(box[..<index]), key: key(), nonce: Self.nonce) == nil)
                for bit in 0..<8 {
                    var changed = box
                    changed[index] ^= 1 << bit
                    #expect(SecretBox.open(changed, key: key(), nonce: Self.nonce) == nil)
                }
            }
        }
    }

    @Test func `keys and nonces of another length make nothing`() {
        var short: [UInt8] = [1, 2, 3]
        let material = KeyMaterial(taking: &short)
        #expect(short == [0, 0, 0])
        #expect(SecretBox.seal([1], key: material, nonce: Self.nonce) == nil)
        #expect(SecretBox.seal([1], key: key(), nonce: []) == nil)
        #expect(SecretBox.open([UInt8](repeating: 0, count: 40), key: material, nonce: Self.nonce) == nil)
        #expect(SecretBox.open([UInt8](repeating: 0, count: 40), key: key(), nonce: [1]) == nil)
    }

    @Test func `key material is compared by content and prints nothing of it`() {
        #expect(key() == key())
        #expect(key() != key(1))
        var empty: [UInt8] = []
        #expect(KeyMaterial(taking: &empty) != key())
        var dumped = ""
        dump(key(), to: &dumped)
        for text in ["\(key())", String(reflecting: key()), dumped] {
            #expect(text.contains("<secret>"))
            #expect(!text.contains("storage"))
        }
    }
}
