import Testing

@testable import Sealing

struct Elligator2Tests {
    // Computed with integers of any size out of the definition in the draft's appendix.
    @Test(arguments: [
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000"
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "9cdb525555555555555555555555555555555555555555555555555555555555"
        ),
        (
            "0200000000000000000000000000000000000000000000000000000000000000",
            "b349328ee3388ee3388ee3388ee3388ee3388ee3388ee3388ee3388ee3388e63"
        ),
        (
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "9cdb525555555555555555555555555555555555555555555555555555555555"
        ),
        (
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000"
        ),
        (
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "9cdb525555555555555555555555555555555555555555555555555555555555"
        ),
        (
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "1e5942dd97c756040d27755f1e5b11349cd47d796c45d07052f7e5b11541c349"
        ),
        (
            "d7a56d3cfcf9a44dc716691acdaba1b8a912646543c6977a5a43ac2753cf1017",
            "9490d6e935833ffa26a6d37603ce4892d5412ed2471b19a47f93f0b8dd2e8b3f"
        ),
        (
            "58b2e1c3c699100fec48d03857f434856edc6389b302395c7aacd44693679dc7",
            "43130c3f6f20eae1b24997c522cc4990e6640c09c33d5945087b1bd2b6ed4159"
        ),
        (
            "0abe332ccbdcadd30ed42e1be00d00434bf2e236cec865f1090b6fed69529006",
            "fc054d5d21fc24eeb05a1a6c3fff111af40851c3f063538436ebddd6929ac732"
        ),
    ])
    func `known elements map to known points`(element: String, point: String) {
        #expect(Elligator2.coordinate(for: bytes(element)) == bytes(point))
    }

    /// The prime plus or minus a small number.
    private func nearPrime(_ offset: Int) -> [UInt8] {
        [UInt8(0xED + offset)] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
    }

    @Test func `encodings are canonical around the prime`() {
        #expect(FieldElement(decoding: nearPrime(0)).bytes == FieldElement(0).bytes)
        #expect(FieldElement(decoding: nearPrime(-1)).bytes == nearPrime(-1))
        #expect(FieldElement(decoding: nearPrime(1)).bytes == FieldElement(1).bytes)
        #expect(FieldElement(decoding: nearPrime(18)).bytes == FieldElement(18).bytes)
        #expect((-FieldElement(0)).bytes == FieldElement(0).bytes)
        #expect((-FieldElement(1)).bytes == nearPrime(-1))
    }

    @Test func `the field's laws hold for elements at its edges and at random`() {
        var state: UInt64 = 25_519
        func random() -> FieldElement {
            FieldElement(
                decoding: (0..<32).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 56)
                })
        }
        let edges = [
            FieldElement(0), FieldElement(1), FieldElement(decoding: nearPrime(-1)),
            FieldElement(decoding: nearPrime(18)), FieldElement(decoding: [UInt8](repeating: 0xFF, count: 32)),
        ]
        let elements = edges + (0..<40).map { _ in random() }
        let zero = FieldElement(0).bytes
        for a in elements {
            let b = random()
            let c = random()
            #expect((a * b).bytes == (b * a).bytes)
            #expect((a * (b + c)).bytes == (a * b + a * c).bytes)
            #expect(((a * b) * c).bytes == (a * (b * c)).bytes)
            #expect((a + -a).bytes == zero)
            #expect((a + b + -b).bytes == a.bytes)
            #expect(FieldElement(decoding: a.bytes).bytes == a.bytes)
            if a.bytes != zero { #expect((a * a.inverse).bytes == FieldElement(1).bytes) }
            #expect((a * a).nonsquareMask == 0)
            if a.bytes != zero { #expect((FieldElement(2) * a * a).nonsquareMask == .max) }
        }
        #expect(FieldElement(0).inverse.bytes == zero)
    }
}
