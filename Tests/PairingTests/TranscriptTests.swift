import Sealing
import Testing

@testable import Pairing

/// The test vector of Docs/Protocols/Rooms.md: the page and the peer of the interop tests hold the same one.
struct TranscriptTests {
    /// Gives out fixed bytes, one for each number that is drawn.
    private struct FixedBytes: RandomNumberGenerator {
        var bytes: [UInt8]

        mutating func next() -> UInt64 { UInt64(bytes.removeFirst()) << 56 }
    }

    struct Transcript: Sendable {
        var isCode: Bool
        /// Hello, answer, show, confirmation.
        var bodies: [String]
        /// Of host, host, guest, guest.
        var sealed: [String]
        /// Of host and guest.
        var proofs: [String]
    }

    static let transcripts = [
        Transcript(
            isCode: true,
            bodies: [
                #"{"hello":2,"by":"code","nonce":"ICEiIyQlJicoKSorLC0uLw"}"#,
                #"{"hello":2,"nonce":"EBESExQVFhcYGRobHB0eHw","share":"YRtvp7hcVD6n5twOdNhHaWS8fYfTr7I4ZqECuNcdxU"#
                    + #"o","certificate":"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"}"#,
                #"{"share":"sf0yFx4_kgQGfXXfJMZL3jyDRqebKM6uymdh5L5ijn8","certificate":"oKGio6SlpqeoqaqrrK2ur7Cxs"#
                    + #"rO0tba3uLm6u7y9vr8","confirm":"SWuvNB8CHDJSnAYBs_0t5UpIS9PeXCuXvk7CAbxAMJQ"}"#,
                #"{"confirm":"X2dwb7cGTUTXeNfITbh7040lMSLo8mnqrcYfeHrohPU"}"#,
            ],
            sealed: [
                #"{"seq":0,"sealed":"u5jgap88MwcwU6eWVJM1ctVX8rGSiIkoLxb-JOJ563OwZHTTBJSMAPZcxdgPUvJ1"}"#,
                #"{"seq":1,"sealed":"tFD0SBcTXOrCdqkHOx0hC8kjnMpT0XOitIPOq4uSrr64s4NwxulZu86Ojj7VU9jcafltRIuccCgP"#
                    + #"s93QS3E"}"#,
                #"{"seq":0,"sealed":"oUFlZ-jvp28avwHU_QxEd2K4sCTBXLOjhU8RCtrWyOp7IXTbwRQJO1twhqIA5etJ2Q"}"#,
                #"{"seq":1,"sealed":"pi4u0hmmWxdw1QtlC9MX3yozU3jEG81g5kB9GyTdJWBmoWQgHAQXjm2ELFfXVCpJgm8Wkv95-RAe"#
                    + #"yAo6Upo"}"#,
            ],
            proofs: [
                #"{"type":"proof","proof":"4HPTUM96ro3yMf6qD9dvKI2fnPqzc4hurTm2gDPE4zo"}"#,
                #"{"type":"proof","proof":"BRQdTvK0gdOrXOZLtzs0aaxS2S5D402VkZeAuk2DiBo"}"#,
            ]),
        Transcript(
            isCode: false,
            bodies: [
                #"{"hello":2,"by":"link","nonce":"ICEiIyQlJicoKSorLC0uLw"}"#,
                #"{"hello":2,"nonce":"EBESExQVFhcYGRobHB0eHw","share":"_HvCtwnCXi73H0fICXRl2x_WOuvPSzzjXDUCkjjFew"#
                    + #"Y","certificate":"gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"}"#,
                #"{"share":"JcuKT8Q7_GAoDdZDJoiDGDKGPCnzeps7jOeWzcX_Xhg","certificate":"oKGio6SlpqeoqaqrrK2ur7Cxs"#
                    + #"rO0tba3uLm6u7y9vr8","confirm":"E9M8FIBzO6efcFiYUcxhEk7YYdGOgRa-oTwK2Mhy1GY"}"#,
                #"{"confirm":"IvhEkaymZoig6U-vB_i8fzQg8iRFr-Hw7W6W3AHhReE"}"#,
            ],
            sealed: [
                #"{"seq":0,"sealed":"nt1E4am35h0GtdWeOKzkwqTO6veNfeVnRQJopBJhaOwR9vb4MPwibg7Hlngn47nq"}"#,
                #"{"seq":1,"sealed":"7w_cG4bqAJBb9j754sBP-MUgZ5SClGrFdQ_GtkHG6FhKc5WWUfnOjGaXKaZ560sl0-3qZTkPzTQL"#
                    + #"FW5bgls"}"#,
                #"{"seq":0,"sealed":"ineKqHWi_ZAtfkr4RAGKr0OtigopcGk6DgtrZ09fvvoLG5YJGwnHe8AXnhNB08D4xA"}"#,
                #"{"seq":1,"sealed":"WrNVs3ihWFDyWHH6bubQuzQ-je3xMVMQ6dx-CWEsz2SCMpHmeqBaJi_JWDzpAgpGA_nqVCCJawzE"#
                    + #"qwoLEQA"}"#,
            ],
            proofs: [
                #"{"type":"proof","proof":"NYyBdQdpy2HW5KW510BFQYxr893VFpnVeErZUBWNJUk"}"#,
                #"{"type":"proof","proof":"JMsOqiwSMevqhrpvwKS4RXH7ikhBgKnsJKJilZjGkU8"}"#,
            ]),
    ]

