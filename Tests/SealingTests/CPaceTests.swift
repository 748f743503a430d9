import Testing

@testable import Sealing

/// The draft's official vectors for CPACE-X25519-SHA512 (draft-irtf-cfrg-cpace, appendix B.1).
struct CPaceTests {
    private static let password = Array("Password".utf8)
    private static let channel = bytes("0b415f696e69746961746f720b425f726573706f6e646572")
    private static let session = bytes("7e4b4791d6a8ef019b936c79fb7f2c57")
    private static let initiator = CPace.Message(
        share: bytes("1d13c89278cdadd826f6d8d7f887701430f8380ddc17611cdd6dc989ce0c9f32"),
        associatedData: Array("ADa".utf8))
    private static let responder = CPace.Message(
        share: bytes("248cccf6d5cdc3646f0ad593f9e6cef4e69d4945f8372e623512ecea32185623"),
        associatedData: Array("ADb".utf8))

    private func side(_ scalar: String, password: [UInt8] = CPaceTests.password) throws -> CPace {
        var scalar = bytes(scalar)
        return try #require(
            CPace(
                password: password, channel: Self.channel, session: Self.session,
                scalar: KeyMaterial(taking: &scalar)))
    }

    private func first() throws -> CPace {
        try side("21b4f4bd9e64ed355c3eb676a28ebedaf6d8f17bdc365995b319097153044080")
    }

    private func second() throws -> CPace {
        try side("848b0779ff415f0af4ea14df9dd1d3c29ac41d836c7808896c4eba19c51ac40a")
    }

    @Test func `the generator string and the generator are the draft's`() {
        let text = CPace.generatorString(password: Self.password, channel: Self.channel, session: Self.session)
        #expect(text.count == 170)
        #expect(text.prefix(18) == bytes("0843506163653235350850617373776f7264")[...])
        #expect(text[18] == 109)
        #expect(text[19..<128].allSatisfy { $0 == 0 })
        #expect(text[128] == 24)
        let generator = CPace.generator(password: Self.password, channel: Self.channel, session: Self.session)
        #expect(generator == bytes("d04bf6d41f6a289632a2e929fa29bebd51092512a7829fdde7d314b62f05a73f"))
    }

    @Test func `lengths are LEB128, as the draft's prepend_len has them`() {
        #expect(CPace.lengthValues([]) == [0])
        #expect(
            CPace.lengthValues(Array("1234".utf8), Array("5".utf8), [], Array("678".utf8))
                == bytes("04313233340135 00 03363738"))
        #expect(CPace.lengthValues([UInt8](repeating: 7, count: 127)).prefix(1) == [0x7F])
        #expect(CPace.lengthValues([UInt8](repeating: 7, count: 128)).prefix(2) == [0x80, 0x01])
    }

    @Test func `shares, point and key are the draft's, on both sides`() throws {
        let (a, b) = (try first(), try second())
        #expect(a.share == Self.initiator.share)
        #expect(b.share == Self.responder.share)
        let key = bytes(
            """
            6e19b875f7a561d6b3ca3dbb9ef42ac55de3e717881018204b8922b4d5e53bb2
            aa82c300bea7b65d2b671da71922ddf6472301b79bc270adfa8bf413285f2263
            """)
        let ofA = try #require(a.key(with: b.share, initiator: Self.initiator, responder: Self.responder))
        let ofB = try #require(b.key(with: a.share, initiator: Self.initiator, responder: Self.responder))
        ofA.withBytes { #expect($0 == key) }
        #expect(ofA == ofB)
        var scalar = bytes("21b4f4bd9e64ed355c3eb676a28ebedaf6d8f17bdc365995b319097153044080")
        let point = try #require(X25519.multiply(b.share, by: KeyMaterial(taking: &scalar)))
        point.withBytes { #expect($0 == bytes("5b067effbdc0b2a0e1d907b21ebb25cfedb96a852179a847c37e43ee71322c6b")) }
    }

    @Test func `every part of the exchange is part of the key`() throws {
        let (a, b) = (try first(), try second())
        let key = try #require(a.key(with: b.share, initiator: Self.initiator, responder: Self.responder))
        #expect(b.key(with: a.share, initiator: Self.responder, responder: Self.initiator) != key)
        var other = Self.initiator
        other.associatedData[0] ^= 1
        #expect(b.key(with: a.share, initiator: other, responder: Self.responder) != key)
        other = Self.responder
        other.share[31] ^= 0x80
        #expect(b.key(with: a.share, initiator: Self.initiator, responder: other) != key)
        let wrong = try side(
            "848b0779ff415f0af4ea14df9dd1d3c29ac41d836c7808896c4eba19c51ac40a", password: Array("password".utf8))
        #expect(wrong.share != b.share)
    }

    /// The draft's points u0 to ub with what scalar_mult_vfy makes of them; nil must end the exchange.
    private static let points: [(String, String?)] = [
        ("0000000000000000000000000000000000000000000000000000000000000000", nil),
        ("0100000000000000000000000000000000000000000000000000000000000000", nil),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", nil),
        ("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", nil),
        ("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", nil),
        ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", nil),
        (
            "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "d8e2c776bbacd510d09fd9278b7edcd25fc5ae9adfba3b6e040e8d3b71b21806"
        ),
        ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", nil),
        (
            "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "c85c655ebe8be44ba9c0ffde69f2fe10194458d137f09bbff725ce58803cdb38"
        ),
        (
            "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "db64dafa9b8fdd136914e61461935fe92aa372cb056314e1231bc4ec12417456"
        ),
        (
            "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
            "e062dcd5376d58297be2618c7498f55baa07d7e03184e8aada20bca28888bf7a"
        ),
        (
            "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
            "993c6ad11c4c29da9a56f7691fd0ff8d732e49de6250b6c2e80003ff4629a175"
        ),
    ]

    @Test func `points of low order end the exchange, on curve and twist, in every encoding`() throws {
        for (point, result) in Self.points {
            var scalar = bytes("af46e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449aff")
            let product = X25519.multiply(bytes(point), by: KeyMaterial(taking: &scalar))
            #expect((product == nil) == (result == nil), "\(point)")
            if let result { product?.withBytes { #expect($0 == bytes(result), "\(point)") } }
            let theirs = CPace.Message(share: bytes(point), associatedData: [])
            let key = try first().key(with: theirs.share, initiator: Self.initiator, responder: theirs)
            #expect((key == nil) == (result == nil), "\(point)")
        }
    }

    @Test func `shares and scalars of another length are none`() throws {
        let a = try first()
        for count in [0, 1, 31, 33, 64] {
            let share = [UInt8](repeating: 9, count: count)
            let message = CPace.Message(share: share, associatedData: [])
            #expect(a.key(with: share, initiator: Self.initiator, responder: message) == nil)
            var scalar = share
            #expect(CPace(password: [], channel: [], session: [], scalar: KeyMaterial(taking: &scalar)) == nil)
        }
    }
}