    private static let room = RoomIdentifier("abcdefghijkmnpqr")
    private static let (hostCertificate, guestCertificate) = ([UInt8](0x80...0x9F), [UInt8](0xA0...0xBF))

    private func pair(_ transcript: Transcript) throws -> (host: RoomPairing, guest: RoomPairing) {
        let room = try #require(Self.room)
        let secret = try #require(RoomSecret(bytes: Array(0x00...0x0F)))
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        var hostBytes = FixedBytes(bytes: Array(0x10...0x1F) + Array(0x30...0x4F))
        var guestBytes = FixedBytes(bytes: Array(0x20...0x2F) + Array(0x50...0x6F))
        return (
            .host(
                room: room, secrets: HostSecrets(secret: secret, code: code), certificate: Self.hostCertificate,
                using: &hostBytes),
            .guest(
                room: room, secret: transcript.isCode ? .code(code, looks: LookCount()) : .link(secret),
                certificate: Self.guestCertificate, using: &guestBytes)
        )
    }

    @Test(arguments: transcripts) func `the bodies and the proofs are those of the document`(
        transcript: Transcript
    ) throws {
        var (host, guest) = try pair(transcript)
        // guest -> hello
        #expect(guest.pollBody() == transcript.bodies[0])
        #expect(try host.handleBody(transcript.bodies[0])?.payload == nil)
        // host -> share
        #expect(host.pollBody() == transcript.bodies[1])
        #expect(try guest.handleBody(transcript.bodies[1])?.payload == nil)
        // guest -> share and confirmation
        #expect(guest.pollBody() == transcript.bodies[2])
        let hostEvent = try host.handleBody(transcript.bodies[2])
        let peerOfHost = try #require(hostEvent?.peer)
        // host -> confirmation
        #expect(host.pollBody() == transcript.bodies[3])
        let guestEvent = try guest.handleBody(transcript.bodies[3])
        let peerOfGuest = try #require(guestEvent?.peer)
        #expect(peerOfHost.certificate == Self.guestCertificate)
        #expect(peerOfGuest.certificate == Self.hostCertificate)

        let end = #"{"type":"candidate","candidate":"","mid":null}"#
        let offer = #"{"type":"offer","sdp":"v=0\r\n"}"#
        #expect(try [host.seal(offer), host.seal(end)] == transcript.sealed[..<2])
        let answer = #"{"type":"answer","sdp":"v=0\r\n"}"#
        #expect(try [guest.seal(answer), guest.seal(end)] == transcript.sealed[2...])
        for (body, payload) in zip(transcript.sealed, [offer, end]) {
            #expect(try guest.handleBody(body)?.payload == payload)
        }
        for (body, payload) in zip(transcript.sealed[2...], [answer, end]) {
            #expect(try host.handleBody(body)?.payload == payload)
        }

        let (ofHost, ofGuest) = (peerOfHost.proof, peerOfGuest.proof)
        #expect(ofHost.message(local: Self.hostCertificate, remote: Self.guestCertificate) == transcript.proofs[0])
        #expect(ofGuest.message(local: Self.guestCertificate, remote: Self.hostCertificate) == transcript.proofs[1])
        #expect(
            ofHost.isRight(transcript.proofs[1], local: Self.hostCertificate, remote: Self.guestCertificate))
        #expect(
            ofGuest.isRight(transcript.proofs[0], local: Self.guestCertificate, remote: Self.hostCertificate))
    }

    @Test func `every value on the way is that of the document`() throws {
        let room = try #require(Self.room)
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let (hostNonce, guestNonce) = ([UInt8](0x10...0x1F), [UInt8](0x20...0x2F))
        let terms = ExchangeTerms(room: room, code: code, hostNonce: hostNonce, guestNonce: guestNonce)
        #expect(
            hex(terms.channel)
                == "0000000f6d6172746c657420726f6f6d732032000000106162636465666768696a6b6d6e70717200"
                + "000004636f64650000000137")
        var hostScalar = [UInt8](0x30...0x4F)
        var guestScalar = [UInt8](0x50...0x6F)
        let ofHost = try #require(KeyExchange(terms, scalar: KeyMaterial(taking: &hostScalar)))
        let ofGuest = try #require(KeyExchange(terms, scalar: KeyMaterial(taking: &guestScalar)))
        let host = ExchangePart(share: ofHost.share, certificate: Self.hostCertificate)
        let guest = ExchangePart(share: ofGuest.share, certificate: Self.guestCertificate)
        #expect(hex(host.share) == "611b6fa7b85c543ea7e6dc0e74d8476964bc7d87d3afb23866a102b8d71dc54a")
        #expect(hex(guest.share) == "b1fd32171e3f9204067d75df24c64bde3c8346a79b28ceaeca6761e4be628e7f")
        let keys = try #require(ofHost.keys(as: .host, host: host, guest: guest))
        let same = try #require(ofGuest.keys(as: .guest, host: host, guest: guest))
        for (label, value) in [
            ("confirm host", "da517abb1a9b02267f0bf03a81ec4b9611656f0ebf6897317f5d6013b9e25c7b"),
            ("confirm guest", "d8e903f3a2d3fbaf4fc13a6c9afcd08f278a9d5d8d825cc71279f44cb54b7d41"),
            ("seal host", "0ea7be195768f7a85482d2d51717169621dafca7cd90bbe437097194508c2379"),
            ("seal guest", "fad581af6b0fcbc904516023e81f7f91ddb0a05ec9319906405fb56c5d096b49"),
            ("channel host", "8eec803f96f8e9e82dd1799adefada9ff3c7495b82af57b5159cdc7f4d3521cf"),
            ("channel guest", "f9b8093cc7ff71e530b7a93743a433df9c3b1fc94e78457f67426aac6133c5d0"),
        ] {
            #expect(keys.key(label).withBytes(hex) == value)
            #expect(same.key(label) == keys.key(label))
        }
        #expect(hex(keys.confirmation(of: .host)) == "5f67706fb7064d44d778d7c84db87bd38d253122e8f269eaadc61f787ae884f5")
        #expect(
            hex(keys.confirmation(of: .guest)) == "496baf341f021c32529c0601b3fd2de54a484bd3de5c2b97be4ec201bc403094")
    }
}
